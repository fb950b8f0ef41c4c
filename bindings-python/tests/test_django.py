"""The Django app, inside one process: what it sees, what it leaves alone, and that it breaks nothing."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, aauthenticate, authenticate, get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import transaction
from django.test import Client, RequestFactory, override_settings
from django.views.debug import ExceptionReporter

import kinde_migrate.django
from kinde_migrate.django import _carry, _conf, _typed
from kinde_migrate.django.backends import MigratingMixin
from sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "correct horse battery"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
OBSERVER = "kinde_migrate.django.backends.Observer"
VALIDATOR = "kinde_migrate.django.validators.PasswordObserver"
numbers = itertools.count(1)


class Backend(MigratingMixin, ModelBackend):  # type: ignore[misc]  # that one names its arguments
    """As the README tells to write it."""


@pytest.fixture(scope="module", autouse=True)
def database() -> None:
    call_command("migrate", verbosity=0)


@pytest.fixture(autouse=True)
def configured(sandbox: Sandbox, tmp_path: Path) -> Iterator[dict[str, Any]]:
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
def ada() -> User:
    """A user whose row has been there for years."""
    name = f"ada{next(numbers)}"
    user = User(
        username=name, email=f"{name}@example.org", first_name="Ada", password=make_password(PASSWORD)
    )
    user.save()
    return user


def sign_in(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/login/", {"username": user.username, "password": password})
    return client


def signed_in(client: Client) -> str:
    return client.get("/").content.decode()


def calls(sandbox: Sandbox) -> int:
    return sum(sandbox.calls().values())


def test_a_sign_in_is_carried_over_once(sandbox: Sandbox, ada: User) -> None:
    client = sign_in(ada)
    assert signed_in(client) == ada.username
    # Whoever takes the app out again logs nobody out.
    assert client.session[BACKEND_SESSION_KEY] == MODEL_BACKEND
    assert sandbox.sign_in(ada.email, PASSWORD)
    assert sandbox.users()[0]["first_name"] == "Ada"
    assert sandbox.users()[0]["provided_id"] == str(ada.pk)
    assert calls(sandbox) == 3
    assert signed_in(sign_in(ada)) == ada.username
    assert calls(sandbox) == 3


def test_a_refused_sign_in_is_not(sandbox: Sandbox, ada: User) -> None:
    assert signed_in(sign_in(ada, "something else")) == ""
    request = RequestFactory().get("/")
    assert authenticate(request, username=ada.username, password="something else") is None
    assert not any("kinde" in name for name in vars(request))
    assert calls(sandbox) == 0


def test_a_hash_upgraded_at_the_sign_in_is_the_version(sandbox: Sandbox, ada: User) -> None:
    ada.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    ada.save()
    sign_in(ada)
    assert User.objects.get(pk=ada.pk).password.startswith("md5$")
    assert calls(sandbox) == 3
    sign_in(ada)
    assert calls(sandbox) == 3


def test_a_sign_up_and_a_change(sandbox: Sandbox) -> None:
    name = f"grace{next(numbers)}"
    form: UserCreationForm[User] = UserCreationForm(
        {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    )
    form.instance.email = f"{name}@example.org"
    user = form.save()
    assert sandbox.sign_in(user.email, PASSWORD)
    before = calls(sandbox)
    sign_in(user)
    assert calls(sandbox) == before
    change = AdminPasswordChangeForm(user, {"password1": PASSWORD + "!", "password2": PASSWORD + "!"})
    assert change.is_valid()
    change.save()
    assert sandbox.sign_in(user.email, PASSWORD + "!")
    assert not sandbox.sign_in(user.email, PASSWORD)


def test_a_change_is_carried_over_when_it_is_committed(sandbox: Sandbox, ada: User) -> None:
    with transaction.atomic():
        ada.set_password("the new one")
        ada.save()
        assert calls(sandbox) == 0
    assert sandbox.sign_in(ada.email, "the new one")
    before = calls(sandbox)
    with transaction.atomic():
        ada.set_password("another one")
        ada.save()
        transaction.set_rollback(True)
    assert calls(sandbox) == before


def test_create_user_tells_nobody_and_the_function_does(sandbox: Sandbox) -> None:
    name = f"joan{next(numbers)}"
    user = User.objects.create_user(name, f"{name}@example.org", PASSWORD)
    assert calls(sandbox) == 0
    outcome = kinde_migrate.django.change_password(user, PASSWORD)
    assert outcome is not None
    assert outcome.status == "created"


def test_somebody_else_than_who_typed(sandbox: Sandbox, ada: User) -> None:
    request = RequestFactory().get("/")
    request.session = Client().session
    other = User.objects.create(username=f"other{next(numbers)}", email="other@example.org", password="!")
    assert authenticate(request, username=ada.username, password=PASSWORD) == ada
    login(request, other, backend=MODEL_BACKEND)
    assert calls(sandbox) == 0


def test_a_name_that_the_user_does_not_have_may_still_be_his(sandbox: Sandbox, ada: User) -> None:
    request = RequestFactory().get("/")
    request.session = Client().session
    _typed.remember(request, {"username": "alias", "password": PASSWORD})
    login(request, ada, backend=MODEL_BACKEND)
    assert sandbox.sign_in(ada.email, PASSWORD)


@pytest.mark.parametrize(
    "settings",
    [
        {"domain": "http://team.kinde.com"},
        {"domian": "x"},
        {"user": "no.such.function"},
        {"user": lambda user: 3},
    ],
)
def test_wrong_settings_break_no_login(
    settings: dict[str, Any],
    configured: dict[str, Any],
    ada: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        override_settings(KINDE_MIGRATE={**configured, **settings}),
        caplog.at_level(logging.ERROR, "kinde_migrate"),
    ):
        assert signed_in(sign_in(ada)) == ada.username
    assert "is not carried over" in caplog.text
    for secret in (PASSWORD, CLIENT_SECRET, ada.email):
        assert secret not in caplog.text


def test_kinde_is_down(sandbox: Sandbox, ada: User, configured: dict[str, Any]) -> None:
    with override_settings(KINDE_MIGRATE={**configured, "DOMAIN": "http://127.0.0.1:9", "deadline": 0.5}):
        assert signed_in(sign_in(ada)) == ada.username
        assert _conf.migrator().status().owed == 1


def test_it_can_be_switched_off_and_told_whom(
    sandbox: Sandbox, ada: User, configured: dict[str, Any]
) -> None:
    for off in ({"enabled": False}, {"user": lambda user: None}):
        with override_settings(KINDE_MIGRATE={**configured, **off}):
            assert signed_in(sign_in(ada)) == ada.username
    assert calls(sandbox) == 0
    with override_settings(KINDE_MIGRATE={**configured, "user": lambda user: {"email": "told@example.org"}}):
        sign_in(ada)
    assert sandbox.sign_in("told@example.org", PASSWORD)


def test_the_fields_of_a_user() -> None:
    fields = _conf.default_fields
    assert fields(User(pk=1, username="ada", email="a@x.org", last_name="L")) == {
        "email": "a@x.org",
        "username": None,
        "given_name": None,
        "family_name": "L",
        "provided_id": "1",
    }
    assert fields(User(pk=1, username="a@x.org"))["email"] == "a@x.org"
    assert fields(User(pk=1, username="ada"))["username"] == "ada"


def test_the_mixin_sees_what_no_login_follows(sandbox: Sandbox, ada: User) -> None:
    with override_settings(AUTHENTICATION_BACKENDS=["test_django.Backend"]):
        assert authenticate(None, username=ada.username, password="something else") is None
        assert calls(sandbox) == 0
        assert authenticate(None, username=ada.username, password=PASSWORD) == ada
        assert sandbox.sign_in(ada.email, PASSWORD)
        before = calls(sandbox)
        assert signed_in(sign_in(ada)) == ada.username
        assert calls(sandbox) == before


def test_the_mixin_in_a_loop(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User(pk=77, username="joan", email="joan@example.org", password="md5$stored")

    async def found(self: object, request: object, **credentials: object) -> User:
        return user

    # An in-memory database belongs to one thread; Django's own part is not what is tried here.
    monkeypatch.setattr(ModelBackend, "aauthenticate", found)
    with override_settings(
        AUTHENTICATION_BACKENDS=["kinde_migrate.django.backends.Observer", "test_django.Backend"]
    ):
        request = RequestFactory().get("/")
        assert asyncio.run(aauthenticate(request, username="joan", password=PASSWORD)) == user
    assert sandbox.sign_in("joan@example.org", PASSWORD)


def test_a_debug_page_shows_no_password(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(BaseException):
        """Goes through, as Ctrl-C does."""

    def stop() -> None:
        raise Stop

    monkeypatch.setattr(_conf, "migrator", stop)
    request = RequestFactory().get("/")
    request.session = Client().session
    user = authenticate(request, username=ada.username, password=PASSWORD)
    assert user
    try:
        login(request, user)
    except Stop:
        page = ExceptionReporter(request, *sys.exc_info()).get_traceback_html()
    assert Path(_carry.__file__).name in page
    assert PASSWORD not in page


def ids(**settings: Any) -> set[str | None]:
    with override_settings(**settings):
        return {message.id for message in run_checks() if (message.id or "").startswith("kinde_migrate.")}


def test_the_checks(configured: dict[str, Any]) -> None:
    assert ids() == set()
    assert ids(KINDE_MIGRATE={}) == {"kinde_migrate.W001"}
    assert ids(KINDE_MIGRATE={"enabled": False}) == set()
    assert ids(KINDE_MIGRATE={**configured, "bcrypt_cost": 99}) == {"kinde_migrate.E001"}
    assert ids(KINDE_MIGRATE={**configured, "domian": "x"}) == {"kinde_migrate.E001"}
    assert ids(AUTHENTICATION_BACKENDS=[MODEL_BACKEND]) == {"kinde_migrate.W002"}
    assert ids(AUTHENTICATION_BACKENDS=[MODEL_BACKEND, OBSERVER]) == {"kinde_migrate.W002"}
    assert ids(AUTHENTICATION_BACKENDS=[OBSERVER, MODEL_BACKEND]) == set()
    assert ids(AUTHENTICATION_BACKENDS=["test_django.Backend"]) == set()
    assert ids(AUTH_PASSWORD_VALIDATORS=[]) == {"kinde_migrate.W003"}
    assert ids(AUTH_PASSWORD_VALIDATORS=[{"NAME": VALIDATOR}]) == set()
    assert get_user_model() is User
