"""The Django app, inside one process: what it sees, what it leaves alone, and that it breaks nothing."""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, authenticate, get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import transaction
from django.test import Client, RequestFactory, override_settings
from django.views.debug import ExceptionReporter

import kinde_migrate.django
from django_users import MODEL_BACKEND, PASSWORD, calls, numbers, sign_in, signed_in
from kinde_migrate import User as KindeUser
from kinde_migrate.django import _carry, _conf, _fields
from kinde_migrate.django.backends import MigratingMixin, Observer
from sandbox import CLIENT_SECRET

if TYPE_CHECKING:
    from sandbox import Sandbox

OBSERVER = "kinde_migrate.django.backends.Observer"
VALIDATOR = "kinde_migrate.django.validators.PasswordObserver"


class Backend(MigratingMixin, ModelBackend):
    """As the README tells to write it."""


class Strict(ModelBackend):
    """A project's own: it names its arguments, and has the last word over the one it derives from."""

    allowed = True

    def authenticate(  # type: ignore[override]  # as projects do
        self, request: Any, username: str | None = None, password: str | None = None, *, code: str = ""
    ) -> Any:
        user = super().authenticate(request, username, password)
        return user if self.allowed else None


pytestmark = pytest.mark.usefixtures("configured")


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


def test_whoever_was_accepted_is_carried_over_whatever_they_typed_as_their_name(
    sandbox: Sandbox, ada: User
) -> None:
    class ByEmail(ModelBackend):
        def authenticate(  # type: ignore[override]  # as projects do
            self, request: Any, email: str = "", password: str = "", **other: Any
        ) -> Any:
            user = User.objects.get(email__iexact=email)
            return user if user.check_password(password) else None

    globals()["ByEmail"] = ByEmail
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.ByEmail"]):
        # Without a request, and with another object of the same user.
        found = authenticate(None, email=ada.email.upper(), password=PASSWORD)
        assert found == ada
        request = RequestFactory().get("/")
        request.session = Client().session
        assert calls(sandbox) == 0
        login(request, found)
        assert sandbox.sign_in(ada.email, PASSWORD)
        request = RequestFactory().get("/")
        request.session = Client().session
        before = calls(sandbox)
        assert authenticate(request, email=ada.email, password=PASSWORD) == ada
        login(request, User.objects.get(pk=ada.pk), backend=f"{__name__}.ByEmail")
        assert calls(sandbox) == before
        assert not any("kinde" in name for name in vars(request))


