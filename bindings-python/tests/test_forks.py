"""Forks at any moment, by os.fork and multiprocessing, in processes of their own and with time-outs.

Each with a parent that has used its migrator before and with one that has not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from processes import environment, finished, landed, ledger_in, run

if TYPE_CHECKING:
    from sandbox import Sandbox

HERE = Path(__file__).resolve().parent

parent = pytest.mark.parametrize("parent", ["unused", "used"])


@parent
def test_generations(sandbox: Sandbox, tmp_path: Path, parent: str) -> None:
    code = """
    def generation(name, left):
        "Every second one forks before it has used the migrator itself."
        first = left % 2 == 0
        well = not first or sign_in(name)
        children = [child(lambda n=n: generation(f"{name}.{n}", left - 1)) for n in range(2 if left else 0)]
        well = (first or sign_in(name)) and well
        return all([ended(pid) for pid in children]) and well
    used = sys.argv[1] == "used"
    assert not used or sign_in("parent")
    assert generation("a", 3)
    assert not used or sign_in_again("parent")
    """
    assert len(run(code, sandbox, tmp_path, parent)) == 15 + (parent == "used")


@parent
def test_while_threads_are_inside_calls(sandbox: Sandbox, tmp_path: Path, parent: str) -> None:
    sandbox.options(latency_ms=4)
    code = """
    if sys.argv[1] == "used":
        assert sign_in("parent")
    over = threading.Event()
    failed = []
    def busy(prefix):
        count = 0
        while not over.is_set() and count < 100:
            if not sign_in(f"{prefix}.{count}"):
                failed.append(prefix)
            count += 1
    def in_child(name):
        "Has threads of its own, and forks among them."
        threads = [threading.Thread(target=sign_in, args=(f"{name}.{n}",)) for n in "ab"]
        for thread in threads: thread.start()
        grandchild = child(lambda: sign_in(f"{name}.grandchild"))
        for thread in threads: thread.join()
        return ended(grandchild)
    threads = [threading.Thread(target=busy, args=(f"busy{n}",)) for n in range(4)]
    for thread in threads: thread.start()
    for n in range(12):
        time.sleep(0.003 * (n % 4))
        assert ended(child(lambda: in_child(f"child{n}")))
    over.set()
    for thread in threads: thread.join()
    assert not failed
    """
    names = run(code, sandbox, tmp_path, parent)
    assert sum(name.startswith("child") for name in names) == 36


def test_at_every_moment_of_a_first_call(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.options(latency_ms=1)
    code = """
    def one(n):
        thread = threading.Thread(target=sign_in, args=(f"first{n}",))
        until = time.monotonic() + n * 0.0005
        thread.start()
        while time.monotonic() < until: pass
        grandchild = child(lambda: sign_in(f"grandchild{n}"))
        thread.join()
        return ended(grandchild)
    for n in range(50):
        assert ended(child(lambda: one(n))), n
    """
    assert len(run(code, sandbox, tmp_path)) == 100


@parent
def test_while_a_loop_awaits(sandbox: Sandbox, tmp_path: Path, parent: str) -> None:
    sandbox.options(latency_ms=20)
    code = """
    async def many(prefix, count):
        return all(await asyncio.gather(*(sign_in_async(f"{prefix}{n}") for n in range(count))))
    if sys.argv[1] == "used":
        assert asyncio.run(many("parent", 2))
    pids = []
    async def main():
        task = asyncio.ensure_future(many("task", 12))
        for n in range(6):
            await asyncio.sleep(0.015)
            pid = os.fork()
            if pid == 0:
                # Leaves this loop alone, as a child must, and ends as a program does.
                signal.alarm(60)
                thread = threading.Thread(target=lambda: asyncio.run(many(f"child{n}.", 2)))
                thread.start()
                thread.join()
                assert sign_in(f"child{n}")
                raise SystemExit
            pids.append(pid)
        assert await task
    asyncio.run(main())
    assert all([ended(pid) for pid in pids])
    """
    names = run(code, sandbox, tmp_path, parent)
    assert len(names) == 30 + (2 if parent == "used" else 0)


@parent
def test_a_daemon_outlives_its_parent(sandbox: Sandbox, tmp_path: Path, parent: str) -> None:
    code = """
    if sys.argv[1] == "used":
        assert sign_in("parent")
    def middle():
        os.setsid()
        above = os.getpid()
        def daemon():
            while os.getppid() == above: time.sleep(0.001)
            return sign_in("daemon") and sign_in("daemon2")
        child(daemon)
        return True
    assert ended(child(middle))
    """
    # The daemon holds the pipe open, so its end is waited for.
    assert "daemon2" in run(code, sandbox, tmp_path, parent)


def test_closing_in_a_child(sandbox: Sandbox, tmp_path: Path) -> None:
    code = """
    assert sign_in("parent")
    assert asyncio.run(sign_in_async("parent.async"))
    def close():
        migrator.close()
        return True
    def use_and_close():
        return sign_in("child") and asyncio.run(sign_in_async("child.async")) and close()
    assert ended(child(close)) and ended(child(use_and_close))
    assert sign_in_again("parent") and sign_in("parent2")
    late = child(lambda: time.sleep(0.2) or sign_in("late"))
    migrator.close()
    assert ended(late)
    """
    assert len(run(code, sandbox, tmp_path)) == 6


def test_no_descriptor_goes_astray(sandbox: Sandbox, tmp_path: Path) -> None:
    """Descriptors of the library's do not add up in a parent, and never outlive an exec."""
    code = """
    import subprocess
    count = lambda: len(os.listdir("/proc/self/fd"))
    assert sign_in("parent")
    assert asyncio.run(sign_in_async("parent.async"))
    used = count()
    for n in range(40):
        assert ended(child(lambda: sign_in(f"child{n}")))
        assert sign_in(f"parent{n}")
    assert count() <= used, (used, count())
    seen = subprocess.run(["ls", "/proc/self/fd"], close_fds=False, capture_output=True, check=True)
    assert len(seen.stdout.split()) <= 4, seen.stdout
    """
    run(code, sandbox, tmp_path)


