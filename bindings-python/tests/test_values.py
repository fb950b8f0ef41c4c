"""`User`, `Credential`, `Outcome`: what they take, and what they never show."""

from __future__ import annotations

import asyncio
import copy
import enum
import pickle
import re
import subprocess
import sys
from collections import UserDict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import kinde_migrate
from kinde_migrate import (
    ArgumentError,
    Credential,
    Error,
    Explanation,
    HashNotImportableError,
    Migrator,
    Outcome,
    SettingsError,
    User,
    explain_hash,
    require_importable,
)

SECRET = "correct horse battery staple"
EMAIL = "ada@example.org"
SETTINGS: dict[str, Any] = {
    "domain": "team.kinde.com",
    "client_id": "id",
    "client_secret": SECRET,
    "ledger": "memory",
}

# As somebody without a type checker calls them.
any_user: Any = User
any_credential: Any = Credential
any_migrator: Any = Migrator


def test_a_user_has_its_fields() -> None:
    user = User(email=EMAIL, given_name=b"Ada", family_name=None, picture="", email_verified=True)
    assert (user.email, user.given_name, user.family_name, user.picture) == (EMAIL, "Ada", None, None)
    assert user.email_verified is True
    assert user == User(email=EMAIL.encode(), given_name="Ada", email_verified=True)
    assert user != User(email=EMAIL, given_name="Ada")
    assert user != EMAIL


def test_every_field_of_a_user_can_be_set_and_read() -> None:
    for name in kinde_migrate.USER_FIELDS:
        value: Any = True if name == "email_verified" else "x"
        assert getattr(User(**{name: value}), name) == value


class Number(enum.IntEnum):
    SEVEN = 7


class Scalar:
    """As numpy's: no number of Python's, but it holds one."""

    def __init__(self, held: object) -> None:
        self.held = held

    def item(self) -> object:
        return self.held


Scalar.__module__ = "numpy"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (7, "7"),
        (-7, "-7"),
        (2**63 + 1, "9223372036854775809"),
        (10**40, "1" + "0" * 40),
        (Number.SEVEN, "7"),
        (7.0, "7"),
        (float(2**53 - 1), "9007199254740991"),
        (Decimal("7"), "7"),
        (Decimal("7.00"), "7"),
        (Decimal(2**80), str(2**80)),
        (Fraction(14, 2), "7"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Scalar(7), "7"),
    ],
)
def test_a_number_is_taken_as_its_text(given: Any, text: str) -> None:
    assert User(provided_id=given).provided_id == text
    any_credential(password=given, version=given, hash=given, extra={"iterations": given})
    with Migrator(**SETTINGS) as migrator:
        assert migrator.migrate({"email": "nobody", "provided_id": given}).reason == "email_invalid"


@pytest.mark.parametrize(
    "given",
    [
        *(7.5, float("nan"), float("inf"), float(2**53), 1e300),
        *(Decimal("7.5"), Decimal("NaN"), Decimal("Infinity"), Fraction(1, 2)),
        *(
            True,
            Scalar(True),
            Scalar(None),
            pytest.param(10**5000, id="too many digits"),
            7j,
            object(),
            ["7"],
        ),
    ],
)
def test_what_is_no_whole_number_is_refused_with_the_cure(given: Any) -> None:
    for refused in (
        lambda: User(provided_id=given),
        lambda: Credential(hash=MD5, extra={"iterations": given}),
        lambda: explain_hash(MD5, extra={"iterations": given}),
    ):
        with pytest.raises(ArgumentError, match=r"(provided_id|extra\.iterations) is .*; pass ") as raised:
            refused()
        assert raised.value.code == "argument_type"


def test_a_flag_may_be_a_number_or_a_text() -> None:
    for true in (True, 1, 1.0, "1", "true", "True", b"TRUE", Scalar(True)):
        assert any_user(email_verified=true).email_verified is True
    for false in (False, 0, "0", "false", "False", Scalar(False)):
        assert any_user(email_verified=false).email_verified is False
    for unknown in (None, ""):
        assert any_user(email_verified=unknown).email_verified is None


def test_iterations_may_be_a_number() -> None:
    extra: dict[str, Any] = {"salt": "9a5df8afda6e98cb", "keylen": 512, "digest": "sha256", "encoding": "hex"}
    by_number, by_text = (
        explain_hash("ab" * 512, "passport_local_mongoose_pbkdf2_sha256", {**extra, "iterations": iterations})
        for iterations in (25000, "25000")
    )
    assert by_number.kinde is not None
    assert by_number == by_text


