"""What was typed, from `authenticate()` to `login()` of one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.debug import sensitive_variables

from . import _carry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest

_ATTRIBUTE = "_kinde_migrate_typed"


class _Typed:
    """Shows nothing of itself in a debug page."""

    __slots__ = ("names", "password")

    def __init__(self, password: str, names: frozenset[str]) -> None:
        self.password = password
        self.names = names


@sensitive_variables("credentials", "password", "names")
def remember(request: HttpRequest | None, credentials: dict[str, Any]) -> None:
    password = credentials.get("password")
    if request is None or not isinstance(password, str):
        return
    names = (value for name, value in credentials.items() if name != "password" and isinstance(value, str))
    setattr(request, _ATTRIBUTE, _Typed(password, frozenset(value.casefold() for value in names)))


def forget(request: HttpRequest | None, **kwargs: Any) -> _Typed | None:
    """Also the receiver of `user_login_failed`."""
    typed: _Typed | None = getattr(request, "__dict__", {}).pop(_ATTRIBUTE, None)
    return typed


@sensitive_variables("typed")
def logged_in(sender: Any, request: HttpRequest | None, user: AbstractBaseUser, **kwargs: Any) -> None:
    """The receiver of `user_logged_in`. Must not raise: Django would break off the login."""
    typed = forget(request)
    if typed is None:
        return
    try:
        own = _matches(typed, user)
    except Exception:
        _carry.logger.exception(
            "user %s is not carried over: what was typed cannot be told to be his", user.pk
        )
        return
    if own:
        _carry.migrate(user, typed.password)


@sensitive_variables("typed")
def _matches(typed: _Typed, user: AbstractBaseUser) -> bool:
    """Whether what was typed is this user's: a view may check one user's password and log in another.
    Costs a hash only where the name does not tell."""
    names = (user.get_username(), getattr(user, user.get_email_field_name(), None))
    if any(isinstance(name, str) and name.casefold() in typed.names for name in names):
        return True
    return user.check_password(typed.password)
