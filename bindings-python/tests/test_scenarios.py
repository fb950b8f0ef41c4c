"""The scenarios that every language runs: `tests/scenarios/*.json`. Its README says what the members mean."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kinde_migrate import Error, HashNotImportableError, Migrator, Outcome, explain_hash, require_importable
from sandbox import CLIENT_ID, CLIENT_SECRET, ROOT, Sandbox

FOLDER = Path(os.environ.get("SCENARIOS") or ROOT / "tests" / "scenarios")
SCENARIOS: list[dict[str, Any]] = [
    scenario
    for path in sorted(FOLDER.glob("*.json"))
    if path.name != "schema.json"
    for scenario in json.loads(path.read_text("utf-8"))["scenarios"]
]

# What is waited for is mostly the clock.
AT_ONCE = 24
# An entry is put off by 20 s at most, and seldom that far.
SETTLED_WITHIN = 300


def test_there_are_enough() -> None:
    assert len(SCENARIOS) >= 40
    assert len({scenario["name"] for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["name"] for scenario in SCENARIOS])
def test_scenario(scenario: dict[str, Any], running: Sandbox, tmp_path: Path) -> None:
    comes_out_as_it_says(scenario, running, tmp_path)


def test_bad_weather_changes_no_end(tmp_path: Path) -> None:
    """`tests/weather.py` says how to choose one of these runs."""
    written = subprocess.run(
        [sys.executable, ROOT / "tests" / "weather.py"], stdout=subprocess.PIPE, check=True
    )
    scenarios: list[dict[str, Any]] = json.loads(written.stdout)
    sandboxes: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()

    def failure(number: int, scenario: dict[str, Any]) -> str | None:
        sandbox = sandboxes.get()
        try:
            comes_out_as_it_says(scenario, sandbox, tmp_path / str(number))
        except (Exception, pytest.fail.Exception) as error:
            return f"{scenario['name']}: {error!r}"
        finally:
            sandboxes.put(sandbox)
        return None

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(AT_ONCE):
            sandboxes.put(stack.enter_context(Sandbox()))
        failures = [failed for failed in pool.map(failure, range(len(scenarios)), scenarios) if failed]
    assert not failures, "\n".join([f"{len(failures)} of {len(scenarios)} failed:", *failures])


def comes_out_as_it_says(scenario: dict[str, Any], sandbox: Sandbox, folder: Path) -> None:
    sandbox.reset(**scenario.get("sandbox", {}))
    folder.mkdir(exist_ok=True)
    run = Run(sandbox, folder, scenario)
    if "build_error" in scenario:
        with pytest.raises(Error) as raised:
            run.build()
        assert raised.value.code == scenario["build_error"]
        shows_none(raised.value, [*scenario.get("secret", []), CLIENT_SECRET])
        return
    run.build()
    try:
        for number, step in enumerate(scenario["steps"], 1):
            try:
                run.step(step)
            except AssertionError as error:
                raise AssertionError(f"step {number}: {error}") from error
        assert run.migrator.status().owed == scenario["end"].get("owed", 0)
    finally:
        run.migrator.close()
    run.end(scenario["end"])


class Run:
    """One scenario on its way."""

    migrator: Migrator

    def __init__(self, sandbox: Sandbox, folder: Path, scenario: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.fresh = 0
        self.settings: dict[str, str | None] = {
            "domain": "@sandbox",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "ledger": "@fresh",
        }
        self.set(scenario.get("settings", {}))

    def set(self, settings: dict[str, str | None]) -> None:
        self.settings |= settings
        if self.settings["client_secret"] == "@secret":
            self.settings["client_secret"] = CLIENT_SECRET
        if self.settings["domain"] == "@sandbox":
            self.settings["domain"] = self.sandbox.url
        elif self.settings["domain"] == "@closed":
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                self.settings["domain"] = f"http://127.0.0.1:{closed.getsockname()[1]}"
        if self.settings["ledger"] == "@fresh":
            self.fresh += 1
            self.settings["ledger"] = str(self.folder / f"fresh-{self.fresh}" / "ledger.db")
        elif self.settings["ledger"] == "@unwritable":
            file = self.folder / "file"
            file.write_text("")
            self.settings["ledger"] = str(file / "ledger.db")

    def build(self) -> None:
        self.migrator = Migrator(
            **{name: value for name, value in self.settings.items() if value is not None}
        )

    def step(self, step: dict[str, Any]) -> None:
        if "verb" in step:
            self.verb(step)
        elif "sandbox" in step:
            for route, body in step["sandbox"].items():
                if route == "reset":
                    self.sandbox.reset(**body)
                else:
                    self.sandbox.post(route, body)
        elif "restart" in step:
            self.migrator.close()
            self.set(step.get("settings", {}))
            self.build()
        elif "drain" in step:
            drained = self.migrator.drain(**step["drain"])
            for name, expected in step["expect"].items():
                assert getattr(drained, name) == expected, f"{name} of {drained}"
        elif "status" in step:
            status = self.migrator.status()
            for name, expected in step["expect"].items():
                assert getattr(status, name) == expected, f"{name} of {status}"
        elif "explain_hash" in step:
            explained_as_it_says(step)
        elif "settle" in step:
            ends = time.monotonic() + SETTLED_WITHIN
            while self.migrator.status().owed > step["settle"]["owed"]:
                assert time.monotonic() < ends, f"more is owed after {SETTLED_WITHIN} s of drains"
                self.migrator.drain(max=100, deadline=10)
                time.sleep(0.02)
        else:
            raise AssertionError(f"no step is known by {', '.join(step)}")

    def verb(self, step: dict[str, Any]) -> None:
        user, credential = texts(step["user"]), texts(step.get("credential"))
        arguments = (user,) if step["verb"] == "request_reset" else (user, credential)
        secrets = [(credential or {}).get(name) for name in ("password", "hash")]
        secrets += [user.get("email"), self.settings["client_secret"]]
        if "misuse" in step:
            with pytest.raises(Error) as raised:
                getattr(self.migrator, step["verb"])(*arguments)
            assert raised.value.code == step["misuse"]
            shows_none(raised.value, secrets)
            return
        outcome: Outcome = getattr(self.migrator, step["verb"])(*arguments)
        shows_none(outcome, secrets)
        expect: dict[str, Any] = step["expect"]
        message = outcome.message or ""
        for name, expected in expect.items():
            if name == "calls":
                fits(outcome.calls, expected, repr(outcome))
            elif name == "has_kinde_id":
                assert (outcome.kinde_id is not None) == expected, repr(outcome)
            elif name == "message_has":
                assert expected in message
            elif name == "message_lacks":
                assert expected not in message
            else:
                assert getattr(outcome, name) == expected, repr(outcome)
        if outcome.status in ("queued", "skipped", "rejected"):
            assert outcome.reason, repr(outcome)
            assert outcome.message, repr(outcome)

    def end(self, end: dict[str, Any]) -> None:
        users = self.sandbox.users()
        if "users" in end:
            assert len(users) == end["users"]
        stats = self.sandbox.get("stats")
        for call, expected in end.get("calls", {}).items():
            fits(stats["calls"][call], expected, f"{call} of {stats['calls']}")
        if "tokens" in end:
            fits(stats["tokens"], end["tokens"], "tokens")
        for expected in end.get("user", []):
            email = expected["email"].lower()
            found = [user for user in users if (user["email"] or "").lower() == email]
            assert len(found) == 1, f"{len(found)} users of that e-mail"
            assert {name: found[0][name] for name in expected if name != "email"} == {
                name: value for name, value in expected.items() if name != "email"
            }
        for attempt in end.get("sign_ins", []):
            assert self.sandbox.sign_in(attempt["email"], attempt["password"]) == attempt["ok"]


def explained_as_it_says(step: dict[str, Any]) -> None:
    asked = texts(step["explain_hash"])
    asked["stored"] = asked.pop("hash", None)
    secrets = [asked["stored"], *step.get("hides", [])]
    if "misuse" in step:
        for ask in (explain_hash, require_importable):
            with pytest.raises(Error) as raised:
                ask(**asked)
            assert raised.value.code == step["misuse"]
            assert not isinstance(raised.value, HashNotImportableError)
            shows_none(raised.value, secrets)
        return
    explained = explain_hash(**asked)
    shown = {name: getattr(explained, name) for name in dir(explained) if not name.startswith("_")}
    shows_none(shown, secrets)
    shows_none(explained, secrets)
    for name, expected in step["expect"].items():
        assert shown[name] == expected, f"{name} of {shown}"
    if explained.importable and not explained.import_file_only:
        assert require_importable(**asked) == explained
        return
    with pytest.raises(HashNotImportableError) as refused:
        require_importable(**asked)
    error = refused.value
    shows_none(error, secrets)
    assert error.format == explained.format
    if explained.import_file_only:
        assert error.code == "hash_not_importable"
    else:
        assert (error.code, error.reason, error.advice) == (
            explained.code,
            explained.reason,
            explained.advice,
        )


def texts(value: Any) -> Any:
    """A user or a credential with its texts written out."""
    return None if value is None else {name: text(value) for name, value in value.items()}


def text(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "base64" in value:
        return base64.b64decode(value["base64"])
    if "repeat" in value:
        return value["repeat"] * value["times"] + value.get("then", "")
    return texts(value)


def fits(number: int, expected: int | dict[str, int], what: str) -> None:
    if isinstance(expected, dict):
        assert expected["least"] <= number <= expected["most"], what
    else:
        assert number == expected, what


def shows_none(shown: object, secrets: list[Any]) -> None:
    for secret in secrets:
        plain = secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
        if isinstance(plain, str) and len(plain) >= 4:
            assert plain not in str(shown)
            assert plain not in repr(shown)