def test_an_empty_password_is_data_and_none_is_misuse() -> None:
    with Migrator(**SETTINGS) as migrator:
        empties: list[Any] = [Credential(password=""), {"password": ""}, {"password": b""}]
        for given in empties:
            assert migrator.change_password(User(email=EMAIL), given).reason == "password_empty"

        async def misused(*given: Any) -> None:
            with pytest.raises(ArgumentError) as raised:
                await migrator.change_password_async({"email": EMAIL}, *given)
            assert raised.value.code == "credential_missing"

        nothing: list[tuple[Any, ...]] = [(), (None,), (Credential(),), ({},), ({"password": None},)]
        for arguments in nothing:
            asyncio.run(misused(*arguments))
        empty = migrator.change_password_async(User(email=EMAIL), Credential(password=""))
        assert asyncio.run(empty).reason == "password_empty"
        assert migrator.status().owed == 0


def test_a_warning_shows_without_any_configuration(tmp_path: Path) -> None:
    """As Python's logging is when nobody has configured it: from WARNING on, on stderr."""
    code = """
import sys
from kinde_migrate import Migrator
file = sys.argv[1]
open(file, "w").close()
settings = {"domain": "http://127.0.0.1:9", "client_id": "id", "client_secret": "s", "deadline": 1}
migrator = Migrator(ledger=file + "/ledger.db", **settings)
print(migrator.migrate({"email": "ada@example.org"}, {"password": "correct horse"}).durable)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "file")], capture_output=True, text=True, check=True
    )
    assert "[ledger_unavailable]" in ran.stderr
    assert "correct horse" not in ran.stderr
    assert ran.stdout.strip() in ("True", "False")


def test_what_a_repr_shows() -> None:
    assert repr(User(email=EMAIL, email_verified=False)) == "User(email=..., email_verified=...)"
    credential = Credential(password=SECRET, version="v", extra={"salt": "s"})
    assert repr(credential) == "Credential(password=..., version=..., extra.salt=...)"
    assert SECRET not in repr(Migrator(**SETTINGS))


def test_a_credential_is_neither_pickled_nor_copied() -> None:
    credential = Credential(password=SECRET)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(credential, protocol)
    with pytest.raises(TypeError):
        copy.copy(credential)
    with pytest.raises(TypeError):
        copy.deepcopy({"credential": credential})
    for other in (User(email=EMAIL), Migrator(**SETTINGS)):
        with pytest.raises(TypeError):
            pickle.dumps(other)


def test_an_outcome_is_a_value() -> None:
    outcome = Outcome("queued", calls=2, reason="deadline", message="it's late")
    assert outcome == Outcome("queued", None, 2, "deadline", "it's late")
    assert outcome != Outcome("queued")
    assert len({outcome, pickle.loads(pickle.dumps(outcome)), copy.deepcopy(outcome)}) == 1
    assert repr(outcome) == "Outcome(status='queued', reason='deadline', message=\"it's late\", calls=2)"
    assert (outcome.durable, outcome.notices) == (True, [])
    lost = Outcome("queued", durable=False, notices=[{"code": "field_left_out", "field": "picture"}])
    assert (lost.durable, lost.notices) == (False, [{"code": "field_left_out", "field": "picture"}])
    assert lost != Outcome("queued", durable=False)
    assert len({lost, pickle.loads(pickle.dumps(lost)), copy.deepcopy(lost)}) == 1
    assert repr(lost) == (
        "Outcome(status='queued', calls=0, durable=False, "
        "notices=[{'code': 'field_left_out', 'field': 'picture'}])"
    )
    lost.notices.clear()
    assert len(lost.notices) == 1
    every = ("status", "kinde_id", "calls", "reason", "message", "durable", "notices")
    assert Outcome.__match_args__ == every
    assert Outcome(*(getattr(lost, name) for name in every)) == lost
    wrong: Any = Outcome
    for notices in (3, [3], [{"code": "x"}]):
        with pytest.raises(ArgumentError):
            wrong("queued", notices=notices)
    with pytest.raises(AttributeError):
        outcome.calls = 3  # type: ignore[misc]


def test_errors_are_pickled_whole() -> None:
    with pytest.raises(SettingsError) as raised:
        Migrator(domian="x")  # type: ignore[call-arg]  # checkers find it, too
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.code, str(again)) == (SettingsError, "setting_unknown", str(raised.value))
    assert "did you mean domain?" in again.message


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: any_user(EMAIL), "argument_type"),
        (lambda: any_user(emial=EMAIL), "user_field_unknown"),
        (lambda: any_user(email=True), "argument_type"),
        (lambda: any_user(email=[EMAIL]), "argument_type"),
        (lambda: any_user(provided_id=False), "argument_type"),
        (lambda: any_user(email_verified=[True]), "argument_type"),
        (lambda: any_credential(password=True), "argument_type"),
        (lambda: any_credential(SECRET), "argument_type"),
        (lambda: any_credential(pasword=SECRET), "credential_field_unknown"),
        (lambda: any_credential(password=["a"]), "argument_type"),
        (lambda: any_credential(hash=SECRET, extra=SECRET), "argument_type"),
        (lambda: any_credential(hash=SECRET, extra={1: "x"}), "argument_type"),
        (lambda: any_migrator("team.kinde.com"), "argument_type"),
        (lambda: any_migrator(domain=object()), "argument_type"),
        (lambda: any_migrator(**SETTINGS).migrate(None), "argument_missing"),
        (lambda: any_migrator(**SETTINGS).migrate(EMAIL), "argument_type"),
        (lambda: any_migrator(**SETTINGS).migrate(3), "argument_type"),
        (lambda: any_migrator(**SETTINGS).migrate({"email": EMAIL}, SECRET), "argument_type"),
        (lambda: any_migrator(**SETTINGS).migrate({"email": EMAIL}, SECRET.encode()), "argument_type"),
        (
            lambda: any_migrator(**SETTINGS).migrate(any_credential(password=SECRET), any_user(email=EMAIL)),
            "argument_type",
        ),
        *[
            (lambda given=given: any_migrator(**SETTINGS).change_password({"email": EMAIL}, *given), code)
            for given, code in [
                ((), "credential_missing"),
                ((None,), "credential_missing"),
                ((Credential(),), "credential_missing"),
                (({},), "credential_missing"),
                (({"password": None, "version": SECRET},), "credential_missing"),
                (({"pasword": SECRET},), "credential_field_unknown"),
            ]
        ],
        (lambda: any_migrator(**SETTINGS).drain(deadline=-1), "argument_type"),
        (lambda: any_migrator(**SETTINGS).drain(deadline=float("nan")), "argument_type"),
    ],
)
def test_misuse_is_raised_with_its_code_and_shows_no_value(wrong: Any, code: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        wrong()
    assert isinstance(raised.value, TypeError)
    assert raised.value.code == code
    assert SECRET not in str(raised.value)
    assert EMAIL not in str(raised.value)


@pytest.mark.parametrize("name", ["domain", "client_id", "client_secret"])
def test_a_missing_setting_is_named_with_its_cure(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as raised:
        Migrator(**{**SETTINGS, name: None})
    assert raised.value.code == f"{name}_missing"
    assert SECRET not in str(raised.value)
    variable = "KINDE_DOMAIN" if name == "domain" else f"KINDE_MANAGEMENT_{name.upper()}"
    monkeypatch.setenv(variable, SETTINGS[name])
    Migrator(**{**SETTINGS, name: None})


def test_settings_may_be_numbers_flags_and_paths(tmp_path: Path) -> None:
    given = {name: value for name, value in SETTINGS.items() if name != "ledger"}
    Migrator(**given, ledger=tmp_path / "l.db", deadline=1.5, bcrypt_cost=4, send_plaintext=True)
    with pytest.raises(SettingsError, match="bcrypt_cost"):
        Migrator(**SETTINGS, bcrypt_cost=99)
    with pytest.raises(SettingsError) as raised:
        Migrator(**{**SETTINGS, "domain": "\udcff"})
    assert raised.value.code == "setting_invalid"


def test_the_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError):
        Migrator.from_env()
    monkeypatch.setenv("KINDE_DOMAIN", "https://team.kinde.com/")
    monkeypatch.setenv("KINDE_MANAGEMENT_CLIENT_ID", "id")
    monkeypatch.setenv("KINDE_MANAGEMENT_CLIENT_SECRET", SECRET)
    assert type(Migrator.from_env()) is Migrator


def test_data_is_never_raised() -> None:
    with Migrator(**SETTINGS) as migrator:
        emails: dict[str | bytes, str] = {
            "ada": "email_invalid",
            "\udcff@x.org": "invalid_utf8",
            b"\xff@x": "invalid_utf8",
        }
        for email, reason in emails.items():
            assert migrator.migrate({"email": email}).reason == reason
        for password, reason in [
            ("", "password_empty"),
            ("a\0b", "password_nul"),
            ("a" * 5000, "password_too_long"),
        ]:
            assert migrator.migrate(User(email=EMAIL), {"password": password}).reason == reason


class Fields(dict):  # type: ignore[type-arg]
    """As Django's QueryDict: what it stores is not what its items are."""

    def items(self) -> Any:
        return [(name, values[-1]) for name, values in super().items()]


