"""One user's way to Kinde, from within a request that must not notice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from kinde_migrate import Credential, SettingsError

from . import _conf

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from kinde_migrate import Outcome

logger = logging.getLogger("kinde_migrate")

_LEVELS = {"rejected": logging.WARNING, "skipped": logging.WARNING, "queued": logging.INFO}


@sensitive_variables("password")
def migrate(user: AbstractBaseUser, password: str) -> Outcome | None:
    """To be called after a sign-in or a sign-up with that password."""
    return _carry("migrate", user, password)


@sensitive_variables("password")
def change_password(user: AbstractBaseUser, password: str) -> Outcome | None:
    """To be called after the user's password has become that one, whatever it was before."""
    return _carry("change_password", user, password)


@sensitive_variables("password")
async def amigrate(user: AbstractBaseUser, password: str) -> Outcome | None:
    """`migrate` for asyncio."""
    return await _acarry("migrate_async", user, password)


@sensitive_variables("password")
async def achange_password(user: AbstractBaseUser, password: str) -> Outcome | None:
    """`change_password` for asyncio."""
    return await _acarry("change_password_async", user, password)


@sensitive_variables("password", "arguments")
def _carry(verb: str, user: AbstractBaseUser, password: str) -> Outcome | None:
    try:
        arguments = _arguments(user, password)
        outcome: Outcome | None = arguments and getattr(_conf.migrator(), verb)(*arguments)
    except Exception as error:
        _failed(user, error)
        return None
    return _logged(user, outcome)


@sensitive_variables("password", "arguments")
async def _acarry(verb: str, user: AbstractBaseUser, password: str) -> Outcome | None:
    try:
        arguments = _arguments(user, password)
        outcome: Outcome | None = arguments and await getattr(_conf.migrator(), verb)(*arguments)
    except Exception as error:
        _failed(user, error)
        return None
    return _logged(user, outcome)


@sensitive_variables("password")
def _arguments(user: AbstractBaseUser, password: str) -> tuple[Any, Credential] | None:
    fields = _conf.fields(user) if _conf.enabled() else None
    if fields is None:
        return None
    # The stored hash changes when the password does. Only a keyed digest of it is kept.
    return fields, Credential(password=password, version=getattr(user, "password", None) or None)


def _logged(user: AbstractBaseUser, outcome: Outcome | None) -> Outcome | None:
    if outcome is not None:
        level = _LEVELS.get(outcome.status, logging.DEBUG)
        logger.log(level, "user %s: %s, %s", user.pk, outcome.status, outcome.message or "done")
    return outcome


def _failed(user: AbstractBaseUser, error: Exception) -> None:
    # A wrong setting is said in a line; anything else is a defect, and its place is needed.
    trace = None if isinstance(error, SettingsError) else error
    logger.error("user %s is not carried over: %s", user.pk, error, exc_info=trace)
