"""Where Django shows the plaintext of a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.backends import BaseBackend
from django.views.decorators.debug import sensitive_variables

from . import _typed
from ._carry import amigrate, migrate

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


class Observer(BaseBackend):
    """To be listed first in `AUTHENTICATION_BACKENDS`: Django stops at the first backend that succeeds.

    Accepts nobody. It remembers on the request what was typed; once the user is logged in, the receiver
    of `user_logged_in` takes it from there. So the session names the same backend as before.
    """

    @sensitive_variables("credentials")
    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        _typed.remember(request, credentials)

    @sensitive_variables("credentials")
    async def aauthenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        # The base class would go to another thread for it.
        _typed.remember(request, credentials)


class MigratingMixin:
    """For a backend whose success is enough: a second factor in a later request, tokens instead of a
    session, `authenticate` without a request. Put it before the backend's class.

    >>> class Backend(MigratingMixin, ModelBackend): ...
    """

    @sensitive_variables("credentials")
    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)  # type: ignore[misc]
        if user is not None and isinstance(credentials.get("password"), str):
            _typed.forget(request)
            migrate(user, credentials["password"])
        return user

    # ModelBackend's does not call `authenticate`.
    @sensitive_variables("credentials")
    async def aauthenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = await super().aauthenticate(request, **credentials)  # type: ignore[misc]
        if user is not None and isinstance(credentials.get("password"), str):
            _typed.forget(request)
            await amigrate(user, credentials["password"])
        return user
