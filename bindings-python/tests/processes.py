"""Programs in processes of their own, and what must hold once they have ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

from sandbox import CLIENT_ID, CLIENT_SECRET, ROOT, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# What every program begins with. `sign_in` prints whom it has carried over, from whichever process.
PRELUDE = """
import asyncio, os, signal, sys, threading, time
from kinde_migrate import Migrator
user = lambda name: {"email": f"{name}@example.org"}
password = {"password": "correct horse battery"}
migrator = Migrator.from_env()
def carried(name, outcome):
    if outcome.status == "created":
        os.write(1, f"{name}\\n".encode())
    return outcome.status == "created"
def sign_in(name):
    credential = {"password": f"password of {name}", "version": "1"}
    return carried(name, migrator.migrate(user(name), credential))
def sign_in_again(name):
    return migrator.migrate(user(name), {"password": f"password of {name}", "version": "1"}).calls == 0
async def sign_in_async(name):
    credential = {"password": f"password of {name}", "version": "1"}
    return carried(name, await migrator.migrate_async(user(name), credential))
def child(work):
    "Forks; the work in the child has a minute."
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return pid
def ended(pid):
    return os.waitpid(pid, 0)[1] == 0
"""


def environment(sandbox: Sandbox, ledger: Path, **settings: str) -> dict[str, str]:
    """The variables of a program that is to use this sandbox and this ledger."""
    own = {
        "KINDE_DOMAIN": sandbox.url,
        "KINDE_MANAGEMENT_CLIENT_ID": CLIENT_ID,
        "KINDE_MANAGEMENT_CLIENT_SECRET": CLIENT_SECRET,
        "KINDE_MIGRATE_LEDGER": str(ledger),
        "KINDE_MIGRATE_BCRYPT_COST": "4",
        "KINDE_MIGRATE_DEADLINE": "20",
    }
    own |= {f"KINDE_MIGRATE_{name.upper()}": value for name, value in settings.items()}
    return {**os.environ, **own}


def ledger_in(folder: Path) -> Path:
    return folder / "scripts" / "ledger.db"


def script(
    code: str, sandbox: Sandbox, folder: Path, *arguments: str, **settings: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        # Python 3.12 and later warn of every fork beside a thread; that is what is tried here.
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-c",
            PRELUDE + textwrap.dedent(code),
            *arguments,
        ],
        env=environment(sandbox, ledger_in(folder), **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """What it printed, once it has ended well. Whoever holds its output open has not ended."""
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, ""), out
    return out


def run(code: str, sandbox: Sandbox, folder: Path, *arguments: str) -> list[str]:
    """Runs it to its good end, checks that whomever it names has landed, and returns the names."""
    names = finished(script(code, sandbox, folder, *arguments)).split()
    landed(sandbox, ledger_in(folder), names)
    return names


def landed(sandbox: Sandbox, ledger: Path, names: Iterable[str]) -> None:
    passwords = {f"{name}@example.org": f"password of {name}" for name in names}
    check_landed(sandbox, ledger, passwords)


def check_landed(sandbox: Sandbox, ledger: Path, passwords: Mapping[str, str]) -> None:
    """See tests/landed.py."""
    assert passwords
    check = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "landed.py"), sandbox.url, str(ledger)],
        input=json.dumps(passwords),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (check.stdout, check.stderr) == ("landed\n", "")