def test_a_child_leaves_its_parent_s_connection_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing goes over an inherited socket, so no TLS session can be shared either."""
    code = """
    import socket, struct
    def connections():
        "Descriptor, and what has gone over it, of each connection to the sandbox."
        port = int(os.environ["KINDE_DOMAIN"].rsplit(":", 1)[1])
        found = {}
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                with socket.socket(fileno=os.dup(fd)) as one:
                    if one.family == socket.AF_INET and one.getpeername()[1] == port:
                        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 208)
                        # tcpi_bytes_sent, tcpi_bytes_received
                        traffic = struct.unpack_from("=Q", info, 200) + struct.unpack_from("=Q", info, 128)
                        found[os.readlink(f"/proc/self/fd/{fd}")] = traffic
            except OSError:
                pass
        return found
    assert sign_in("parent")
    before = connections()
    assert len(before) == 1, before
    def work():
        assert connections() == before
        assert sign_in("child")
        after = connections()
        own = {name: said for name, said in after.items() if name not in before}
        assert len(own) == 1 and all(sent > 500 for sent, _ in own.values()), after
        assert all(after[name] == before[name] for name in before if name in after), (before, after)
        def grandchild():
            assert sign_in("grandchild")
            return all(connections().get(name, said) == said for name, said in after.items())
        return ended(child(grandchild))
    assert ended(child(work))
    assert connections() == before
    assert sign_in("parent2")
    assert connections().keys() == before.keys() and connections() != before
    """
    assert len(run(code, sandbox, tmp_path)) == 4


@parent
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(sandbox: Sandbox, tmp_path: Path, method: str, parent: str) -> None:
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(HERE / "pool_program.py"), method, parent],
        env=environment(sandbox, ledger_in(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    names = finished(program).split()
    assert len(names) == 24 + (parent == "used")
    landed(sandbox, ledger_in(tmp_path), names)
