"""Whether a user's e-mail address is proven to be theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

from . import _conf

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


def email_verified(user: AbstractBaseUser, email: Any) -> bool | None:
    """By the setting `email_verified`, or else by allauth; None where nobody knows.

    The setting is a function of the user, the dotted path of one, or the name of an attribute of the
    user's: a flag, a date that is there once the address is proven, or a method.
    """
    given = _conf.options().get("email_verified")
    if given is None:
        return _by_allauth(user, email)
    if isinstance(given, str) and "." not in given:
        known = getattr(user, given)
        known = known() if callable(known) else known
    else:
        function = _conf.function("email_verified")
        known = function(user) if function else None
    return None if known is None else bool(known)


def is_awaited() -> bool:
    """Whether nobody is let in before the address is proven, so that what a sign-up typed is not carried
    over somebody else's account: they have shown nothing yet but that they know the address."""
    if not apps.is_installed("allauth.account"):
        return False
    from allauth.account import app_settings

    mandatory: bool = app_settings.EMAIL_VERIFICATION == app_settings.EmailVerificationMethod.MANDATORY
    return mandatory


def _by_allauth(user: AbstractBaseUser, email: Any) -> bool | None:
    if not email or not apps.is_installed("allauth.account"):
        return None
    from allauth.account.models import EmailAddress

    known = EmailAddress.objects.filter(user_id=user.pk, email__iexact=email).values_list(
        "verified", flat=True
    )
    # Of two that differ in case only, one that is proven is enough: they are one address.
    flags = list(known)
    return any(flags) if flags else None
