"""What the native half gives to Python. Kept by hand, held against the real thing by stubtest."""

import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import TracebackType
from typing import ClassVar, Literal, NoReturn, SupportsIndex, TypedDict, final
from uuid import UUID

from typing_extensions import Self, TypeAlias, disjoint_base

__all__ = [
    "SETTINGS",
    "USER_FIELDS",
    "Credential",
    "Drained",
    "Explanation",
    "LedgerStatus",
    "Migrator",
    "Outcome",
    "User",
    "__version__",
    "_provoke_panic",
    "explain_hash",
    "require_importable",
]

# A number is taken as the text of it: a whole one, as databases hand out ids.
_Text: TypeAlias = str | bytes | bytearray | int | Decimal | UUID
_UserField: TypeAlias = _Text | None
_CredentialField: TypeAlias = _Text | Mapping[str, _Text | None] | None
_Status: TypeAlias = Literal["created", "updated", "unchanged", "queued", "skipped", "rejected"]
_Path: TypeAlias = str | os.PathLike[str]

SETTINGS: tuple[str, ...]
"""The names of all settings."""
USER_FIELDS: tuple[str, ...]
"""The names of all fields of a user."""
__version__: str

class _FieldNotice(TypedDict):
    """Something that was cleaned or left out. It names the field and shows no value."""

    code: str
    field: str

