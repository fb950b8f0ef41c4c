"""What was typed, from `authenticate()` to `login()`: kept with the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY

from ._carry import WAITING, Carry, logger
from ._commit import now_or_after_commit

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


def keep(carry: Carry, request: Any) -> None:
    """Until they are logged in. `authenticate()` may have been given no request: then the user has it."""
    request = _bare(request)
    holder = request if hasattr(request, "__dict__") else carry.user
    setattr(holder, WAITING, carry)


def forget(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Also the receiver of `user_login_failed`."""
    _take(_bare(request))


def logged_in(sender: Any, request: HttpRequest | None, user: AbstractBaseUser, **kwargs: Any) -> None:
    """The receiver of `user_logged_in`. Must not raise: Django would break off the login."""
    try:
        _mend(request, user)
        waiting = (_take(_bare(request)), _take(user))
        # A view may check one user's password and log in another.
        carry = next((carry for carry in waiting if carry is not None and carry.user == user), None)
    except Exception:
        logger.exception("user %s is not carried over: what was typed cannot be told to be theirs", user.pk)
        return
    now_or_after_commit(carry)


def _take(holder: Any) -> Carry | None:
    carry = getattr(holder, "__dict__", {}).pop(WAITING, None)
    return carry if isinstance(carry, Carry) else None


def _bare(request: Any) -> Any:
    """Django's request of one of the REST framework's."""
    return getattr(request, "_request", request)


def _mend(request: Any, user: Any) -> None:
    """A session that was begun by the name of `Observer` is given a backend's that stays."""
    from ._observe import OBSERVER, backend_class

    session = getattr(request, "session", None)
    if session is None or session.get(BACKEND_SESSION_KEY) != OBSERVER:
        return
    for path in settings.AUTHENTICATION_BACKENDS:
        if path != OBSERVER and hasattr(backend_class(path), "get_user"):
            session[BACKEND_SESSION_KEY] = user.backend = path
            return
