"""Where Django shows the plaintext of a sign-in: the backends of `AUTHENTICATION_BACKENDS`, looked at from
outside.

No backend of ours is listed, so that no session names one: whoever takes the app in or out logs nobody out,
and Django still knows which of the project's backends is meant where only one is listed.
"""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.module_loading import import_string

from kinde_migrate import SettingsError

from . import _conf, _typed
from ._carry import Carry, logger, new
from ._commit import now_or_after_commit

if TYPE_CHECKING:
    from collections.abc import Callable

OBSERVER = "kinde_migrate.django.backends.Observer"

# What an observed function is known by.
_OBSERVED = "_kinde_migrate_observed"
# A backend that asks the one it derives from has the last word.
_outermost: ContextVar[bool] = ContextVar("kinde_migrate_outermost", default=True)


def settle(*, setting: str = "AUTHENTICATION_BACKENDS", **kwargs: Any) -> None:
    """Observes whatever is listed. Also the receiver of `setting_changed`."""
    if setting != "AUTHENTICATION_BACKENDS":
        return
    listed = list(settings.AUTHENTICATION_BACKENDS)
    others = [path for path in listed if path != OBSERVER]
    if others and others != listed:
        # Listed it would do nothing but be one backend more than the project has.
        settings.AUTHENTICATION_BACKENDS = others
    for path in others:
        if backend := backend_class(path):
            observe(backend)


def backend_class(path: str) -> type[Any] | None:
    """None for what cannot be imported: Django says so itself."""
    try:
        found = import_string(path)
    except Exception:
        logger.debug("the backend %s cannot be imported", path, exc_info=True)
        return None
    return found if isinstance(found, type) else None


def observe(backend: type[Any]) -> None:
    """Looks on at the class's `authenticate` and `aauthenticate`, which keep their signatures."""
    for name, observed in (("authenticate", _observed), ("aauthenticate", _aobserved)):
        function = inspect.getattr_static(backend, name, None)
        if inspect.isfunction(function) and not hasattr(function, _OBSERVED):
            setattr(backend, name, observed(function))


def is_observed(backend: type[Any]) -> bool:
    return hasattr(inspect.getattr_static(backend, "authenticate", None), _OBSERVED)


class _Call:
    """A call of a backend, in place of local variables that an error tracker would show."""

    __slots__ = ("_arguments", "_function", "_keywords", "backend")

    def __init__(
        self, function: Callable[..., Any], backend: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        self._function = function
        self.backend = backend
        self._arguments = arguments
        self._keywords = keywords

    def __call__(self) -> Any:
        return self._function(self.backend, *self._arguments, **self._keywords)

    def seen(self, user: Any) -> Carry | None:
        """What is to be carried over at once, now that the call has accepted this user. Raises nothing."""
        try:
            if not _conf.enabled():
                return None
            # Never in a variable of this frame, which the log may show to an error tracker.
            if not isinstance(self._given("password"), str):
                return None
            request = self._given("request")
            _typed.forget(request)
            carry = new("migrate", user, self._given("password"))
            if carry is None or _at_once(self.backend):
                return carry
            _typed.keep(carry, request)
        except SettingsError as error:
            logger.error("user %s is not carried over: %s", getattr(user, "pk", None), error)
        except Exception:
            logger.exception("a user is not carried over: the backend's call is not understood")
        return None

    def _given(self, name: str) -> Any:
        if name in self._keywords:
            return self._keywords[name]
        return (
            inspect.signature(self._function).bind_partial(self.backend, *self._arguments).arguments.get(name)
        )


def _at_once(backend: Any) -> bool:
    from .backends import MigratingMixin

    return isinstance(backend, MigratingMixin) or _conf.sign_in_at() == "authenticate"


def _observed(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def authenticate(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = _Call(function, self, args, kwargs)
        del args, kwargs
        if not _outermost.get():
            return call()
        token = _outermost.set(False)
        try:
            user = call()
        finally:
            _outermost.reset(token)
        if user is not None:
            now_or_after_commit(call.seen(user))
        return user

    setattr(authenticate, _OBSERVED, True)
    return authenticate


def _aobserved(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def aauthenticate(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = _Call(function, self, args, kwargs)
        del args, kwargs
        if not _outermost.get():
            return await call()
        token = _outermost.set(False)
        try:
            user = await call()
        finally:
            _outermost.reset(token)
        if user is not None:
            carry = call.seen(user)
            if carry is not None:
                await carry.later()
        return user

    setattr(aauthenticate, _OBSERVED, True)
    return aauthenticate
