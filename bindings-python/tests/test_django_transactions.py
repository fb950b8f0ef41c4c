"""Passwords and the application's transactions: nothing is carried over inside one, and none shows in a
report."""

from __future__ import annotations

import logging
import sys
import unittest
from typing import TYPE_CHECKING, Any

import pytest
import sentry_sdk
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client, RequestFactory, TestCase, override_settings
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter
from sentry_sdk.scrubber import EventScrubber
from sentry_sdk.transport import Transport

import kinde_migrate.django
from django_pages import Refused
from django_users import PASSWORD, calls, new_user, sign_in, signed_in
from kinde_migrate import Migrator
from kinde_migrate.django import _conf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")

NEW = "the new one of theirs"


class Failed(Exception):
    """Another hook's."""


def fails() -> None:
    raise Failed


def change(user: User, password: str = NEW) -> None:
    user.set_password(password)
    user.save()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("robust", [True, False])
def test_another_hook_that_fails_stops_nothing(
    sandbox: Sandbox, ada: User, before: bool, robust: bool
) -> None:
    def both() -> None:
        with transaction.atomic():
            if before:
                transaction.on_commit(fails, robust=robust)
            change(ada)
            if not before:
                transaction.on_commit(fails, robust=robust)

    if robust:
        both()
    else:
        with pytest.raises(Failed):
            both()
    assert sandbox.sign_in(ada.email, NEW)
    assert calls(sandbox) == 3
    # The next transaction finds nothing of it.
    assert "run_and_clear_commit_hooks" not in vars(connection)
    ran: list[bool] = []
    with transaction.atomic():
        transaction.on_commit(lambda: ran.append(True))
    assert (ran, calls(sandbox)) == ([True], 3)


def test_what_is_rolled_back_is_not_carried_over(sandbox: Sandbox, ada: User) -> None:
    for sign in (change, lambda user: kinde_migrate.django.migrate(user, PASSWORD)):

        def signs_and_fails(sign: Callable[[User], object] = sign) -> None:
            with transaction.atomic():
                sign(ada)
                raise Failed

        with pytest.raises(Failed):
            signs_and_fails()
        with transaction.atomic():
            with pytest.raises(Failed):
                signs_and_fails()
            # A hook of somebody else's that fails at the commit does not bring it back.
            transaction.on_commit(fails, robust=True)
    assert calls(sandbox) == 0


def test_of_several_changes_each_has_its_own_version(sandbox: Sandbox, ada: User) -> None:
    with transaction.atomic():
        change(ada, "first")
        change(ada, "second")
    assert sandbox.sign_in(ada.email, "second")
    before = calls(sandbox)
    sign_in(ada, "second")
    assert calls(sandbox) == before


@pytest.fixture
def manually() -> Iterator[None]:
    transaction.set_autocommit(False)
    yield
    transaction.rollback()
    transaction.set_autocommit(True)


@pytest.mark.usefixtures("manually")
@pytest.mark.parametrize("inner", [True, False])
def test_manual_transactions(sandbox: Sandbox, ada: User, inner: bool) -> None:
    def changes(password: str) -> None:
        if inner:
            with transaction.atomic():
                change(ada, password)
        else:
            change(ada, password)

    transaction.commit()
    changes(NEW)
    transaction.rollback()
    transaction.commit()
    assert calls(sandbox) == 0
    changes("another")
    assert calls(sandbox) == 0
    transaction.commit()
    if inner:
        # Django's own hook, which it calls here.
        transaction.set_autocommit(True)
        transaction.set_autocommit(False)
    assert sandbox.sign_in(ada.email, "another")
    assert "commit" not in vars(connection)
    before = calls(sandbox)
    transaction.commit()
    assert calls(sandbox) == before


