"""The setting `KINDE_MIGRATE`: the migrator's own settings, and a few of this app's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from kinde_migrate import Migrator, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

# `enabled`: False switches everything off (in tests, say).
# `user`: a function, or the dotted path of one, that takes a Django user and gives the fields of Kinde's,
# or None to   leave that user alone. `email_verified`: who knows whether a user's address is proven; see
# `_verified.py`. `sign_in_at`: `login` (as soon as they are logged in) or `authenticate` (as soon as the
# password was right).
OWN = ("enabled", "user", "email_verified", "sign_in_at")
SIGN_IN_AT = ("login", "authenticate")

# The words that the migrator's own settings take.
_FLAGS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}

_migrator: Migrator | None = None


def options() -> dict[str, Any]:
    """The setting, its names in lower case: `DOMAIN` and `domain` are the same. Raises `SettingsError`."""
    given = getattr(settings, "KINDE_MIGRATE", None) or {}
    try:
        return {name.lower(): value for name, value in given.items()}
    except (AttributeError, TypeError, ValueError):
        raise SettingsError("setting_invalid", "KINDE_MIGRATE is not a dict of names and values") from None


def enabled() -> bool:
    """Raises `SettingsError` for what is neither true nor false."""
    given = options().get("enabled")
    flag = True if given is None else _FLAGS.get(str(given).strip().lower())
    if flag is None:
        raise SettingsError("setting_invalid", "enabled is neither true nor false")
    return flag


def sign_in_at() -> str:
    """Raises `SettingsError` for what is neither `login` nor `authenticate`."""
    given = options().get("sign_in_at")
    if given is None:
        return "login"
    if given not in SIGN_IN_AT:
        raise SettingsError("setting_invalid", "sign_in_at is neither 'login' nor 'authenticate'")
    return str(given)


def function(name: str) -> Callable[..., Any] | None:
    """The function that a setting holds or names by its dotted path. Raises `SettingsError`."""
    given = options().get(name)
    if given is None or callable(given):
        return given
    try:
        found = import_string(given)
    except (ImportError, AttributeError, TypeError) as error:
        message = f"{name} is neither a function nor the dotted path of one that can be imported"
        raise SettingsError("setting_invalid", message) from error
    if not callable(found):
        raise SettingsError("setting_invalid", f"{name} names something that cannot be called")
    return found  # type: ignore[no-any-return]  # as good as it can be known


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
