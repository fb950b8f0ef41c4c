"""Threads, signals and the end of the process. What may hang or crash runs in a process of its own."""

from __future__ import annotations

import logging
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from kinde_migrate import Migrator
from processes import finished, script
from sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_the_gil_is_released(sandbox: Sandbox, migrator: Migrator) -> None:
    sandbox.options(latency_ms=200)
    turns = 0
    over = threading.Event()

    def work() -> None:
        nonlocal turns
        while not over.wait(0.01):
            turns += 1

    other = threading.Thread(target=work)
    other.start()
    outcome = migrator.migrate({"email": "ada@example.org"}, {"password": "correct horse battery"})
    over.set()
    other.join()
    assert outcome.status == "created"
    assert turns >= 20


def test_threads_call_side_by_side(sandbox: Sandbox, migrator: Migrator) -> None:
    sandbox.options(latency_ms=200)

    def work(number: int) -> str:
        return migrator.migrate(
            {"email": f"u{number}@example.org"}, {"password": f"password {number}"}
        ).status

    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"created"}
    # One after the other they would take 8 × 3 × 200 ms.
    assert time.monotonic() - begun < 3.5
    assert len(sandbox.users()) == 8


def test_ctrl_c_raises_at_once_and_the_work_is_owed(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(latency_ms=15_000)
    # Whatever started the tests may have it ignored, as a shell does in the background.
    code = """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print("calling", flush=True)
    try:
        migrator.migrate(user("ada"), password)
    except KeyboardInterrupt:
        print("interrupted", migrator.status().owed, flush=True)
    """
    process = script(code, sandbox, tmp_path)
    assert process.stdout
    assert process.stdout.readline() == "calling\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    assert finished(process) == "interrupted 1\n"
    assert time.monotonic() - sent < 5


def test_a_handler_that_does_not_raise_disturbs_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(latency_ms=400)
    code = """
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    print(migrator.migrate(user("ada"), password).status)
    assert rung and time.monotonic() - rung[0] > 0.4, "handled only after the call"
    """
    assert finished(script(code, sandbox, tmp_path)) == "created\n"


def test_the_process_ends_while_asyncio_s_work_is_under_way(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(latency_ms=300)
    code = """
    async def main():
        tasks = [asyncio.ensure_future(migrator.migrate_async(user(n), password)) for n in range(10)]
        await asyncio.sleep(0.1)
    asyncio.run(main())
    """
    finished(script(code, sandbox, tmp_path))
    # Ten were begun; each has arrived or is owed.
    sandbox.options(latency_ms=0)
    with Migrator(
        domain=sandbox.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        ledger=tmp_path / "scripts" / "ledger.db",
    ) as migrator:
        status = migrator.status()
        assert status.carried + status.owed == 10


def test_a_migrator_that_only_its_work_still_holds(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(latency_ms=100)
    code = """
    async def main():
        for n in range(5):
            own = Migrator.from_env()
            own.migrate(user(f"sync{n}"), password)
            task = asyncio.ensure_future(own.migrate_async(user(n), password))
            del own
            await asyncio.sleep(0.05)
            task.cancel()
            del task
        await asyncio.sleep(0.2)
    asyncio.run(main())
    """
    finished(script(code, sandbox, tmp_path))
    assert len(sandbox.users()) == 10


def test_notices_are_logged_once(
    make: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    migrator = make(ledger=tmp_path / "file" / "ledger.db")
    with caplog.at_level(logging.WARNING, "kinde_migrate"):
        for name in ("ada", "bob"):
            outcome = migrator.migrate(
                {"email": f"{name}@example.org"}, {"password": "correct horse battery"}
            )
            assert outcome.status == "created"
    said = [record.getMessage() for record in caplog.records if record.name == "kinde_migrate"]
    assert len(said) == 1
    assert "[ledger_unavailable]" in said[0]
    assert migrator.status().in_memory


DOWN = [{"call": "check", "nth": "all", "fault": "error_503"}]


def test_the_background_drain(sandbox: Sandbox, make: Callable[..., Migrator]) -> None:
    sandbox.options(script=DOWN)
    with make(drain_in_background=True) as migrator:
        outcome = migrator.migrate({"email": "ada@example.org"}, {"password": "correct horse battery"})
        assert outcome.status == "queued"
        assert migrator.status().owed == 1
        sandbox.options(script=[])
        for _ in range(6000):
            if migrator.status().owed == 0:
                break
            time.sleep(0.01)
        status = migrator.status()
        assert (status.owed, status.carried, status.kinde) == (0, 1, "up")
    assert sandbox.sign_in("ada@example.org", "correct horse battery")


def test_a_process_ends_while_it_drains_in_the_background(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(script=DOWN)
    code = """
    assert migrator.migrate(user("ada"), password).status == "queued"
    {}
    """
    for end in ("", "migrator.close()", "del migrator", "sys.exit(0)"):
        process = script(code.format(end), sandbox, tmp_path, drain_in_background="true")
        finished(process)
    sandbox.options(script=[{"call": "check", "nth": "all", "fault": "stall"}])
    finished(script("migrator.status(); time.sleep(1)", sandbox, tmp_path, drain_in_background="true"))


def test_forks_while_it_drains_in_the_background(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(script=DOWN)
    code = """
    import json, urllib.request
    def owed():
        return migrator.status().owed
    assert {migrator.migrate(user(n), password).status for n in range(30)} == {"queued"}
    body = json.dumps({"script": [], "latency_ms": 40}).encode()
    url = os.environ["KINDE_DOMAIN"] + "/sandbox/options"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).close()
    while owed() == 30:
        time.sleep(0.01)
    pids = []
    for n in range(8):
        pids.append(child(lambda: migrator.migrate(user(f"child{n}"), password).status == "created"))
        time.sleep(0.03)
    print([ended(pid) for pid in pids].count(True))
    while owed() > 0:
        time.sleep(0.01)
    """
    process = script(code, sandbox, tmp_path, drain_in_background="true")
    assert finished(process) == "8\n"
    assert len(sandbox.users()) == 38