@final
class User:
    """A user as the application knows them.

    `email` is required, or `username` or `phone` where the application has no e-mail. `None` and an
    empty text count as not given. What a field holds is never refused here: a verb answers `rejected`.
    """

    def __new__(
        cls,
        *,
        email: _Text | None = None,
        username: _Text | None = None,
        phone: _Text | None = None,
        phone_country_id: _Text | None = None,
        given_name: _Text | None = None,
        family_name: _Text | None = None,
        picture: _Text | None = None,
        provided_id: _Text | None = None,
        email_verified: _Text | None = None,
        organization_code: _Text | None = None,
    ) -> Self: ...
    @property
    def email(self) -> str | None:
        """E-mail address; compared without case."""
    @property
    def username(self) -> str | None:
        """User name; compared without case."""
    @property
    def phone(self) -> str | None:
        """Phone number with its country code, as in `+61426148233`."""
    @property
    def phone_country_id(self) -> str | None:
        """The country of the phone number, as in `au`."""
    @property
    def given_name(self) -> str | None:
        """First name."""
    @property
    def family_name(self) -> str | None:
        """Last name."""
    @property
    def picture(self) -> str | None:
        """URL of a picture."""
    @property
    def provided_id(self) -> str | None:
        """The user's id in the old system. It proves later that a Kinde user is this one."""
    @property
    def email_verified(self) -> bool | None:
        """Whether the old system knows the e-mail to be the user's own. Left out, Kinde decides."""
    @property
    def organization_code(self) -> str | None:
        """The Kinde organisation that a new user joins."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Credential:
    """A typed password, a stored hash, or both, with an optional version.

    `version` is any text that changes when the password changes; the stored hash itself serves, and is
    taken where no other is given. `format` names the hash's format where it cannot be recognised, `extra`
    holds what is stored beside it. Nothing of it shows in a repr, and it cannot be pickled or copied.
    """

    def __new__(
        cls,
        *,
        password: _Text | None = None,
        hash: _Text | None = None,
        format: _Text | None = None,
        extra: Mapping[str, _Text | None] | None = None,
        version: _Text | None = None,
    ) -> Self: ...
    def __reduce_ex__(self, _protocol: SupportsIndex, /) -> NoReturn: ...

@final
class Outcome:
    """The answer of a verb. Applications may make their own, for their tests."""

    __match_args__: ClassVar[
        tuple[
            Literal["status"],
            Literal["kinde_id"],
            Literal["calls"],
            Literal["reason"],
            Literal["message"],
            Literal["durable"],
            Literal["notices"],
        ]
    ]
    def __new__(
        cls,
        status: _Status,
        kinde_id: str | None = None,
        calls: int = 0,
        reason: str | None = None,
        message: str | None = None,
        durable: bool = True,
        notices: Iterable[_FieldNotice] | None = None,
    ) -> Self: ...
    @property
    def status(self) -> _Status:
        """What became of it."""
    @property
    def kinde_id(self) -> str | None:
        """The user's id in Kinde, where it is known."""
    @property
    def calls(self) -> int:
        """How many calls of Kinde's Management API were made, repeats included, the token's not."""
    @property
    def reason(self) -> str | None:
        """The code of why, for `queued`, `skipped` and `rejected`."""
    @property
    def message(self) -> str | None:
        """The reason in words, with what to do about it. It shows no secret and no e-mail."""
    @property
    def durable(self) -> bool:
        """Of `queued`: whether the work outlives this process and the host's next start. `False` where it
        is held in memory or in a folder for temporary files. `True` for every other status."""
    @property
    def notices(self) -> list[_FieldNotice]:
        """What was done to the user's fields on the way: none of it stopped the password."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Drained:
    """What one `drain` did."""

    @property
    def delivered(self) -> int:
        """How many were delivered."""
    @property
    def dropped(self) -> int:
        """How many turned out to be refused for good, and are dead letters now."""
    @property
    def left(self) -> int:
        """How many are still pending."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class LedgerStatus:
    """How the ledger and Kinde stand."""

    @property
    def carried(self) -> int:
        """How many users have been carried over."""
    @property
    def owed(self) -> int:
        """How many deliveries wait in the outbox."""
    @property
    def pending_by_reason(self) -> dict[str, int]:
        """The same by what they wait for, a code."""
    @property
    def sealed(self) -> int:
        """Of those that wait, how many are sealed under a client secret that is not known here."""
    @property
    def not_durable(self) -> int:
        """Of those that wait, how many would be lost: held in this process's memory, or in a folder for
        temporary files."""
    @property
    def unproven(self) -> int:
        """Users whose password was carried as a stored hash that no typed password has proven yet."""
    @property
    def oldest_owed_seconds(self) -> int | None:
        """How long the oldest delivery has been waiting, in seconds."""
    @property
    def dead(self) -> int:
        """How many were refused for good."""
    @property
    def dead_by_reason(self) -> dict[str, int]:
        """The same by their reason, a code."""
    @property
    def in_memory(self) -> bool:
        """Whether the ledger is lost with this process."""
    @property
    def left_behind(self) -> list[str]:
        """Ledgers with pending entries at places that are not used any more: their paths."""
    @property
    def last_error(self) -> str | None:
        """The last thing that went wrong with Kinde or the ledger, until it goes well again: a code."""
    @property
    def kinde(self) -> Literal["up", "limited", "down", "refused"]:
        """Whether Kinde is called just now, as far as anybody on this host knows. `refused`: it does not
        accept the client secret, or a scope is missing."""
    @property
    def retry_in_seconds(self) -> int | None:
        """In how many seconds Kinde is called again, where it is limited or down."""
    @property
    def rate_limited(self) -> int:
        """Answers of 429 (too many calls) so far."""
    @property
    def tokens_this_month(self) -> int:
        """Access tokens fetched since the month began, by UTC."""
    @property
    def limit_per_minute(self) -> int | None:
        """Calls a minute that Kinde takes, as far as has been learnt."""
    @property
    def limit_in_flight(self) -> int | None:
        """Calls at the same time that Kinde takes, as far as has been learnt."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Explanation:
    """What is known of a stored hash. No part of the hash, a salt or a key is in it."""

    @property
    def format(self) -> str | None:
        """The format that was named, or that the value can only be."""
    @property
    def candidates(self) -> list[str]:
        """Every format that writes such a value, by its shape alone."""
    @property
    def applications(self) -> str | None:
        """The applications which write this format."""
    @property
    def importable(self) -> bool:
        """Whether it can be carried over as it stands, with the guesses that are allowed."""
    @property
    def confidence(self) -> Literal["certain", "likely", "guess"] | None:
        """How sure that is; `None` where the format is not known."""
    @property
    def kinde(self) -> dict[str, str | int] | None:
        """What would be sent, its secret parts masked."""
    @property
    def import_file_only(self) -> bool:
        """Only the dashboard's import file takes it, and no verb does."""
    @property
    def code(self) -> str | None:
        """Why it is not importable, as in `hash_not_importable`."""
    @property
    def reason(self) -> str | None:
        """The same in words."""
    @property
    def advice(self) -> str | None:
        """What to do instead."""
    @property
    def test_first(self) -> str | None:
        """What to test before the rest is imported."""
    @property
    def traps(self) -> list[str]:
        """What can be wrong although nothing in the value shows it."""
    @property
    def proven(self) -> str:
        """What a known password has shown of this value: `none`, since nothing is tried here."""
    @property
    def notices(self) -> list[str]:
        """What was taken off before the value could be read: quotes, a byte order mark, padding."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@disjoint_base
class Migrator:
    """Carries users over. Settings are keywords; those left out come from the environment."""

    def __new__(
        cls,
        *,
        domain: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        previous_client_secret: str | None = None,
        audience: str | None = None,
        ledger: _Path | None = None,
        share_token: bool | str | None = None,
        deadline: float | str | None = None,
        max_calls_per_minute: int | str | None = None,
        max_in_flight: int | str | None = None,
        use_at_most: float | str | None = None,
        on_existing: str | None = None,
        require_verified_email: bool | str | None = None,
        require_provided_id: bool | str | None = None,
        drain_in_background: bool | str | None = None,
        send_plaintext: bool | str | None = None,
        bcrypt_cost: int | str | None = None,
        verify_mapping: bool | str | None = None,
        allow_guesses: str | None = None,
        proxy: str | None = None,
    ) -> Self: ...
    @classmethod
    def from_env(cls) -> Self:
        """A migrator with all settings from the environment."""
    def migrate(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """To be called after the application has accepted a sign-in or written a sign-up.

        Checks, creates if absent, sets the password, remembers. Blocks at most for the deadline, without
        the GIL; what is not done by then goes on from the outbox.
        """
    def change_password(
        self,
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None = None,
    ) -> Outcome:
        """To be called after the application has changed a password: always sets it, and drops any older
        one still waiting. Without a password or a hash it raises `ArgumentError`, `credential_missing`."""
    def request_reset(self, user: User | Mapping[str, _UserField]) -> Outcome:
        """Kinde asks for a new password at the next sign-in."""
    def drain(self, max: int = 100, deadline: float = 5.0) -> Drained:
        """Delivers at most `max` of what is pending, for at most `deadline` seconds."""
    def status(self) -> LedgerStatus:
        """How the ledger and Kinde stand. It calls nobody."""
    def close(self) -> None:
        """Finishes what asyncio has begun and lets go of everything. A verb then raises `ClosedError`."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None = ...,
        error: BaseException | None = ...,
        traceback: TracebackType | None = ...,
        /,
    ) -> None: ...
    def _begin(
        self,
        verb: Literal["migrate", "change_password", "request_reset"],
        user: User | Mapping[str, _UserField],
        credential: Credential | Mapping[str, _CredentialField] | None,
        done: Callable[[Outcome | None], None],
    ) -> Outcome | None: ...
    def _begin_drain(
        self, max: int, deadline: float, done: Callable[[Drained | None], None]
    ) -> Drained | None: ...
    def _begin_status(self, done: Callable[[LedgerStatus | None], None]) -> LedgerStatus | None: ...
    def _begin_close(self, done: Callable[[bool | None], None]) -> bool | None: ...
    def _log_notices(self) -> None: ...

def explain_hash(
    stored: _Text,
    format: _Text | None = None,
    extra: Mapping[str, _Text | None] | None = None,
    allow_guesses: str | None = None,
) -> Explanation:
    """What is known of a stored hash: its format, whether it can be carried over, and what to do if not.

    `format`, `extra` and `allow_guesses` are a credential's and the setting's. It asks nobody, and raises
    for misuse only: whatever the hash, its format or its extra hold is explained.
    """

def require_importable(
    stored: _Text,
    format: _Text | None = None,
    extra: Mapping[str, _Text | None] | None = None,
    allow_guesses: str | None = None,
) -> Explanation:
    """The same, but `HashNotImportableError` is raised for what a verb would answer `rejected` for."""

def _provoke_panic() -> None: ...
