"""What `manage.py check` says."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from kinde_migrate import Error as MigrateError

from . import _conf

OBSERVER = "kinde_migrate.django.backends.Observer"
VALIDATOR = "kinde_migrate.django.validators.PasswordObserver"

# A machine that only builds or tests has no credentials, and is not wrong for it.
_MISSING = {"domain_missing", "client_id_missing", "client_secret_missing"}


def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_settings(), *_backends(), *_validators()]


def _settings() -> list[CheckMessage]:
    if not _conf.enabled():
        return []
    try:
        _conf.migrator()
    except MigrateError as error:
        if error.code in _MISSING:
            hint = f"{error.message}; or set KINDE_MIGRATE = {{'enabled': False}}."
            return [Warning("Nobody is carried over to Kinde.", hint=hint, id="kinde_migrate.W001")]
        hint = "Correct KINDE_MIGRATE or the environment."
        return [Error(f"KINDE_MIGRATE: {error.message}", hint=hint, id="kinde_migrate.E001")]
    return []


def _backends() -> list[CheckMessage]:
    backends = list(settings.AUTHENTICATION_BACKENDS)
    if OBSERVER in backends[:1] or any(_migrates(path) for path in backends):
        return []
    what = "is not the first of" if OBSERVER in backends else "is not in"
    return [
        Warning(
            f"{OBSERVER} {what} AUTHENTICATION_BACKENDS: sign-ins are not carried over.",
            hint="Django stops at the first backend that succeeds; list the observer before it.",
            id="kinde_migrate.W002",
        )
    ]


def _migrates(path: str) -> bool:
    from django.utils.module_loading import import_string

    from .backends import MigratingMixin

    try:
        return issubclass(import_string(path), MigratingMixin)
    except (ImportError, TypeError):
        return False  # Django says so itself.


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
