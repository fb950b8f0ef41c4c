"""The main job on real parts: four legacy applications, each with its own users and hashing, into a local Kinde.

Starts the sandbox and the four applications; signs users in twice, signs one up and changes one password in
each, over real HTTP; then signs everybody in at the sandbox with the password they typed last. Prints a table, and
ends with a status other than 0 if anything in it is not as it should be. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from sandbox import Sandbox  # noqa: E402

EXAMPLES = ROOT / "examples"
VENV = ROOT / "build/venv/bin"
PREFIX = ROOT / "build/prefix"
NEW = "a new password"
NEWER = "a newer password"


class Application(ABC):
    """One of the examples, as a person with a browser meets it."""

    language = ""
    domain = ""

    def __init__(self, kinde: dict[str, str], folder: Path) -> None:
        self.folder = folder / self.language
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            **kinde,
            "KINDE_MIGRATE_LEDGER": str(self.folder / "ledger/ledger.db"),
            "LEGACY_DATABASE": str(self.folder / "legacy.db"),
            "PORT": str(self.port),
            "LD_LIBRARY_PATH": str(PREFIX / "lib"),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self, users: int) -> None:
        """Makes the legacy database with that many users."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command that starts its server."""

    @abstractmethod
    def sign_in(self, email: str, password: str) -> bool:
        """Whether the application lets this person in."""

    @abstractmethod
    def sign_up(self, email: str, password: str) -> bool:
        """Whether it takes a new person."""

    @abstractmethod
    def change_password(self, email: str, old: str, new: str) -> bool:
        """Whether it changes this person's password."""

    def run(self, *command: str, text: str = "", cwd: Path | None = None) -> None:
        done = subprocess.run(
            command,
            env=self.env,
            cwd=cwd or self.folder,
            input=text,
            text=True,
            capture_output=True,
            timeout=300,
        )
        if done.returncode != 0:
            raise SystemExit(f"{self.language}: {' '.join(command)} failed\n{done.stdout}{done.stderr}")

    def start(self) -> None:
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            self.command(), env=self.env, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"{self.language}: the server does not start\n{(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)