@pytest.mark.parametrize(
    "settings",
    [
        {"domain": "http://team.kinde.com"},
        {"domian": "x"},
        {"user": "no.such.function"},
        {"user": lambda user: 3},
        {"user": 3},
        {"enabled": "perhaps"},
        {"sign_in_at": "noon"},
        {"email_verified": "no_such_attribute"},
        {"email_verified": "no.such.function"},
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
    fields = _fields.default_fields
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


def test_sign_ins_in_a_loop(sandbox: Sandbox, ada: User) -> None:
    # Django 4.2 has none of its own.
    aauthenticate = getattr(auth, "aauthenticate", sync_to_async(authenticate))

    async def signs_in(password: str) -> Any:
        return await aauthenticate(RequestFactory().get("/"), username=ada.username, password=password)

    for backends in ([MODEL_BACKEND], ["test_django.Backend", MODEL_BACKEND]):
        with override_settings(AUTHENTICATION_BACKENDS=backends):
            assert asyncio.run(signs_in("something else")) is None
            assert calls(sandbox) == 0
            assert asyncio.run(signs_in(PASSWORD)) == ada
    assert sandbox.sign_in(ada.email, PASSWORD)
    assert calls(sandbox) == 3


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
    wrongs: list[dict[str, Any]] = [
        *(
            {"bcrypt_cost": 99},
            {"domian": "x"},
            {"enabled": "perhaps"},
            {"enabled": 2},
            {"sign_in_at": "noon"},
        ),
        *({"user": "no.such.function"}, {"user": 3}, {"user": "django.VERSION"}),
        *({"email_verified": "no_such_attribute"}, {"email_verified": "no.such.function"}),
    ]
    for wrong in wrongs:
        assert ids(KINDE_MIGRATE={**configured, **wrong}) == {"kinde_migrate.E001"}, wrong
    for nonsense in ("text", [1], {1: 2}):
        assert ids(KINDE_MIGRATE=nonsense) == {"kinde_migrate.E001"}, nonsense
    for off in (False, "False", "false", "0", 0, "no", "off", " OFF "):
        assert ids(KINDE_MIGRATE={"enabled": off}) == set(), off
    for listed in ([MODEL_BACKEND], [OBSERVER, MODEL_BACKEND], [MODEL_BACKEND, OBSERVER]):
        assert ids(AUTHENTICATION_BACKENDS=listed) == set()
    # Whoever was logged in by ModelBackend is logged out.
    assert ids(AUTHENTICATION_BACKENDS=["test_django.Backend"]) == {"kinde_migrate.W004"}
    assert ids(AUTHENTICATION_BACKENDS=["test_django.Backend", MODEL_BACKEND]) == set()
    assert ids(AUTHENTICATION_BACKENDS=["test_django.Unusual"]) == {"kinde_migrate.W002"}
    assert ids(AUTH_PASSWORD_VALIDATORS=[]) == {"kinde_migrate.W003"}
    assert ids(AUTH_PASSWORD_VALIDATORS=[{"NAME": VALIDATOR}]) == set()
    assert get_user_model() is User


class Unusual(ModelBackend):
    authenticate = staticmethod(lambda request, **credentials: None)  # type: ignore[assignment]


def test_enabled_may_be_a_text(sandbox: Sandbox, ada: User, configured: dict[str, Any]) -> None:
    for off in ("False", "0", "no"):
        with override_settings(KINDE_MIGRATE={**configured, "enabled": off}):
            sign_in(ada)
            assert kinde_migrate.django.change_password(ada, PASSWORD) is None
    assert calls(sandbox) == 0
    with override_settings(KINDE_MIGRATE={**configured, "enabled": "True"}):
        sign_in(ada)
    assert calls(sandbox) == 3


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("listed", [[MODEL_BACKEND], [OBSERVER, MODEL_BACKEND], [MODEL_BACKEND, OBSERVER]])
def test_no_session_names_a_backend_of_ours(
    ada: User, configured: dict[str, Any], listed: list[str], enabled: bool
) -> None:
    """What Django, pytest-django and projects do with the list of backends goes as it went without this
    app."""
    with override_settings(AUTHENTICATION_BACKENDS=listed, KINDE_MIGRATE={**configured, "enabled": enabled}):
        client = Client()
        client.force_login(ada)
        clients = [client, sign_in(ada)]
        # The first and the last as the project wrote them, as Django has them, and none at all, as after a
        # sign-up.
        for backend in {*listed, *settings.AUTHENTICATION_BACKENDS, OBSERVER, None}:
            request = RequestFactory().get("/")
            request.session = Client().session
            login(request, User.objects.get(pk=ada.pk), backend=backend)
            request.session.save()
            client = Client()
            client.cookies[settings.SESSION_COOKIE_NAME] = str(request.session.session_key)
            clients.append(client)
        for client in clients:
            assert client.session[BACKEND_SESSION_KEY] == MODEL_BACKEND
            assert signed_in(client) == ada.username
        # `with_perm` wants to know one backend.
        assert list(User.objects.with_perm("auth.add_user", include_superusers=False)) == []
        assert not ada.has_perm("auth.add_user")
        assert not ada.has_module_perms("auth")
        assert authenticate(None, username=ada.username, password="something else") is None
    # The app is taken out again.
    with override_settings(AUTHENTICATION_BACKENDS=[MODEL_BACKEND]):
        for client in clients:
            assert signed_in(client) == ada.username


def test_the_observer_of_an_earlier_version_harms_nobody(ada: User) -> None:
    """Where it is asked all the same: in a session that names it, or without the app."""
    observer: Any = Observer()
    assert observer.get_user(ada.pk) == ada
    assert observer.get_user(0) is None
    assert observer.authenticate(None, username=ada.username, password=PASSWORD) is None
    with override_settings(AUTHENTICATION_BACKENDS=[OBSERVER]):
        assert authenticate(None, username=ada.username, password=PASSWORD) is None


def test_backends_keep_their_signatures(sandbox: Sandbox, ada: User) -> None:
    path = f"{__name__}.Strict"
    with override_settings(AUTHENTICATION_BACKENDS=[path]):
        assert str(inspect.signature(Strict().authenticate)) == (
            "(request: 'Any', username: 'str | None' = None, password: 'str | None' = None, "
            "*, code: 'str' = '') -> 'Any'"
        )
        # Credentials of another kind of login are not for it, and no HTTP 500 either.
        assert authenticate(None, token="x") is None
        assert Strict().authenticate(None, ada.username, PASSWORD) == ada
        assert authenticate(None, username=ada.username, password=PASSWORD, code="1") == ada
        assert calls(sandbox) == 0
    with override_settings(AUTHENTICATION_BACKENDS=["test_django.Backend", MODEL_BACKEND]):
        assert str(inspect.signature(Backend().authenticate)) == str(
            inspect.signature(ModelBackend().authenticate)
        )
        assert authenticate(None, token="x") is None
        assert Backend().authenticate(None, ada.username, PASSWORD) == ada
        assert sandbox.sign_in(ada.email, PASSWORD)


def test_only_the_last_word_counts(sandbox: Sandbox, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Strict, "allowed", False)
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Strict"]):
        assert signed_in(sign_in(ada)) == ""
        assert calls(sandbox) == 0
    monkeypatch.setattr(Strict, "allowed", True)
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Strict", MODEL_BACKEND]):
        assert signed_in(sign_in(ada)) == ada.username
        assert calls(sandbox) == 3


def test_sign_ins_may_be_carried_over_at_authenticate(
    sandbox: Sandbox, ada: User, configured: dict[str, Any]
) -> None:
    with override_settings(KINDE_MIGRATE={**configured, "sign_in_at": "authenticate"}):
        assert authenticate(None, username=ada.username, password="something else") is None
        assert calls(sandbox) == 0
        assert authenticate(None, username=ada.username, password=PASSWORD) == ada
        assert sandbox.sign_in(ada.email, PASSWORD)
        before = calls(sandbox)
        client = sign_in(ada)
        assert client.session[BACKEND_SESSION_KEY] == MODEL_BACKEND
        assert calls(sandbox) == before


def test_who_waits_to_be_logged_in_is_copied_without_a_password(ada: User) -> None:
    user = authenticate(None, username=ada.username, password=PASSWORD)
    assert PASSWORD not in repr(vars(user))
    for copied in (pickle.loads(pickle.dumps(user)), copy.deepcopy(user), copy.copy(user)):
        assert copied == ada
    assert pickle.loads(pickle.dumps(user))._kinde_migrate_waiting() is None


@pytest.mark.parametrize(
    ("known", "verified"),
    [
        ("is_staff", True),
        ("is_superuser", False),
        ("get_full_name", True),
        ("last_login", None),
        (lambda user: True, True),
        (lambda user: False, False),
        (lambda user: None, None),
        ("test_django.told_by_its_path", True),
        (None, None),
    ],
)
def test_who_knows_of_proven_addresses(
    sandbox: Sandbox, ada: User, configured: dict[str, Any], known: Any, verified: bool | None
) -> None:
    ada.is_staff = True
    own = {**configured, "email_verified": known, "require_verified_email": True}
    with override_settings(KINDE_MIGRATE=own):
        assert _fields.fields(ada).get("email_verified") is verified
        outcome = kinde_migrate.django.migrate(ada, PASSWORD)
        assert outcome is not None
        assert (outcome.status, outcome.reason) == (
            ("created", None) if verified else ("skipped", "email_not_verified")
        )
    # What the project's own function says goes before.
    for own_fields in ({"email": ada.email, "email_verified": False}, KindeUser(email=ada.email)):
        with override_settings(KINDE_MIGRATE={**own, "user": lambda user, given=own_fields: given}):
            assert _fields.fields(ada) == own_fields


def told_by_its_path(user: User) -> bool:
    return user.is_staff


def test_a_user_who_has_been_deleted_is_left_alone(sandbox: Sandbox, ada: User) -> None:
    with transaction.atomic():
        ada.set_password("the new one")
        ada.save()
        ada.delete()
    assert calls(sandbox) == 0
