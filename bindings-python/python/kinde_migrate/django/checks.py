"""What `manage.py check` says."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning

from kinde_migrate import Error as MigrateError
from kinde_migrate import SettingsError

from . import _conf
from ._observe import OBSERVER, backend_class, is_observed

VALIDATOR = "kinde_migrate.django.validators.PasswordObserver"

# A machine that only builds or tests has no credentials, and is not wrong for it.
_MISSING = {"domain_missing", "client_id_missing", "client_secret_missing"}


def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_settings(), *_backends(), *_validators()]


def _settings() -> list[CheckMessage]:
    try:
        if not _conf.enabled():
            return []
        _conf.sign_in_at()
        _conf.function("user")
        verified = _conf.options().get("email_verified")
        if not isinstance(verified, str) or "." in verified:
            _conf.function("email_verified")
        elif not hasattr(get_user_model(), verified):
            raise SettingsError("setting_invalid", "email_verified is no attribute of the user model")
        _conf.migrator()
    except MigrateError as error:
        if error.code in _MISSING:
            hint = f"{error.message}; or set KINDE_MIGRATE = {{'enabled': False}}."
            return [Warning("Nobody is carried over to Kinde.", hint=hint, id="kinde_migrate.W001")]
        hint = "Correct KINDE_MIGRATE or the environment."
        return [Error(f"KINDE_MIGRATE: {error.message}", hint=hint, id="kinde_migrate.E001")]
    return []


def _backends() -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    listed = [path for path in settings.AUTHENTICATION_BACKENDS if path != OBSERVER]
    for path in listed:
        backend = backend_class(path)
        if backend is None:
            continue
        if hasattr(backend, "authenticate") and not is_observed(backend):
            messages.append(
                Warning(
                    f"The `authenticate` of {path} is no ordinary method: its sign-ins are not carried over.",
                    hint="Call kinde_migrate.django.migrate(user, password) after it has accepted somebody.",
                    id="kinde_migrate.W002",
                )
            )
        messages += _replaced(path, backend, listed)
    return messages


def _replaced(path: str, backend: type[Any], listed: list[str]) -> list[CheckMessage]:
    """A class with the mixin has taken another one's place: sessions name that one."""
    from .backends import MigratingMixin

    if not issubclass(backend, MigratingMixin):
        return []
    bases = [
        base for base in backend.__mro__[1:] if hasattr(base, "get_user") and base.__module__ != "builtins"
    ]
    paths = [
        f"{base.__module__}.{base.__qualname__}" for base in bases if not issubclass(base, MigratingMixin)
    ]
    if not paths or set(paths) & set(listed):
        return []
    return [
        Warning(
            f"{path} is listed and {paths[0]} is not: whoever was logged in by that one is logged out.",
            hint=f"List {paths[0]} behind it, or list that one alone with "
            "KINDE_MIGRATE = {'sign_in_at': 'authenticate'}.",
            id="kinde_migrate.W004",
        )
    ]


def _validators() -> list[CheckMessage]:
    if any(validator.get("NAME") == VALIDATOR for validator in settings.AUTH_PASSWORD_VALIDATORS):
        return []
    return [
        Warning(
            f"{VALIDATOR} is not in AUTH_PASSWORD_VALIDATORS: password changes are not carried over.",
            hint="Add {'NAME': '" + VALIDATOR + "'}; it refuses no password.",
            id="kinde_migrate.W003",
        )
    ]
