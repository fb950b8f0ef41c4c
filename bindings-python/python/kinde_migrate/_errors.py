"""What is raised: misuse and misconfiguration only. What Kinde or the network does is in the outcome."""


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


class InternalError(Error, RuntimeError):
    """A defect of this library, caught at its boundary. Please report it."""
