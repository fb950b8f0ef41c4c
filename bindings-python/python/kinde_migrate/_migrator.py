"""`Migrator` with its coroutines, and its blocking calls where greenlets share the thread. asyncio is never
imported here: whoever awaits has it already."""

from __future__ import annotations

from . import _hub, _native
from ._errors import InternalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Literal, TypeVar
    from weakref import WeakSet

    from typing_extensions import Self

    from ._native import Credential, Drained, LedgerStatus, Outcome, User, _CredentialField, _UserField

    T = TypeVar("T")
    _Verb = Literal["migrate", "change_password", "request_reset"]


class Migrator(_native.Migrator):
    """Carries users over. Cheap to make: it opens nothing before its first verb.

    Settings are keywords; those left out come from the environment, and `SettingsError` is raised for
    one that is missing, unknown or cannot be used. One migrator serves a whole process: its threads, its
    event loops, and, made anew inside, the children forked from it.
    """

    def migrate(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """To be called after the application has accepted a sign-in or written a sign-up.

        Checks, creates if absent, sets the password, remembers. Blocks at most for the deadline, without
        the GIL, and under gevent and eventlet only its own greenlet; what is not done by then goes on from
        the outbox.
        """
        if wait := _hub.waiter():
            return self._greenly(wait, "migrate", user, credential)
        return super().migrate(user, credential)

    def change_password(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """To be called after the application has changed a password: always sets it, and drops any older
        one still waiting. Without a password or a hash it raises `ArgumentError`, `credential_missing`."""
        if wait := _hub.waiter():
            return self._greenly(wait, "change_password", user, credential)
        return super().change_password(user, credential)

    def request_reset(self, user: User | Mapping[str, _UserField]) -> Outcome:
        """Kinde asks for a new password at the next sign-in."""
        if wait := _hub.waiter():
            return self._greenly(wait, "request_reset", user, None)
        return super().request_reset(user)

    def drain(self, max: int = 100, deadline: float = 5.0) -> Drained:
        """Delivers at most `max` of what is pending, for at most `deadline` seconds."""
        if wait := _hub.waiter():
            return self._wait(
                wait,
                lambda done: self._begin_drain(max, deadline, done),
                lambda: super(Migrator, self).drain(max, deadline),
            )
        return super().drain(max, deadline)

    def status(self) -> LedgerStatus:
        """How the ledger and Kinde stand. It calls nobody."""
        if wait := _hub.waiter():
            return self._wait(wait, self._begin_status, super().status)
        return super().status()

    def close(self) -> None:
        """Finishes what has been begun and lets go of everything. A verb then raises `ClosedError`."""
        if wait := _hub.waiter():
            _hub.run(wait, self._begin_close, super().close)
        else:
            super().close()

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _greenly(
        self,
        wait: Callable[[int], object],
        verb: _Verb,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None,
    ) -> Outcome:
        """A verb for one of many greenlets. Killed or timed out, it stops waiting; the work goes on."""

        def blocking() -> Outcome:
            if verb == "request_reset":
                return _native.Migrator.request_reset(self, user)
            if verb == "change_password":
                return _native.Migrator.change_password(self, user, credential)
            return _native.Migrator.migrate(self, user, credential)

        return self._wait(wait, lambda done: self._begin(verb, user, credential, done), blocking)

    def _wait(
        self,
        wait: Callable[[int], object],
        begin: Callable[[Callable[[T | None], None]], T | None],
        blocking: Callable[[], T],
    ) -> T:
        _close_at_exit(self)
        result: T | None = _hub.run(wait, begin, blocking)
        self._log_notices()
        if result is None:
            raise _lost()
        return result

    async def migrate_async(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """`migrate` for asyncio. Cancelled, it stops waiting; the work goes on."""
        return await _begin(self, "migrate", user, credential)

    async def change_password_async(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
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
        future.set_exception(_lost())
    else:
        future.set_result(outcome)


def _lost() -> InternalError:
    return InternalError("internal", "a defect of kinde-migrate lost the outcome")


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
        # Not by way of a hub, which may have ended already.
        _native.Migrator.close(migrator)
