"""New users who all sign in at the same moment in one Python process.

    python burst.py async|threads URL LEDGER COUNT

`async` awaits them all on one event loop, `threads` calls each on a thread of its own. Prints one line of JSON, as
`burst.mjs` does.
"""

from __future__ import annotations

import asyncio
import collections
import json
import re
import sys
import threading
import time
import urllib.request
from pathlib import Path

from kinde_migrate import Credential, Migrator, Outcome, User

DEADLINE = 2


def user(n: int) -> User:
    return User(email=f"user-{n}@example.org")


def credential(n: int) -> Credential:
    return Credential(password=f"password of {n}", version="v1")


def threads() -> int:
    found = re.search(r"^Threads:\s+(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def signs_in(url: str, n: int) -> bool:
    body = json.dumps({"email": f"user-{n}@example.org", "password": f"password of {n}"}).encode()
    request = urllib.request.Request(f"{url}/sandbox/sign-in", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bool(json.load(answer)["ok"])


class Burst:
    def __init__(self, migrator: Migrator, count: int) -> None:
        self.migrator, self.count, self.most = migrator, count, threads()
        self.calls: list[tuple[int, float, Outcome]] = []

    async def awaited(self) -> None:
        async def one(n: int) -> None:
            began = time.perf_counter()
            outcome = await self.migrator.migrate_async(user(n), credential(n))
            self.calls.append((n, time.perf_counter() - began, outcome))
            self.most = max(self.most, threads())

        await asyncio.gather(*(one(n) for n in range(self.count)))

    def called(self) -> None:
        ready = threading.Barrier(self.count)

        def one(n: int) -> None:
            ready.wait()
            began = time.perf_counter()
            outcome = self.migrator.migrate(user(n), credential(n))
            self.calls.append((n, time.perf_counter() - began, outcome))

        callers = [threading.Thread(target=one, args=(n,)) for n in range(self.count)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()


def main(how: str, url: str, ledger: str, count: str) -> None:
    with Migrator(
        domain=url, client_id="sandbox-client", client_secret="sandbox-secret", ledger=ledger, deadline=str(DEADLINE)
    ) as migrator:
        # As in a server that has run for a while.
        for n in range(3):
            migrator.migrate(User(email=f"warm-{n}@example.org"), Credential(password="correct horse", version="v1"))
        burst = Burst(migrator, int(count))
        if how == "async":
            asyncio.run(burst.awaited())
        else:
            burst.called()
        for _ in range(60):
            if not migrator.status().owed:
                break
            migrator.drain(max=100_000, deadline=10)
        accepted = [n for n, _, outcome in burst.calls if outcome.status != "skipped"]
        ms = sorted(round(1000 * took) for _, took, _ in burst.calls)
        what = (f"{o.status}: {o.reason}" if o.reason else str(o.status) for _, _, o in burst.calls)
        report = {
            "name": f"python {how}",
            "count": len(ms),
            "deadline_ms": DEADLINE * 1000,
            "max_ms": ms[-1],
            "median_ms": ms[len(ms) // 2],
            "p99_ms": ms[int(0.99 * len(ms))],
            "sign_ins": collections.Counter(what),
            "changes": {},
            "threads": burst.most if how == "async" else None,
            "missing": sum(not signs_in(url, n) for n in accepted),
            "left": migrator.status().owed,
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
