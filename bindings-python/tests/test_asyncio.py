"""The coroutines."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from kinde_migrate import ArgumentError, ClosedError, Credential, Migrator, User

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox

PASSWORD = "correct horse battery"


def test_fifty_at_once_on_one_loop(sandbox: Sandbox, migrator: Migrator) -> None:
    sandbox.options(latency_ms=100)

    async def main() -> None:
        turns = 0

        async def turning() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.01)
                turns += 1

        other = asyncio.create_task(turning())
        begun = time.monotonic()
        users = [User(email=f"u{number}@example.org") for number in range(50)]
        outcomes = await asyncio.gather(
            *(migrator.migrate_async(user, Credential(password=f"{PASSWORD} {user.email}")) for user in users)
        )
        took = time.monotonic() - begun
        other.cancel()
        assert {outcome.status for outcome in outcomes} == {"created"}
        # One after the other they would take 50 × 3 × 100 ms.
        assert took < 8
        assert turns >= 10

    asyncio.run(main())
    assert len(sandbox.users()) == 50
    assert sandbox.get("stats")["tokens"] == 1
    assert sandbox.sign_in("u7@example.org", f"{PASSWORD} u7@example.org")


def test_what_needs_no_waiting_does_not_wait(sandbox: Sandbox, migrator: Migrator) -> None:
    async def main() -> None:
        user, credential = User(email="ada@example.org"), Credential(password=PASSWORD, version="1")
        assert (await migrator.migrate_async(user, credential)).status == "created"
        # Driven by hand: the first step is the last.
        with pytest.raises(StopIteration) as stopped:
            migrator.migrate_async(user, credential).send(None)
        assert (stopped.value.value.status, stopped.value.value.calls) == ("unchanged", 0)

    asyncio.run(main())


def test_all_three_verbs(sandbox: Sandbox, migrator: Migrator) -> None:
    async def main() -> None:
        user = {"email": "ada@example.org"}
        assert (await migrator.migrate_async(user, {"password": PASSWORD})).status == "created"
        assert (await migrator.change_password_async(user, {"password": PASSWORD + "!"})).status == "updated"
        assert (await migrator.request_reset_async(user)).status == "updated"

    asyncio.run(main())
    assert sandbox.users()[0]["is_password_reset_requested"] is True


def test_a_cancelled_call_goes_on(sandbox: Sandbox, migrator: Migrator) -> None:
    sandbox.options(latency_ms=200)

    async def main() -> None:
        user = User(email="ada@example.org")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(migrator.migrate_async(user, Credential(password=PASSWORD)), 0.1)
        # The loop is still good for another one, after the first has reported to nobody.
        assert (await migrator.migrate_async({"email": "bob@example.org"})).status == "created"
        for _ in range(100):
            if len(sandbox.users()) == 2:
                break
            await asyncio.sleep(0.05)

    asyncio.run(main())
    migrator.close()
    assert sandbox.sign_in("ada@example.org", PASSWORD)


def test_a_loop_that_is_closed_meanwhile(sandbox: Sandbox, migrator: Migrator) -> None:
    sandbox.options(latency_ms=200)

    async def main() -> None:
        task = asyncio.create_task(
            migrator.migrate_async({"email": "ada@example.org"}, {"password": PASSWORD})
        )
        await asyncio.sleep(0.05)
        assert not task.done()

    asyncio.run(main())
    migrator.close()
    assert len(sandbox.users()) == 1


def test_two_loops_in_turn(sandbox: Sandbox, migrator: Migrator) -> None:
    for name in ("ada", "bob"):
        outcome = asyncio.run(
            migrator.migrate_async({"email": f"{name}@example.org"}, {"password": PASSWORD})
        )
        assert outcome.status == "created"


def test_async_with(make: Callable[..., Migrator]) -> None:
    async def main() -> Migrator:
        async with make() as migrator:
            assert (await migrator.migrate_async({"email": "ada@example.org"})).status == "created"
        return migrator

    migrator = asyncio.run(main())
    with pytest.raises(ClosedError):
        migrator.status()


def test_misuse_is_raised_by_the_await(migrator: Migrator) -> None:
    with pytest.raises(ArgumentError):
        asyncio.run(migrator.migrate_async("ada@example.org"))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        asyncio.run(migrator.migrate_async({"email": "ada@example.org"}, PASSWORD))  # type: ignore[arg-type]