@pytest.mark.usefixtures("manually")
def test_a_sign_in_within_a_manual_transaction(sandbox: Sandbox, ada: User) -> None:
    transaction.commit()
    sign_in(ada)
    assert calls(sandbox) == 0
    transaction.commit()
    assert sandbox.sign_in(ada.email, PASSWORD)
    # What it was asked with was read before: no query has begun another transaction.
    assert not connection.connection.in_transaction


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """ATOMIC_REQUESTS, and whether a transaction was open each time when Kinde was about to be asked."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    seen: list[bool] = []
    own = _conf.migrator

    def migrator() -> Migrator:
        seen.append(connection.in_atomic_block or not connection.get_autocommit())
        return own()

    monkeypatch.setattr(_conf, "migrator", migrator)
    return seen


def test_no_request_s_transaction_waits_for_kinde(
    sandbox: Sandbox, ada: User, configured: dict[str, Any], atomic_requests: list[bool]
) -> None:
    assert signed_in(sign_in(ada)) == ada.username
    assert sandbox.sign_in(ada.email, PASSWORD)
    for page in ("/token/", "/rest/"):
        other = new_user()
        with override_settings(KINDE_MIGRATE={**configured, "sign_in_at": "authenticate"}):
            sign_in(other, page=page)
        assert sandbox.sign_in(other.email, PASSWORD)
    with transaction.atomic():
        assert kinde_migrate.django.change_password(ada, NEW) is None
    assert sandbox.sign_in(ada.email, NEW)
    assert atomic_requests == [False] * 4


def test_a_request_that_fails_carries_nobody_over(
    sandbox: Sandbox, ada: User, atomic_requests: list[bool]
) -> None:
    with pytest.raises(Refused):
        sign_in(ada, page="/fails/")
    assert (calls(sandbox), atomic_requests) == (0, [])
    assert User.objects.get(pk=ada.pk).check_password(PASSWORD)


def test_django_s_test_case(sandbox: Sandbox, ada: User) -> None:
    """Its transaction is no application's: a sign-in is carried over at once, and a change with its other
    hooks."""

    class Case(TestCase):
        def test(self) -> None:
            sign_in(ada)
            assert sandbox.sign_in(ada.email, PASSWORD)
            with self.captureOnCommitCallbacks() as hooks:
                change(ada)
            assert len(hooks) == 1
            assert PASSWORD not in repr(hooks)
            with self.captureOnCommitCallbacks(execute=True):
                change(ada)
            assert sandbox.sign_in(ada.email, NEW)
            outcome = kinde_migrate.django.change_password(ada, PASSWORD)
            assert outcome is not None
            assert outcome.status == "updated"

    result = unittest.TestResult()
    unittest.TestSuite([Case("test")]).run(result)
    assert result.testsRun == 1
    assert not [*result.failures, *result.errors]


# What Django's reports show of the frames they pass.


def reports(error: BaseException) -> str:
    """Django's debug page, and its text form as mailed to the admins."""
    request = RequestFactory().post("/", {"password": "it is cleansed by Django"})
    with override_settings(DEBUG=True):
        reporter = ExceptionReporter(request, type(error), error, error.__traceback__)
        return reporter.get_traceback_html() + reporter.get_traceback_text()


class Held(Transport):
    """What would have been sent to Sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.events += [item.payload.json for item in envelope.items]


@pytest.fixture
def sentry() -> Iterator[Held]:
    held = Held()
    # Nothing is left to its list of suspicious names.
    sentry_sdk.init(
        dsn="http://public@127.0.0.1:9/1",
        transport=held,
        default_integrations=True,
        auto_enabling_integrations=False,
        event_scrubber=EventScrubber(denylist=[], pii_denylist=[]),
    )
    yield held
    sentry_sdk.init()


def our_frames(events: list[Any]) -> list[Any]:
    chains = [value for event in events for value in event.get("exception", {}).get("values", [])]
    frames = [frame for chain in chains for frame in chain["stacktrace"]["frames"]]
    return [frame for frame in frames if str(frame["module"]).startswith("kinde_migrate")]


def test_a_failing_hook_shows_nothing_of_ours(ada: User, sentry: Held) -> None:
    def changes_twice() -> None:
        with transaction.atomic():
            change(ada)
            transaction.on_commit(fails)
            change(ada, NEW + "!")
            transaction.on_commit(fails)

    with pytest.raises(Failed) as failed:
        changes_twice()
    sentry_sdk.capture_exception(failed.value)
    page = reports(failed.value)
    assert "run_and_clear_commit_hooks" in page
    assert NEW not in page
    assert our_frames(sentry.events)
    assert NEW not in str(sentry.events)


@pytest.mark.parametrize("at", ["login", "authenticate"])
def test_a_settings_function_that_fails_shows_nothing(
    ada: User, configured: dict[str, Any], sentry: Held, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    def no_fields(user: User) -> None:
        raise Failed

    with (
        override_settings(KINDE_MIGRATE={**configured, "user": no_fields, "sign_in_at": at}),
        caplog.at_level(logging.ERROR, "kinde_migrate"),
    ):
        assert signed_in(sign_in(ada)) == ada.username
        change(ada)
        with transaction.atomic():
            change(ada)
    assert len(caplog.records) == 3
    for record in caplog.records:
        assert record.exc_info
        assert record.exc_info[1]
        page = reports(record.exc_info[1])
        assert PASSWORD not in page
        assert NEW not in page
        AdminEmailHandler(include_html=True).format(record)
    assert len(our_frames(sentry.events)) >= 3
    for secret in (PASSWORD, NEW):
        assert secret not in str([event["exception"] for event in sentry.events])


class Broken(ModelBackend):
    def authenticate(self, request: Any, username: Any = None, password: Any = None, **other: Any) -> Any:
        del password, other
        raise Failed


def test_a_backend_that_fails_shows_nothing_in_our_frames(sentry: Held) -> None:
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Broken"]), pytest.raises(Failed) as failed:
        Client().post("/login/", {"username": "ada", "password": PASSWORD})
    sentry_sdk.capture_exception(failed.value)
    frames = our_frames(sentry.events)
    assert frames
    assert PASSWORD not in str(frames)
    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.Broken"]), pytest.raises(Failed) as failed:
        Broken().authenticate(None, "ada", PASSWORD)
    ours = [frame for frame in frames_of(failed.value) if "kinde_migrate" in frame.f_code.co_filename]
    assert ours
    assert all(PASSWORD not in repr(frame.f_locals) for frame in ours)


def frames_of(error: BaseException) -> list[Any]:
    frames, trace = [], error.__traceback__
    while trace:
        if trace.tb_frame is not sys._getframe(1):
            frames.append(trace.tb_frame)
        trace = trace.tb_next
    return frames
