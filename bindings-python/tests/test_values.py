"""`User`, `Credential`, `Outcome`: what they take, and what they never show."""

from __future__ import annotations

import copy
import pickle
import re
from collections import UserDict
from pathlib import Path
from typing import Any

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
    with pytest.raises(AttributeError):
        outcome.calls = 3  # type: ignore[misc]


def test_errors_are_pickled_whole() -> None:
    with pytest.raises(SettingsError) as raised:
        Migrator(domian="x")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.code, str(again)) == (SettingsError, "setting_unknown", str(raised.value))
    assert "did you mean domain?" in again.message


# As somebody without a type checker calls them.
any_user: Any = User
any_credential: Any = Credential
any_migrator: Any = Migrator


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: any_user(EMAIL), "argument_type"),
        (lambda: any_user(emial=EMAIL), "user_field_unknown"),
        (lambda: any_user(email=3), "argument_type"),
        (lambda: any_user(email=True), "argument_type"),
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
    Migrator(**{**SETTINGS, "ledger": tmp_path / "l.db"}, deadline=1.5, bcrypt_cost=4, send_plaintext=True)
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
            "LedgerStatus(carried=0, owed=0, oldest_owed_seconds=None, dead=0, dead_by_reason={}, "
            "in_memory=True, kinde='up', retry_in_seconds=None, rate_limited=0, tokens_this_month=0, "
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
    settings = stub[stub.index("class Migrator") : stub.index("**settings")]
    assert tuple(re.findall(r"^        (\w+): .* = None,$", settings, re.M)) == kinde_migrate.SETTINGS
    user = stub[stub.index("class User") : stub.index("-> Self")]
    assert tuple(re.findall(r"^        (\w+): .* = None,$", user, re.M)) == kinde_migrate.USER_FIELDS


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
        ((7,), "argument_type", "stored is of type int"),
        ((MD5, 7), "argument_type", "format is of type int"),
        ((MD5, None, MD5), "argument_type", "extra is of type str"),
        ((MD5, None, {"salt": 7}), "argument_type", "extra.salt is of type int"),
        ((MD5, None, None, "bcrypt"), "setting_invalid", "no format has this id"),
    ):
        with pytest.raises(Error, match=words) as raised:
            ask(*given)
        assert raised.value.code == code
        assert not isinstance(raised.value, HashNotImportableError)
        assert MD5 not in str(raised.value)