def test_any_mapping_will_do() -> None:
    with Migrator(**SETTINGS) as migrator:
        mappings: list[Any] = [UserDict({"email": "ada"}), Fields(email=["x@y.org", "ada"])]
        for mapping in mappings:
            assert migrator.migrate(mapping).reason == "email_invalid"


def test_status_shows_every_figure() -> None:
    with Migrator(**SETTINGS) as migrator:
        status = migrator.status()
        assert status.dead_by_reason == {}
        assert status == migrator.status()
        assert repr(status) == (
            "LedgerStatus(carried=0, owed=0, pending_by_reason={}, sealed=0, not_durable=0, unproven=0, "
            "oldest_owed_seconds=None, dead=0, dead_by_reason={}, in_memory=True, left_behind=[], "
            "last_error=None, kinde='up', retry_in_seconds=None, rate_limited=0, tokens_this_month=0, "
            "limit_per_minute=None, limit_in_flight=None)"
        )


def test_a_closed_migrator_says_so() -> None:
    with Migrator(**SETTINGS) as migrator:
        pass
    migrator.close()
    with pytest.raises(kinde_migrate.ClosedError) as raised:
        migrator.migrate(User(email=EMAIL))
    assert raised.value.code == "closed"
    assert isinstance(raised.value, Error)


