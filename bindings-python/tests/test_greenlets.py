"""gevent and eventlet: whoever waits for Kinde holds up nobody else of their thread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kinde_migrate import _hub
from processes import environment, landed, ledger_in

if TYPE_CHECKING:
    from sandbox import Sandbox

HERE = Path(__file__).resolve().parent
# A neighbour's turn comes every 10 ms. Blocked, it would wait for the deadline of 2 s.
PROMPTLY = 1.2


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_a_neighbour_is_not_held_up(library: str, sandbox: Sandbox, tmp_path: Path) -> None:
    stalled = [{"call": call, "nth": "all", "fault": "stall"} for call in ("token", "check")]
    sandbox.options(script=stalled, stall_ms=60_000)
    program = subprocess.run(
        [sys.executable, str(HERE / "greenlets.py"), library],
        env=environment(sandbox, ledger_in(tmp_path), deadline="2"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    seen = json.loads(program.stdout)
    assert "Traceback" not in program.stderr
    for call in ("verbs", "status", "drain", "close"):
        assert seen[call] < PROMPTLY, seen
    # As many as there are wait at the same time: no pool of threads is in between.
    assert seen["outcomes"] == 32
    assert seen["took"] < 6, seen
    assert seen["statuses"] == ["queued"]
    # The two that were given up may still be under way.
    assert 32 <= seen["pending"] <= 34
    assert seen["timed_out"] < PROMPTLY
    assert seen["killed"] == [True]
    assert (seen["misuse"], seen["rejected"]) == ("credential_missing", "email_invalid")
    assert (seen["native"], seen["child"], seen["closed"]) == (1, 0, "closed")
    assert seen["pipes_left"] == 0
    # What nobody waited for any more was recorded all the same.
    sandbox.options(script=[], stall_ms=0)
    names = [*map(str, range(30)), "grace", "timed-out", "killed", "child"]
    drain = "import kinde_migrate as k, sys; sys.exit(k.Migrator.from_env().drain(deadline=60).left)"
    for _ in range(20):
        left = subprocess.run(
            [sys.executable, "-c", drain],
            env=environment(sandbox, ledger_in(tmp_path)),
            timeout=120,
            check=False,
        )
        if left.returncode == 0:
            break
    landed(sandbox, ledger_in(tmp_path), names)


def test_off_a_hub_nothing_is_looked_for() -> None:
    assert _hub.waiter() is None


def test_without_a_descriptor_left_it_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(_hub, "Pipe", none_left)
    assert _hub.run(lambda _: None, lambda _: None, lambda: "blocked") == "blocked"
