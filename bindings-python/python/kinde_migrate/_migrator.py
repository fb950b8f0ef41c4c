"""`Migrator` with its coroutines. asyncio is never imported here: whoever awaits has it already."""

from __future__ import annotations

from . import _native
from ._errors import InternalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Literal
    from weakref import WeakSet

    from typing_extensions import Self

    from ._native import Credential, Outcome, User, _CredentialField, _UserField

    _Verb = Literal["migrate", "change_password", "request_reset"]


class Migrator(_native.Migrator):
    """Carries users over. Cheap to make: it opens nothing before its first verb.

    Settings are keywords; those left out come from the environment, and `SettingsError` is raised for
    one that is missing, unknown or cannot be used. One migrator serves a whole process: its threads, its
    event loops, and, made anew inside, the children forked from it.
    """

    async def migrate_async(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """`migrate` for asyncio. Cancelled, it stops waiting; the work goes on."""
        return await _begin(self, "migrate", user, credential)

    async def change_password_async(
        self, user: User | Mapping[str, _UserField], credential: Credential | Mapping[str, _CredentialField]
    ) -> Outcome:
        """`change_password` for asyncio. Cancelled, it stops waiting; the work goes on."""
        return await _begin(self, "change_password", user, credential)

    async def request_reset_async(self, user: User | Mapping[str, _UserField]) -> Outcome:
        """`request_reset` for asyncio. Cancelled, it stops waiting; the work goes on."""
        return await _begin(self, "request_reset", user, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        from asyncio import get_running_loop

        # Closing waits for what was begun, and what was begun may need this loop.
        await get_running_loop().run_in_executor(None, self.close)


async def _begin(
    migrator: Migrator,
    verb: _Verb,
    user: User | Mapping[str, _UserField],
    credential: Credential | Mapping[str, _CredentialField] | None,
) -> Outcome:
    from asyncio import get_running_loop

    loop = get_running_loop()
    future: Future[Outcome] = loop.create_future()

    def done(outcome: Outcome | None, keep: Migrator = migrator) -> None:
        # Kept alive until then: what was begun is finished even if whoever awaited it is gone.
        try:
            loop.call_soon_threadsafe(_settle, future, outcome)
        except RuntimeError:
            return  # The loop has been closed: nobody waits any more.

    outcome = migrator._begin(verb, user, credential, done)
    if outcome is None:
        _close_at_exit(migrator)
        outcome = await future
    migrator._log_notices()
    return outcome


def _settle(future: Future[Outcome], outcome: Outcome | None) -> None:
    if future.done():
        return  # Cancelled meanwhile.
    if outcome is None:
        future.set_exception(InternalError("internal", "a defect of kinde-migrate lost the outcome"))
    else:
        future.set_result(outcome)


_at_exit: WeakSet[Migrator] | None = None


def _close_at_exit(migrator: Migrator) -> None:
    """The library's thread must not report into an interpreter that is being taken down."""
    global _at_exit
    if _at_exit is None:
        import atexit
        from weakref import WeakSet

        _at_exit = WeakSet()
        atexit.register(_close_all)
    _at_exit.add(migrator)


def _close_all() -> None:
    for migrator in list(_at_exit or ()):
        migrator.close()