class Browser:
    """Keeps cookies, follows redirects, sends forms; a CSRF token of the page goes back with them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self.opener.open(self.url + path, timeout=60) as page:
            return str(page.read().decode())

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        try:
            with self.opener.open(self.url + path, urllib.parse.urlencode(fields).encode(), timeout=60) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    def csrf(self, path: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        return token[1] if token else ""


class Django(Application):
    language = "Python (Django)"
    domain = "django.example"

    def prepare(self, users: int) -> None:
        for arguments in (["migrate"], ["seed", "--users", str(users)]):
            self.run(str(VENV / "python"), "manage.py", *arguments, cwd=EXAMPLES / "django")

    def command(self) -> list[str]:
        self.env["PYTHONPATH"] = str(EXAMPLES / "django")
        self.env["DJANGO_DEBUG"] = "1"
        gunicorn = [str(VENV / "gunicorn"), "--preload", "--workers", "2", "--log-level", "warning"]
        return [*gunicorn, "--bind", f"127.0.0.1:{self.port}", "legacy.wsgi"]

    def submit(self, browser: Browser, path: str, **fields: str) -> tuple[int, str]:
        return browser.post(path, csrfmiddlewaretoken=browser.csrf(path), **fields)

    def signed_in(self, email: str, password: str) -> Browser | None:
        browser = Browser(self.url)
        _, page = self.submit(browser, "/login/", username=email.split("@")[0], password=password)
        return browser if '<strong id="user">' in page else None

    def sign_in(self, email: str, password: str) -> bool:
        return self.signed_in(email, password) is not None

    def sign_up(self, email: str, password: str) -> bool:
        fields = {
            "username": email.split("@")[0],
            "email": email,
            "password1": password,
            "password2": password,
        }
        _, page = self.submit(Browser(self.url), "/sign-up/", **fields)
        return '<strong id="user">' in page

    def change_password(self, email: str, old: str, new: str) -> bool:
        browser = self.signed_in(email, old)
        if browser is None:
            return False
        fields = {"old_password": old, "new_password1": new, "new_password2": new}
        _, page = self.submit(browser, "/password/", **fields)
        return "has been changed" in page


class Express(Application):
    language = "Node (Express)"
    domain = "express.example"

    def prepare(self, users: int) -> None:
        self.run("node", str(EXAMPLES / "express/seed.js"), str(users))

    def command(self) -> list[str]:
        return ["node", str(EXAMPLES / "express/server.js")]

    def sign_in(self, email: str, password: str) -> bool:
        status, page = Browser(self.url).post("/login", email=email, password=password)
        return status == 200 and email in page

    def sign_up(self, email: str, password: str) -> bool:
        status, page = Browser(self.url).post("/signup", email=email, name="New", password=password)
        return status == 200 and email in page

    def change_password(self, email: str, old: str, new: str) -> bool:
        browser = Browser(self.url)
        browser.post("/login", email=email, password=old)
        status, _ = browser.post("/password", password=old, new_password=new)
        return status == 200


class Php(Application):
    language = "PHP (plain, PDO)"
    domain = "php.example"
    php = ("php", "-d", f"extension={ROOT / 'build/php/modules/kinde_migrate.so'}")

    def prepare(self, users: int) -> None:
        self.run(*self.php, str(EXAMPLES / "php/seed.php"), str(users))

    def command(self) -> list[str]:
        return [*self.php, "-S", f"127.0.0.1:{self.port}", "-t", str(EXAMPLES / "php/public")]

    def sign_in(self, email: str, password: str) -> bool:
        status, page = Browser(self.url).post("/login.php", email=email, password=password)
        return status == 200 and email in page

    def sign_up(self, email: str, password: str) -> bool:
        status, page = Browser(self.url).post("/signup.php", email=email, password=password)
        return status == 200 and email in page

    def change_password(self, email: str, old: str, new: str) -> bool:
        browser = Browser(self.url)
        browser.post("/login.php", email=email, password=old)
        status, _ = browser.post("/password.php", password=old, new_password=new)
        return status == 200


class C(Application):
    language = "C (crypt file)"
    domain = "c.example"

    def prepare(self, users: int) -> None:
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "kinde_migrate", "libmicrohttpd"],
            env={**self.env, "PKG_CONFIG_PATH": str(PREFIX / "lib/pkgconfig")},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        sources = [str(path) for path in sorted((EXAMPLES / "c").glob("*.c"))]
        self.run("cc", "-O2", "-o", "legacy-login", *sources, *flags, "-lcrypt", "-pthread")
        for number in range(1, users + 1):
            self.run("./legacy-login", "seed", f"user{number}@c.example", text=f"legacy password {number}\n")

    def command(self) -> list[str]:
        return ["./legacy-login", "serve", "--port", str(self.port)]

    def form(self, path: str, **fields: str) -> bool:
        return Browser(self.url).post(path, **fields)[0] == 200

    def sign_in(self, email: str, password: str) -> bool:
        return self.form("/login", email=email, password=password)

    def sign_up(self, email: str, password: str) -> bool:
        return self.form("/signup", email=email, password=password)

    def change_password(self, email: str, old: str, new: str) -> bool:
        return self.form("/password", email=email, password=old, new_password=new)


@dataclass
class Row:
    """What the table says of one application."""

    language: str
    sign_ins: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    users: int = 0
    at_kinde: int = 0
    added: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Kinde:
    """The sandbox, asked what has changed since it was last asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.before = self.calls()

    def calls(self) -> Counter[str]:
        return Counter(self.sandbox.ask("/sandbox/stats")["calls"])

    def since(self) -> tuple[str, int]:
        """What an action came to, in the words of an outcome, and its calls."""
        now = self.calls()
        made = now - self.before
        self.before = now
        status = "created" if made["create"] else "updated" if made["set_password"] else "unchanged"
        return status, sum(made.values())


def progress(text: str) -> None:
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width]:{width}}", end="", flush=True)
    else:
        print(text, flush=True)