def test_the_stub_lists_every_setting_and_field() -> None:
    stub = Path(kinde_migrate.__file__).with_name("_native.pyi").read_text()
    settings = stub[stub.index("class Migrator") : stub.index("def from_env")]
    assert tuple(re.findall(r"^        (\w+): .* = None,$", settings, re.M)) == kinde_migrate.SETTINGS
    user = stub[stub.index("class User") : stub.index("-> Self")]
    assert tuple(re.findall(r"^        (\w+): .* = None,$", user, re.M)) == kinde_migrate.USER_FIELDS


def test_everything_public_has_a_docstring() -> None:
    bare = []
    for name in kinde_migrate.__all__:
        thing = getattr(kinde_migrate, name)
        if not isinstance(thing, type):
            bare += [name] if callable(thing) and not thing.__doc__ else []
            continue
        for owner in (
            thing,
            *(base for base in thing.__mro__ if base.__module__.startswith("kinde_migrate")),
        ):
            members = [member for member in vars(owner) if not member.startswith("_")]
            bare += [f"{owner.__name__}.{member}" for member in members if not getattr(owner, member).__doc__]
            bare += [] if owner.__doc__ else [owner.__name__]
    assert bare == []


MD5 = "88e4ddd2402d92d50e1879d6ecd9ffd4"


def test_an_explanation_is_the_core_s() -> None:
    explained = explain_hash(bytearray(MD5.encode()), "raw_md5_hex", extra={"salt": None})
    assert isinstance(explained, Explanation)
    assert explained == require_importable(MD5, format=b"raw_md5_hex")
    assert explained != explain_hash(MD5)
    assert explained.kinde == {"hashing_method": "md5", "hashed_password": "<32 bytes>"}
    assert repr(explained) == "Explanation(format='raw_md5_hex', importable=True, code=None)"
    assert repr(explain_hash(MD5)) == "Explanation(format=None, importable=False, code='hash_ambiguous')"
    assert explain_hash("\udcff").code == "hash_malformed"


def test_a_hash_that_is_not_importable_has_its_own_exception() -> None:
    with pytest.raises(HashNotImportableError) as raised:
        require_importable("$argon2id$v=19$m=65536,p=4,t=3$cu5d4dBuh/LrB3eGVXSN4w$xChxHjGRyR/QPbrEGnoyNQ")
    error = raised.value
    assert isinstance(error, Error)
    assert isinstance(error, ValueError)
    assert (error.code, error.format) == ("hash_not_importable", "node_argon2id")
    assert (error.reason, error.advice[:18]) == ("Kinde has no method for argon2", "hand the plaintext")
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == str(error)
    assert vars(copied) == vars(error)


@pytest.mark.parametrize("ask", [explain_hash, require_importable])
def test_misuse_of_an_explanation(ask: Any) -> None:
    for given, code, words in (
        ((None,), "argument_missing", "stored is None"),
        (([7],), "argument_type", "stored is of type list"),
        ((MD5, True), "argument_type", "format is of type bool"),
        ((MD5, None, MD5), "argument_type", "extra is of type str"),
        ((MD5, None, {"salt": 7.5}), "argument_type", "extra.salt is of type float"),
        ((MD5, None, None, "bcrypt"), "setting_invalid", "no format has this id"),
    ):
        with pytest.raises(Error, match=words) as raised:
            ask(*given)
        assert raised.value.code == code
        assert not isinstance(raised.value, HashNotImportableError)
        assert MD5 not in str(raised.value)
