"""New users, then the same ones again, through the Python binding.

    python python.py call|async URL LEDGER USERS PASSES

Prints one line of JSON, as every language's program does: the wall time of each in microseconds, the
processor time of one, the calls of one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from kinde_migrate import Credential, Migrator, Outcome, User

HASH = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue"
WARM_UP = 30


class Samples:
    def __init__(self) -> None:
        self.us: list[float] = []
        self.calls = 0
        self.cpu = -time.process_time_ns()

    def add(self, began: int, outcome: Outcome, expected: str) -> None:
        self.us.append(round((time.perf_counter_ns() - began) / 1000, 1))
        self.calls += outcome.calls
        if outcome.status != expected:
            raise SystemExit(f"not {expected}: {outcome!r} {outcome.reason} {outcome.message}")

    def report(self) -> dict[str, Any]:
        count = max(len(self.us), 1)
        cpu = (self.cpu + time.process_time_ns()) / 1000
        return {"us": self.us, "cpu_us": cpu / count, "calls": self.calls / count}


def user(n: int) -> User:
    return User(
        email=f"user-{n}@example.org",
        given_name="Ada",
        family_name="Lovelace",
        provided_id=f"user-{n}",
        email_verified=True,
    )


def called(migrator: Migrator, users: int, passes: int) -> dict[str, Any]:
    def carry(samples: Samples, n: int, expected: str) -> None:
        began = time.perf_counter_ns()
        outcome = migrator.migrate(user(n), Credential(hash=HASH))
        samples.add(began, outcome, expected)

    warm_up = Samples()
    for n in range(WARM_UP):
        carry(warm_up, n, "created")
        carry(warm_up, n, "unchanged")
    new = Samples()
    for n in range(WARM_UP, WARM_UP + users):
        carry(new, n, "created")
    done = new.report()
    again = Samples()
    for _ in range(passes):
        for n in range(WARM_UP, WARM_UP + users):
            carry(again, n, "unchanged")
    return {"name": "python", "new": done, "again": again.report()}


async def awaited(migrator: Migrator, users: int, passes: int) -> dict[str, Any]:
    async def carry(samples: Samples, n: int, expected: str) -> None:
        began = time.perf_counter_ns()
        outcome = await migrator.migrate_async(user(n), Credential(hash=HASH))
        samples.add(began, outcome, expected)

    warm_up = Samples()
    for n in range(WARM_UP):
        await carry(warm_up, n, "created")
        await carry(warm_up, n, "unchanged")
    new = Samples()
    for n in range(WARM_UP, WARM_UP + users):
        await carry(new, n, "created")
    done = new.report()
    again = Samples()
    for _ in range(passes):
        for n in range(WARM_UP, WARM_UP + users):
            await carry(again, n, "unchanged")
    return {"name": "python async", "new": done, "again": again.report()}


def main(how: str, url: str, ledger: str, users: str, passes: str) -> None:
    with Migrator(
        domain=url,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        ledger=ledger,
        deadline="10",
    ) as migrator:
        report = (
            asyncio.run(awaited(migrator, int(users), int(passes)))
            if how == "async"
            else called(migrator, int(users), int(passes))
        )
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
