"""allauth, the REST framework and pytest-django, as their users set them up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client, override_settings

import kinde_migrate.django
from django_users import MODEL_BACKEND, PASSWORD, calls, new_user, sign_in, signed_in
from kinde_migrate import Migrator
from sandbox import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox

HERE = Path(__file__).resolve().parent
pytestmark = pytest.mark.usefixtures("configured")

VICTIM = "victim@example.org"
THEIRS = "the victim's own password"
CHOSEN = "chosen by somebody else 1"


@pytest.fixture
def allauth() -> Iterator[None]:
    backends = [MODEL_BACKEND, "allauth.account.auth_backends.AuthenticationBackend"]
    with override_settings(AUTHENTICATION_BACKENDS=backends, ACCOUNT_EMAIL_VERIFICATION="mandatory"):
        yield


def prove(email: str) -> None:
    EmailAddress.objects.filter(email=email).update(verified=True)


def allauth_sign_in(email: str, password: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


@pytest.mark.usefixtures("allauth")
@pytest.mark.parametrize("at", ["login", "authenticate"])
@pytest.mark.parametrize("atomic", [True, False])
def test_a_sign_up_that_was_not_let_in_carries_nothing(
    sandbox: Sandbox, configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch, at: str, atomic: bool
) -> None:
    from django.db import connections

    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
    sandbox.reset(users=[{"email": VICTIM, "password": THEIRS}])
    User.objects.filter(email=VICTIM).delete()
    with override_settings(KINDE_MIGRATE={**configured, "sign_in_at": at}):
        client = Client()
        page = client.post("/accounts/signup/", {"email": VICTIM, "password1": CHOSEN, "password2": CHOSEN})
        assert page.status_code == 302, page.content.decode()
        assert not EmailAddress.objects.get(email=VICTIM).verified
        assert signed_in(client) == ""
        assert signed_in(allauth_sign_in(VICTIM, CHOSEN)) == ""
        assert calls(sandbox) == 0
        assert sandbox.sign_in(VICTIM, THEIRS)
        # A change before it is proven, by the admin say.
        user = User.objects.get(email=VICTIM)
        user.set_password(CHOSEN)
        user.save()
        assert kinde_migrate.django.change_password(user, CHOSEN) is None
        assert calls(sandbox) == 0
        # Whoever has shown that the address is theirs comes along at the next sign-in.
        prove(VICTIM)
        assert signed_in(allauth_sign_in(VICTIM, CHOSEN)) == user.username
        assert sandbox.sign_in(VICTIM, CHOSEN)


@pytest.mark.usefixtures("allauth")
def test_allauth_knows_which_addresses_are_proven(
    sandbox: Sandbox, ada: User, configured: dict[str, Any]
) -> None:
    with override_settings(
        KINDE_MIGRATE={**configured, "require_verified_email": True}, ACCOUNT_EMAIL_VERIFICATION="none"
    ):
        address = EmailAddress.objects.create(user=ada, email=ada.email.upper(), verified=False, primary=True)
        assert signed_in(allauth_sign_in(ada.email, PASSWORD)) == ada.username
        assert calls(sandbox) == 0
        address.verified = True
        address.save()
        assert signed_in(allauth_sign_in(ada.email, PASSWORD)) == ada.username
        assert sandbox.sign_in(ada.email, PASSWORD)
        # Nobody has proven anything of an address that allauth does not know.
        other = new_user()
        assert signed_in(sign_in(other)) == other.username
        assert not sandbox.sign_in(other.email, PASSWORD)


def test_the_rest_framework(sandbox: Sandbox, ada: User, configured: dict[str, Any]) -> None:
    client = sign_in(ada, page="/rest/")
    assert signed_in(client) == ada.username
    assert sandbox.sign_in(ada.email, PASSWORD)
    # A token is no login of Django's.
    other = new_user()
    sign_in(other, page="/token/")
    assert not sandbox.sign_in(other.email, PASSWORD)
    with override_settings(KINDE_MIGRATE={**configured, "sign_in_at": "authenticate"}):
        sign_in(other, page="/token/")
    assert sandbox.sign_in(other.email, PASSWORD)


def test_a_browser_that_has_gone_loses_no_change(
    sandbox: Sandbox, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.options(latency_ms=300)
    own, done = Migrator.change_password_async, []

    async def told(*arguments: Any) -> Any:
        done.append(await own(*arguments))
        return done[-1]

    monkeypatch.setattr(Migrator, "change_password_async", told)

    async def main() -> None:
        waiting = asyncio.create_task(kinde_migrate.django.achange_password(ada, PASSWORD))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for _ in range(600):
            if done:
                break
            await asyncio.sleep(0.1)

    asyncio.run(main())
    assert [outcome.status for outcome in done] == ["created"]
    assert sandbox.sign_in(ada.email, PASSWORD)


PROJECT = """
import kinde_migrate.django
import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, login
from django.contrib.auth.models import User
from django.test import RequestFactory

def test_admin_client(admin_client, admin_user):
    assert admin_client.get("/").content.decode() == admin_user.username
    assert admin_client.session[BACKEND_SESSION_KEY].startswith("django.")

def test_force_login(client, django_user_model):
    user = django_user_model.objects.create_user("ada", "ada@example.org", "x")
    client.force_login(user)
    assert client.get("/").content.decode() == "ada"

def test_the_first_backend(client, django_user_model, settings):
    user = django_user_model.objects.create_user("ada", "ada@example.org", "x")
    request = RequestFactory().get("/")
    request.session = client.session
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert request.session[BACKEND_SESSION_KEY].startswith("django.")

def test_with_perm(db):
    assert not User.objects.with_perm("auth.add_user").exists()

def test_changes_come_with_the_captured_hooks(db, settings, django_capture_on_commit_callbacks):
    user = User.objects.create_user("ada", "ada@example.org", "x")
    with django_capture_on_commit_callbacks(execute=True) as hooks:
        user.set_password("the new one")
        user.save()
    assert len(hooks) == (0 if settings.KINDE_MIGRATE["enabled"] == "False" else 1)
"""


@pytest.mark.parametrize(
    ("listed", "enabled"), [("none", "True"), ("first", "True"), ("first", "False"), ("last", "False")]
)
def test_pytest_django(tmp_path: Path, sandbox: Sandbox, listed: str, enabled: str) -> None:
    observer = ["kinde_migrate.django.backends.Observer"]
    backends = {"none": [], "first": observer, "last": []}[listed] + [MODEL_BACKEND]
    backends += observer * (listed == "last")
    settings = f"""
    from django_project import *
    AUTHENTICATION_BACKENDS = {backends!r}
    KINDE_MIGRATE = {{
        "enabled": {enabled!r}, "domain": {sandbox.url!r}, "client_id": {CLIENT_ID!r},
        "client_secret": {CLIENT_SECRET!r}, "ledger": "memory", "bcrypt_cost": 4,
    }}
    """
    (tmp_path / "their_settings.py").write_text(textwrap.dedent(settings))
    (tmp_path / "test_theirs.py").write_text(PROJECT)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nDJANGO_SETTINGS_MODULE = their_settings\npythonpath = .\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]),
            "DJANGO_SETTINGS_MODULE": "their_settings",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout
    assert sandbox.sign_in("ada@example.org", "the new one") == (enabled == "True")
