"""gunicorn, uWSGI and Celery, whose parents have used the migrator before they fork or have not.

Each serves the smallest application there is, loses a worker to SIGKILL on the way, replaces others by
itself, and ends when told to. Django is tried with gunicorn in examples/django.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from processes import environment, landed
from sandbox import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox

HERE = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent
NAMES = [f"user{n}" for n in range(20)]
# Nothing takes as long as this but a hang.
PATIENCE = 60

# A greenlet of gunicorn's that was accepted when its worker had closed the listener already: it says so in
# its log, with frames of gunicorn's alone, and the client asks again.
LISTENER_CLOSED = re.compile(
    r"Traceback \(most recent call last\):\n"
    r"(?:  File \"[^\"\n]*/gunicorn/[^\n]*\n    [^\n]*\n(?: +[~^]+\n)?)+"
    r"OSError: \[Errno 9\] Bad file descriptor\n"
)

parent = pytest.mark.parametrize("parent", ["unused", "used"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short name: that of a unix socket has a hundred letters at most."""
    with tempfile.TemporaryDirectory(prefix="kinde-") as folder:
        yield Path(folder)


class Server:
    """A program in the foreground with workers below it."""

    def __init__(self, command: list[str], sandbox: Sandbox, folder: Path, *path: Path) -> None:
        self.folder = folder
        self.ledger = folder / "ledger" / "ledger.db"
        self.log = folder / "log"
        self.environment = environment(sandbox, self.ledger, deadline="5")
        self.environment |= {
            "PYTHONPATH": os.pathsep.join(map(str, (*path, HERE))),
            "CELERY_FOLDER": str(folder),
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(PROGRAMS / command[0]), *command[1:]],
                cwd=folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *raised: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """Ends by itself when told to, with nothing to complain of."""
        self.process.terminate()
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < until, f"it does not end: {self.log.read_text()}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            # uWSGI loses a signal for a worker that has just been forked. systemd signals everybody.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
        log = LISTENER_CLOSED.sub("", self.log.read_text())
        for complaint in ("Traceback", "ledger_unavailable", "panicked", "defect", "SIGSEGV", "SIGABRT"):
            assert complaint not in log, log

    def ask(self, name: str) -> tuple[int, str, int]:
        """The worker's pid, the outcome's status and its calls."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self.folder / "socket"))
            connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            with http.client.HTTPResponse(connection) as answer:
                answer.begin()
                body = answer.read().decode()
        assert answer.status == 200, self.log.read_text()
        pid, status, calls, reason = body.split()
        assert (reason == "None") == (status != "queued"), body
        return int(pid), status, int(calls)

    def ask_until_answered(self, name: str) -> tuple[int, str, int]:
        """A request is lost with the worker that had it in hand, and before the first one listens. The user's
        turn is the dead worker's until its lease ends; what is asked for meanwhile is queued."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.ask(name)
                if answer[1] != "queued":
                    return answer
                assert time.monotonic() < until, self.log.read_text()
            except (OSError, http.client.HTTPException):
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.3)

    def descriptors(self) -> Counter[str]:
        """What the parent has open of the ledger. Files of its workers' come and go."""
        found: Counter[str] = Counter()
        folder = f"/proc/{self.process.pid}/fd"
        for entry in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                target = os.readlink(f"{folder}/{entry}")
                if target.startswith(str(self.ledger)):
                    found[target] += 1
        return found


def signs_everybody_in(server: Server, sandbox: Sandbox, parent: str, killed: bool) -> None:
    sandbox.options(latency_ms=10)
    workers = {server.ask_until_answered("first")[0]}
    descriptors = server.descriptors()
    once = threading.Lock()

    def sign_in(name: str) -> int:
        pid, status, _ = server.ask_until_answered(name)
        assert status in ("created", "updated", "unchanged")
        if killed and name > "user15" and once.acquire(blocking=False):
            # In the midst of others' requests; it may also be gone already.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    with ThreadPoolExecutor(5) as pool:
        workers |= set(pool.map(sign_in, NAMES))
        again = list(pool.map(server.ask_until_answered, NAMES))
    assert {(status, calls) for _, status, calls in again} == {("unchanged", 0)}
    workers |= {pid for pid, *_ in again}
    assert len(workers) > 1
    assert server.process.pid not in workers or not killed
    # Without a parent of their own the first worker is it.
    assert server.descriptors() == descriptors or not killed
    server.end()
    landed(sandbox, server.ledger, [*NAMES, "first"] + ["parent"] * (parent == "used"))


