"""A sandbox in a process of its own: `kinde-migrate sandbox`."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

CLIENT_ID = "python-tests"
CLIENT_SECRET = "python-tests-secret-8f1e"

ROOT = Path(__file__).resolve().parents[2]


def binary() -> str:
    """The built tool: where KINDE_MIGRATE_BIN says, or in the workspace's target directory."""
    given = os.environ.get("KINDE_MIGRATE_BIN")
    places = (
        [Path(given)]
        if given
        else [ROOT / "target" / kind / "kinde-migrate" for kind in ("release", "debug")]
    )
    for place in places:
        if place.exists():
            return str(place)
    raise FileNotFoundError(
        f"no kinde-migrate at {' or '.join(map(str, places))}: "
        "build it with `cargo build -p kinde-migrate-cli`, or set KINDE_MIGRATE_BIN"
    )


class Sandbox:
    """Speaks to its own routes, which are never limited, delayed or faulted."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [binary(), "sandbox", "--port", "0", "--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        if not first.startswith("listening on "):
            raise RuntimeError(f"the sandbox did not start: {first!r}")
        self.url = first.removeprefix("listening on ").strip()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def get(self, route: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/sandbox/{route}", timeout=30) as answer:
            return json.load(answer)

    def post(self, route: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/sandbox/{route}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def reset(self, **body: Any) -> None:
        own = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        self.post("reset", {**body, "options": {**own, **body.get("options", {})}})

    def options(self, **options: Any) -> None:
        self.post("options", options)

    def sign_in(self, email: str, password: str) -> bool:
        """Whether this password works at Kinde now."""
        try:
            answer = self.post("sign-in", {"email": email, "password": password})
        except urllib.error.HTTPError as error:
            with error:
                return False
        return bool(answer.get("ok"))

    def users(self) -> list[dict[str, Any]]:
        users = self.get("users")
        found: list[dict[str, Any]] = users["users"] if isinstance(users, dict) else users
        return found

    def calls(self) -> dict[str, int]:
        calls: dict[str, int] = self.get("stats")["calls"]
        return calls
