"""Carries a legacy application's users into Kinde when they sign in, sign up or change their password.

>>> from kinde_migrate import Credential, Migrator, User
>>> migrator = Migrator.from_env()
>>> migrator.migrate(User(email="ann@example.org"), Credential(password="...", version=stored_hash))
Outcome(status='created', kinde_id='kp_...', calls=3)
"""

from . import _found as _found
from ._errors import (
    ArgumentError,
    ClosedError,
    Error,
    HashNotImportableError,
    InternalError,
    SettingsError,
)
from ._migrator import Migrator
from ._native import (
    SETTINGS,
    USER_FIELDS,
    Credential,
    Drained,
    Explanation,
    LedgerStatus,
    Outcome,
    User,
    __version__,
    explain_hash,
    require_importable,
)

__all__ = [
    "SETTINGS",
    "USER_FIELDS",
    "ArgumentError",
    "ClosedError",
    "Credential",
    "Drained",
    "Error",
    "Explanation",
    "HashNotImportableError",
    "InternalError",
    "LedgerStatus",
    "Migrator",
    "Outcome",
    "SettingsError",
    "User",
    "__version__",
    "explain_hash",
    "require_importable",
]