def lead(app: Application, sandbox: Sandbox, users: int) -> Row:
    """The whole of one application's users."""
    row = Row(app.language)
    kinde = Kinde(sandbox)
    passwords: dict[str, str] = {}

    def expect(what: str, ok: bool, wanted: str, most_calls: int) -> None:
        status, calls = kinde.since()
        row.calls += calls
        row.statuses[status] += 1
        if not ok:
            row.faults.append(f"{what}: the application refused it")
        if status != wanted or calls > most_calls:
            row.faults.append(f"{what}: {status} with {calls} calls, expected {wanted} with {most_calls}")

    # One of them is in Kinde already, with a password that is out of date.
    there = f"user1@{app.domain}"
    for number in range(1, users + 1):
        email, password = f"user{number}@{app.domain}", f"legacy password {number}"
        progress(f"{app.language}: signing in {number} of {users}")
        took = []
        wanted = ("updated", 2) if email == there else ("created", 3)
        for status, calls in (wanted, ("unchanged", 0)):
            begun = time.perf_counter()
            ok = app.sign_in(email, password)
            took.append(time.perf_counter() - begun)
            row.sign_ins += 1
            expect(f"sign-in of {email}", ok, status, calls)
        row.added.append(took[0] - took[1])
        passwords[email] = password

    progress(f"{app.language}: signing one up")
    email = f"newcomer@{app.domain}"
    expect("sign-up", app.sign_up(email, NEW), "created", 3)
    passwords[email] = NEW

    progress(f"{app.language}: changing a password")
    email = f"user2@{app.domain}"
    expect("change of password", app.change_password(email, passwords[email], NEWER), "updated", 2)
    passwords[email] = NEWER

    progress(f"{app.language}: signing everybody in at Kinde")
    for email, password in passwords.items():
        if sandbox.signs_in(email, password):
            row.at_kinde += 1
        else:
            row.faults.append(f"{email} cannot sign in at Kinde")
    if sandbox.signs_in(f"user2@{app.domain}", "legacy password 2"):
        row.faults.append("the old password still signs in at Kinde")
    row.users = len(passwords)
    return row


def table(rows: list[Row]) -> str:
    head = (
        *("language", "sign-ins", "created", "updated", "unchanged"),
        *("calls per user", "sign-ins at Kinde that work", "median added to a login"),
    )
    lines = [head]
    for row in rows:
        counts = [str(row.statuses[status]) for status in ("created", "updated", "unchanged")]
        added = f"{statistics.median(row.added) * 1000:.1f} ms"
        at_kinde = f"{row.at_kinde} of {row.users}"
        lines.append((row.language, str(row.sign_ins), *counts, f"{row.calls / row.users:.2f}", at_kinde, added))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10, help="legacy users of each application, 2 or more (10)")
    begun = time.monotonic()
    users = max(2, parser.parse_args().users)
    rows: list[Row] = []
    apps: list[Application] = []
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="kinde-migrate-demo-") as folder:
        try:
            for kind in (Django, Express, Php, C):
                app = kind(sandbox.environment(), Path(folder))
                progress(f"{app.language}: {users} legacy users, and the server")
                app.prepare(users)
                apps.append(app)
                app.start()
            there = [{"email": f"user1@{app.domain}", "password": "out of date"} for app in apps]
            sandbox.ask("/sandbox/reset", {"users": there})
            rows = [lead(app, sandbox, users) for app in apps]
            arrived = len(sandbox.users())
        finally:
            for app in apps:
                app.stop()
    progress("")
    print(f"\n{table(rows)}\n")
    print("Added to a login: a user's first sign-in, which carries them over (three calls and a bcrypt), less their next one.")
    faults = [f"{row.language}: {fault}" for row in rows for fault in row.faults]
    if arrived != sum(row.users for row in rows):
        faults.append(f"Kinde has {arrived} users, expected {sum(row.users for row in rows)}")
    for fault in faults:
        print(f"FAILED {fault}", file=sys.stderr)
    print(f"in {time.monotonic() - begun:.0f} s")
    print(f"{sum(row.at_kinde for row in rows)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
