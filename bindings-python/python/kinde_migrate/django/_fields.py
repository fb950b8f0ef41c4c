"""What Kinde is told of a user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kinde_migrate import User

from . import _conf, _verified

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

# In place of fields: the user has not proven the address yet, and is not let in before.
UNPROVEN = object()


def fields(user: AbstractBaseUser) -> Any:
    """The fields, None where the user is left alone, or `UNPROVEN`."""
    chosen = _conf.function("user")
    given: Any = default_fields(user) if chosen is None else chosen(user)
    if isinstance(given, User):
        email, verified = given.email, given.email_verified
    elif isinstance(given, Mapping):
        email, verified = given.get("email"), given.get("email_verified")
    else:
        return given
    if verified is None:
        verified = _verified.email_verified(user, email)
        if verified is not None and isinstance(given, Mapping):
            given = {**given, "email_verified": verified}
    if email and verified is not True and _verified.is_awaited():
        return UNPROVEN
    return given


def default_fields(user: AbstractBaseUser) -> dict[str, str | None]:
    """The fields of Django's own user model, where the project's has them too."""
    username = str(user.get_username())
    email = str(getattr(user, user.get_email_field_name(), "") or "")
    if not email and "@" in username:
        email = username
    return {
        "email": email,
        # With an e-mail address, people sign in by that.
        "username": None if email else username,
        "given_name": getattr(user, "first_name", None) or None,
        "family_name": getattr(user, "last_name", None) or None,
        "provided_id": None if user.pk is None else str(user.pk),
    }
