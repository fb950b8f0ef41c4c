"""Where Django shows the plaintext of a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._carry import new
from ._commit import after_commit

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class PasswordObserver:
    """To be listed in `AUTH_PASSWORD_VALIDATORS`. Accepts every password; told of each one that was saved
    (sign-up, change, reset, admin), it carries it over once the transaction is through.

    `OPTIONS: {"help_text": ...}` is what Django's forms list beside the other validators' texts.
    """

    def __init__(self, help_text: str = "") -> None:
        self.help_text = help_text

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Nothing is refused."""

    def get_help_text(self) -> str:
        return self.help_text

    def password_changed(self, password: str, user: AbstractBaseUser | None = None) -> None:
        carry = None if user is None else new("change_password", user, password)
        del password  # An error tracker shows what a frame holds.
        after_commit(carry)
