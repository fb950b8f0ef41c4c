"""A sandbox of one's own, for the scripts of this repository. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"


def binary() -> str:
    """The command: $KINDE_MIGRATE_BIN, or what was built here."""
    named = os.environ.get("KINDE_MIGRATE_BIN")
    built = [ROOT / "target" / profile / "kinde-migrate" for profile in ("release", "debug")]
    for path in [Path(named)] if named else built:
        if path.exists():
            return str(path)
    raise SystemExit("kinde-migrate is not built; run `make build`")


class Sandbox:
    """Starts `kinde-migrate sandbox` on a free port and stops it."""

    def __init__(self, *options: str) -> None:
        command = [
            binary(),
            "sandbox",
            "--port",
            "0",
            "--client-id",
            CLIENT_ID,
            "--client-secret",
            CLIENT_SECRET,
        ]
        self.process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if not first.startswith("listening on "):
            raise SystemExit(f"the sandbox did not start: {first!r}")
        self.url = first.removeprefix("listening on ").strip()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def environment(self) -> dict[str, str]:
        """What an application needs to migrate into this sandbox."""
        return {
            "KINDE_DOMAIN": self.url,
            "KINDE_MANAGEMENT_CLIENT_ID": CLIENT_ID,
            "KINDE_MANAGEMENT_CLIENT_SECRET": CLIENT_SECRET,
        }

    def ask(self, path: str, body: Any = None) -> Any:
        """GET, or POST with a JSON body, of one of the sandbox's own routes."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def signs_in(self, email: str, password: str) -> bool:
        """Whether Kinde would let this person in."""
        return bool(self.ask("/sandbox/sign-in", {"email": email, "password": password})["ok"])

    def users(self) -> list[dict[str, Any]]:
        """Everybody in this Kinde; never a hash."""
        answer = self.ask("/sandbox/users")
        return list(answer)