@parent
@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
@pytest.mark.parametrize("kind", ["sync", "gthread", "uvicorn_worker.UvicornWorker"])
def test_gunicorn(sandbox: Sandbox, folder: Path, kind: str, preload: list[str], parent: str) -> None:
    command = ["gunicorn", "--workers", "2", "--worker-class", kind, "--bind", f"unix:{folder}/socket"]
    command += ["--max-requests", "9", "--log-level", "warning", *preload]
    command += ["--threads", "4"] * (kind == "gthread")
    # A configuration is read in the parent, before anything is forked.
    command += ["--config", "python:server_parent"] * (parent == "used")
    command += ["server_app:asgi" if "uvicorn" in kind else "server_app:application"]
    with Server(command, sandbox, folder) as server:
        signs_everybody_in(server, sandbox, parent, killed=True)


def greenlets(kind: str, folder: Path, *options: str) -> tuple[list[str], list[Path]]:
    """gunicorn with such workers, and where it is found: it has none of eventlet's since its version 26."""
    command = [
        "gunicorn",
        "--worker-class",
        kind,
        "--bind",
        f"unix:{folder}/socket",
        "--log-level",
        "warning",
    ]
    older = ROOT / "build" / "older" / "gunicorn25.3.0"
    assert older.exists(), "run `make setup`"
    return [*command, *options, "server_app:application"], [older] * (kind == "eventlet")


@parent
@pytest.mark.parametrize("kind", ["gevent", "eventlet"])
def test_gunicorn_s_greenlets(sandbox: Sandbox, folder: Path, kind: str, parent: str) -> None:
    options = ["--workers", "2", "--max-requests", "9", "--preload"]
    options += ["--config", "python:server_parent"] * (parent == "used")
    command, path = greenlets(kind, folder, *options)
    with Server(command, sandbox, folder, *path) as server:
        signs_everybody_in(server, sandbox, parent, killed=True)


@pytest.mark.parametrize("kind", ["gevent", "eventlet", "gthread"])
def test_a_neighbour_is_answered_while_kinde_stalls(sandbox: Sandbox, folder: Path, kind: str) -> None:
    command, path = greenlets(kind, folder, "--workers", "1", *["--threads", "8"] * (kind == "gthread"))
    with Server(command, sandbox, folder, *path) as server:
        server.ask_until_answered("first")
        sandbox.options(script=[{"call": "check", "nth": "all", "fault": "stall"}], stall_ms=60_000)
        with ThreadPoolExecutor(5) as pool:
            waiting = [pool.submit(server.ask, name) for name in NAMES[:5]]
            time.sleep(1)
            begun = time.monotonic()
            assert server.ask("neighbour")[1] == "neighbour"
            # Blocked whole, the worker would have answered after the deadline of 5 s at the earliest.
            assert time.monotonic() - begun < 3
            assert {asked.result()[1] for asked in waiting} == {"queued"}
        server.end()


@parent
@pytest.mark.parametrize(
    "options",
    [
        "",
        "--master",
        "--master --lazy-apps",
        "--master --threads 3",
        "--master --lazy-apps --threads 3",
        "--master --enable-threads --py-call-osafterfork",
    ],
)
def test_uwsgi(sandbox: Sandbox, folder: Path, options: str, parent: str) -> None:
    command = ["uwsgi", "--http-socket", str(folder / "socket"), "--processes", "2", "--die-on-term"]
    command += ["--need-app", "--worker-reload-mercy", "300", *options.split()]
    # Who ends is replaced by the master.
    recycled = ["--max-requests", "9", "--min-worker-lifetime", "0", "--forkbomb-delay", "0"]
    command += recycled * ("--master" in options)
    command += ["--shared-pyimport", "server_parent"] * (parent == "used")
    command += ["--module", "server_app"]
    with Server(command, sandbox, folder) as server:
        signs_everybody_in(server, sandbox, parent, killed="--master" in options)


@parent
def test_celery(sandbox: Sandbox, folder: Path, parent: str) -> None:
    (folder / "queue").mkdir()
    (folder / "results").mkdir()
    command = ["celery", "--app", "celery_tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
    command += ["--max-tasks-per-child", "4", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    command += ["--include", "server_parent"] * (parent == "used")
    with Server(command, sandbox, folder) as server:
        send = [sys.executable, str(HERE / "celery_tasks.py"), *NAMES, *NAMES]
        sent = subprocess.run(
            send, env=server.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert sent.returncode == 0, sent.stderr + server.log.read_text()
        answers = [line.split() for line in sent.stdout.splitlines()]
        assert len({pid for _, pid, *_ in answers}) > 2
        assert str(server.process.pid) not in {pid for _, pid, *_ in answers}
        assert {(status, calls) for _, _, status, calls, _ in answers[len(NAMES) :]} == {("unchanged", "0")}
        server.end()
        landed(sandbox, server.ledger, NAMES + ["parent"] * (parent == "used"))
