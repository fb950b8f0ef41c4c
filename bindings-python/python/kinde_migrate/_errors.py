"""What is raised: misuse and misconfiguration only. What Kinde or the data does is in the outcome."""

from __future__ import annotations


class Error(Exception):
    """The base of all. `code` is stable and the same in every language; the message shows no secret."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class SettingsError(Error, ValueError):
    """A setting is unknown, missing or cannot be used. Raised when the migrator is made."""


class ArgumentError(Error, TypeError):
    """An argument has the wrong type, or a field does not exist."""


class ClosedError(Error, ValueError):
    """The migrator has been closed."""


class HashNotImportableError(Error, ValueError):
    """A stored hash that no verb would carry over. `code` says why, as an outcome's `reason` would:
    `hash_not_importable`, `hash_ambiguous`, `hash_malformed`, … `reason` and `advice` are for people."""

    def __init__(self, code: str, message: str, format: str | None, reason: str, advice: str) -> None:
        super().__init__(code, message)
        # What it is pickled by.
        self.args = (code, message, format, reason, advice)
        self.format = format
        self.reason = reason
        self.advice = advice


class InternalError(Error, RuntimeError):
    """A defect of this library, caught at its boundary. Please report it."""
