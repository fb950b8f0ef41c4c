"""The setting `KINDE_MIGRATE`: the migrator's own settings, and two of this app's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from kinde_migrate import Migrator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import AbstractBaseUser

# `enabled`: False switches everything off (in tests, say). `user`: a function, or the dotted path of one,
# that takes a Django user and gives the fields of Kinde's, or None to leave that user alone.
OWN = ("enabled", "user")

_migrator: Migrator | None = None


def options() -> dict[str, Any]:
    """The setting, its names in lower case: `DOMAIN` and `domain` are the same."""
    given: Mapping[str, Any] = getattr(settings, "KINDE_MIGRATE", None) or {}
    return {name.lower(): value for name, value in given.items()}


def enabled() -> bool:
    return bool(options().get("enabled", True))


def migrator() -> Migrator:
    """The process's migrator, made at first use. Raises `SettingsError`."""
    global _migrator
    if _migrator is None:
        # Two threads may both make one: it opens nothing yet, and the ledger is the same.
        _migrator = Migrator(**{name: value for name, value in options().items() if name not in OWN})
    return _migrator


def reload(*, setting: str, **kwargs: Any) -> None:
    """Forgets the migrator when a test changes the setting."""
    global _migrator
    if setting == "KINDE_MIGRATE":
        _migrator = None


def fields(user: AbstractBaseUser) -> Any:
    """What Kinde is told of a user."""
    chosen = options().get("user")
    if chosen is None:
        return default_fields(user)
    return (import_string(chosen) if isinstance(chosen, str) else chosen)(user)


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
        "provided_id": str(user.pk),
    }
