"""For what a look from outside is not enough, and for settings that were written for an earlier version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._observe import OBSERVER, backend_class, observe

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


class MigratingMixin:
    """For one of several backends whose success is enough: a second factor in a later request, tokens
    instead of a session. Put it before the backend's class; for all backends there is
    `KINDE_MIGRATE["sign_in_at"]`.

    >>> class Backend(MigratingMixin, ModelBackend): ...

    Sessions name the class they were begun by. Where it takes another one's place in
    `AUTHENTICATION_BACKENDS`, leave that one listed behind it, or everybody is logged out.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        observe(cls)


class Observer:
    """Does nothing any more: the app looks on at the project's own backends. It may stay listed in
    `AUTHENTICATION_BACKENDS`, from where the app takes it out at start, and accepts nobody."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    async def aauthenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: Any) -> AbstractBaseUser | None:
        """For a session that names it all the same: as the project's own backends see it."""
        for backend in _others():
            if hasattr(backend, "get_user") and (user := backend.get_user(user_id)):
                return user  # type: ignore[no-any-return]  # a backend's is not typed
        return None

    async def aget_user(self, user_id: Any) -> AbstractBaseUser | None:
        """`get_user` for asyncio."""
        from asgiref.sync import sync_to_async

        return await sync_to_async(self.get_user)(user_id)


def _others() -> list[Any]:
    from django.conf import settings

    classes = [backend_class(path) for path in settings.AUTHENTICATION_BACKENDS if path != OBSERVER]
    return [backend() for backend in classes if backend is not None]
