"""What every test stands on: a sandbox of its own session, and migrators that talk to it."""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING, Any

import django
import pytest

from kinde_migrate import Migrator
from sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.contrib.auth.models import User

# Before the Django tests are imported, which need its models.
os.environ["DJANGO_SETTINGS_MODULE"] = "django_project"
django.setup()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine's reaches a test, and no test the machine's ledger."""
    for name in list(os.environ):
        if name.startswith("KINDE_") and name != "KINDE_MIGRATE_BIN":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The sandbox, empty and without faults."""
    running.reset()
    return running


@pytest.fixture
def make(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Migrator]]:
    """Makes migrators for the sandbox, each with a ledger of its own unless told otherwise."""
    numbers = itertools.count()
    with contextlib.ExitStack() as stack:

        def make(**settings: Any) -> Migrator:
            own = {
                "domain": sandbox.url,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "ledger": tmp_path / f"ledger-{next(numbers)}" / "ledger.db",
                "deadline": 20,
                "bcrypt_cost": 4,
            }
            return stack.enter_context(Migrator(**{**own, **settings}))

        yield make


@pytest.fixture(scope="session")
def database() -> None:
    """One for all Django tests, in memory."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@pytest.fixture
def configured(database: None, sandbox: Sandbox, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The Django project, with the sandbox for its Kinde."""
    from django.test import override_settings

    settings = {
        "DOMAIN": sandbox.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "ledger": tmp_path / "ledger.db",
        "bcrypt_cost": 4,
    }
    with override_settings(KINDE_MIGRATE=settings):
        yield settings


@pytest.fixture
def ada(configured: dict[str, Any]) -> User:
    from django_users import new_user

    return new_user()


@pytest.fixture
def migrator(make: Callable[..., Migrator]) -> Migrator:
    return make()
