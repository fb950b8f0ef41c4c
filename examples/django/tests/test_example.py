"""The example as its users see it: real servers, real HTTP, and then a sign-in at Kinde."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

EXAMPLE = Path(__file__).resolve().parents[1]
# The sandbox is the package's tests'.
sys.path.insert(0, str(EXAMPLE.parents[1] / "bindings-python" / "tests"))

from sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = {
    "gunicorn": ["gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:{port}", "legacy.wsgi"],
    "gunicorn-threads": ["gunicorn", "--threads", "4", "--bind", "127.0.0.1:{port}", "legacy.wsgi"],
    "gunicorn-gevent": ["gunicorn", "--worker-class", "gevent", "--bind", "127.0.0.1:{port}", "legacy.wsgi"],
    "runserver": ["python", "manage.py", "runserver", "--noreload", "127.0.0.1:{port}"],
}


class Site:
    """The example's server, with its own database and ledger."""

    def __init__(self, server: str, kinde: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        self.database = folder / "legacy.db"
        self.environment = {
            **os.environ,
            "KINDE_DOMAIN": kinde,
            "KINDE_MANAGEMENT_CLIENT_ID": CLIENT_ID,
            "KINDE_MANAGEMENT_CLIENT_SECRET": CLIENT_SECRET,
            "KINDE_MIGRATE_LEDGER": str(folder / "ledger" / "ledger.db"),
            "LEGACY_DATABASE": str(self.database),
            "DJANGO_DEBUG": "1",
        }
        self.manage("migrate")
        self.manage("seed")
        name, *arguments = SERVERS[server]
        bin_folder = Path(sys.executable).parent
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(bin_folder / name), *(argument.format(port=port) for argument in arguments)],
                cwd=EXAMPLE,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/login/", timeout=10).close()
                return
            except urllib.error.URLError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=EXAMPLE,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)


class Browser:
    """Keeps cookies and sends Django's CSRF token back."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def submit(self, path: str, **fields: str) -> str:
        """The page that follows."""
        with self.opener.open(self.site.url + path, timeout=60) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert token
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode()
        with self.opener.open(self.site.url + path, body, timeout=60) as page:
            return str(page.read().decode())

    def sign_in(self, name: str, password: str) -> bool:
        page = self.submit("/login/", username=name, password=password)
        return f'<strong id="user">{name}</strong>' in page


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=["gunicorn", "gunicorn-threads", "runserver"])
def site(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Site]:
    sandbox.reset()
    site = Site(request.param, sandbox.url, tmp_path)
    yield site
    site.close()


def calls(sandbox: Sandbox) -> int:
    return sum(sandbox.calls().values())


def test_its_users_arrive(site: Site, sandbox: Sandbox) -> None:
    # A wrong password brings nobody anywhere.
    assert not Browser(site).sign_in("user1", "wrong password")
    assert calls(sandbox) == 0

    # A sign-in, and the same again: in another session, by another worker.
    assert Browser(site).sign_in("user1", "legacy password 1")
    assert calls(sandbox) == 3
    assert sandbox.sign_in("user1@django.example", "legacy password 1")
    for _ in range(4):
        assert Browser(site).sign_in("user1", "legacy password 1")
    assert calls(sandbox) == 3

    # A sign-up.
    browser = Browser(site)
    page = browser.submit(
        "/sign-up/",
        username="grace",
        email="grace+cobol@django.example",
        password1="a new password",
        password2="a new password",
    )
    assert '<strong id="user">grace</strong>' in page
    assert calls(sandbox) == 6
    assert sandbox.sign_in("grace+cobol@django.example", "a new password")
    assert Browser(site).sign_in("grace", "a new password")
    assert calls(sandbox) == 6

    # A change of the password.
    page = browser.submit(
        "/password/",
        old_password="a new password",
        new_password1="a newer password",
        new_password2="a newer password",
    )
    assert "has been changed" in page
    assert sandbox.sign_in("grace+cobol@django.example", "a newer password")
    assert not sandbox.sign_in("grace+cobol@django.example", "a new password")
    before = calls(sandbox)
    assert Browser(site).sign_in("grace", "a newer password")
    assert calls(sandbox) == before

    users = {user["email"]: user for user in sandbox.users()}
    assert set(users) == {"user1@django.example", "grace+cobol@django.example"}
    assert users["user1@django.example"]["first_name"] == "User"
    assert users["user1@django.example"]["provided_id"] == "1"
    for secret in ("legacy password 1", "a new password", "a newer password", CLIENT_SECRET):
        assert secret not in site.log.read_text()


def test_the_login_works_while_kinde_is_down(site: Site, sandbox: Sandbox) -> None:
    sandbox.options(script=[{"call": "check", "nth": "all", "fault": "error_503"}])
    begun = time.monotonic()
    assert Browser(site).sign_in("user2", "legacy password 2")
    assert time.monotonic() - begun < 10
    assert sandbox.users() == []
    assert "queued" in site.log.read_text()


@pytest.mark.parametrize("site", ["gunicorn", "gunicorn-gevent"], indirect=True)
def test_no_transaction_is_open_while_kinde_is_awaited(site: Site, sandbox: Sandbox) -> None:
    sandbox.options(script=[{"call": "check", "nth": "all", "fault": "stall"}], stall_ms=60_000)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Browser(site).sign_in, "user3", "legacy password 3")
        until = time.monotonic() + 60
        while sandbox.calls()["check"] == 0:
            assert time.monotonic() < until, site.log.read_text()
            time.sleep(0.01)
        # Somebody else writes meanwhile: SQLite has one writer at a time.
        with contextlib.closing(sqlite3.connect(site.database, timeout=0.2, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE auth_user SET last_name = 'Married' WHERE username = 'user3'")
            other.execute("COMMIT")
        assert not waiting.done()
        assert waiting.result()
    assert "queued" in site.log.read_text()


def test_the_settings_are_checked(tmp_path: Path, sandbox: Sandbox) -> None:
    environment = {**os.environ, "LEGACY_DATABASE": str(tmp_path / "legacy.db")}
    command = [sys.executable, "manage.py", "check", "--fail-level", "WARNING"]

    def check(**settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=EXAMPLE, env={**environment, **settings}, capture_output=True, text=True, check=False)

    right = {
        "KINDE_DOMAIN": sandbox.url,
        "KINDE_MANAGEMENT_CLIENT_ID": CLIENT_ID,
        "KINDE_MANAGEMENT_CLIENT_SECRET": CLIENT_SECRET,
    }
    assert check(**right).returncode == 0
    assert "kinde_migrate.W001" in check().stderr
    wrong = check(**{**right, "KINDE_DOMAIN": "http://team.kinde.com"})
    assert (wrong.returncode, "kinde_migrate.E001" in wrong.stderr) == (1, True)
    assert CLIENT_SECRET not in wrong.stderr
