"""A program for `test_greenlets.py`: many greenlets of one thread, by gevent or eventlet, and a Kinde that
stalls.

Its argument is the library. It prints what it has seen as JSON.
"""

from __future__ import annotations

import sys

LIBRARY = sys.argv[1]

if LIBRARY == "gevent":
    from gevent import monkey

    monkey.patch_all()
    import gevent

    Killed, Timeout = gevent.GreenletExit, gevent.Timeout
    spawn, kill, joinall = gevent.spawn, gevent.kill, gevent.joinall
else:
    import eventlet

    eventlet.monkey_patch()
    Killed, Timeout = eventlet.greenlet.GreenletExit, eventlet.Timeout
    spawn, kill = eventlet.spawn, eventlet.kill

    def joinall(greenlets: list[Any]) -> None:
        for greenlet in greenlets:
            greenlet.wait()


import json  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from kinde_migrate import ArgumentError, ClosedError, Migrator, User  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 30
seen: dict[str, Any] = {}
gaps: list[float] = []
running = True


def neighbour() -> None:
    """How long it had to wait for its turn at most."""
    while running:
        begun = time.monotonic()
        time.sleep(0.01)
        gaps.append(time.monotonic() - begun)


def longest(work: Callable[[], object]) -> float:
    gaps.clear()
    work()
    time.sleep(0.05)
    return max(gaps)


def user(name: object) -> User:
    return User(email=f"{name}@example.org")


def credential(name: object) -> dict[str, str]:
    return {"password": f"password of {name}", "version": "1"}


def pipes() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}").startswith("pipe:")
        except OSError:
            continue  # The folder's own.
    return found


migrator = Migrator.from_env()
ticking = spawn(neighbour)
time.sleep(0.05)
pipes_before = pipes()

# Whoever stops waiting stops nothing else. First, as long as nobody knows that Kinde is down.
begun = time.monotonic()
try:
    with Timeout(0.3):
        migrator.migrate(user("timed-out"), credential("timed-out"))
except Timeout:
    seen["timed_out"] = time.monotonic() - begun
killed: list[bool] = []


def dies() -> None:
    try:
        migrator.migrate(user("killed"), credential("killed"))
    except Killed:
        killed.append(True)


victim = spawn(dies)
time.sleep(0.3)
kill(victim)
time.sleep(0.1)
seen["killed"] = killed

# Every blocking call, while nothing comes from Kinde.
outcomes: list[Any] = []
begun = time.monotonic()


def verbs() -> None:
    calls = [
        spawn(lambda n=n: outcomes.append(migrator.migrate(user(n), credential(n)))) for n in range(MANY)
    ]
    calls.append(spawn(lambda: outcomes.append(migrator.change_password(user("grace"), credential("grace")))))
    calls.append(spawn(lambda: outcomes.append(migrator.request_reset(user("joan")))))
    joinall(calls)


seen["verbs"] = longest(verbs)
seen["took"] = time.monotonic() - begun
seen["statuses"] = sorted({outcome.status for outcome in outcomes})
seen["outcomes"] = len(outcomes)
seen["status"] = longest(lambda: seen.update(pending=migrator.status().owed))
seen["drain"] = longest(lambda: seen.update(left=migrator.drain(max=5, deadline=1.5).left))

# What is raised, and what needs no waiting.
try:
    migrator.change_password(user("misuse"), {})
except ArgumentError as error:
    seen["misuse"] = error.code
seen["rejected"] = migrator.migrate({"email": "nobody"}).reason

# A native thread of the application's has no hub, and blocks itself alone.
native: list[int] = []
if LIBRARY == "gevent":
    gevent.get_hub().threadpool.apply(lambda: native.append(migrator.status().owed))
else:
    from eventlet import tpool

    tpool.execute(lambda: native.append(migrator.status().owed))
seen["native"] = len(native)

# A child begins anew.
if (pid := os.fork()) == 0:
    code = 1
    try:
        reached = migrator.migrate(user("child"), credential("child"))
        code = 0 if reached.status == "queued" else 2
    finally:
        os._exit(code)
seen["child"] = os.waitpid(pid, 0)[1]

seen["close"] = longest(migrator.close)
seen["pipes_left"] = pipes() - pipes_before
try:
    migrator.status()
except ClosedError as error:
    seen["closed"] = error.code
running = False
print(json.dumps(seen))
