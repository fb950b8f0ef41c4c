"""One user's way to Kinde, from within a request that must not notice."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.views.decorators.debug import sensitive_variables

from kinde_migrate import Credential
from kinde_migrate import Error as MigrateError

from . import _conf
from ._fields import UNPROVEN, fields

if TYPE_CHECKING:
    from typing import Literal

    from django.contrib.auth.models import AbstractBaseUser

    from kinde_migrate import Outcome

    Verb = Literal["migrate", "change_password"]

logger = logging.getLogger("kinde_migrate")

_LEVELS = {"rejected": logging.WARNING, "skipped": logging.WARNING, "queued": logging.INFO}
_going_on: set[asyncio.Future[Any]] = set()
# Where a user keeps a password that waits for them to be logged in.
WAITING = "_kinde_migrate_waiting"


class Carry:
    """A password to be carried over, once. It is kept in a `Credential`, which shows nothing to a debug
    page or an error tracker and wipes it when it is let go of; no local variable of this package holds it
    beside that.

    Not copied and not pickled with a user who is: what comes out there has nothing to carry.
    """

    __slots__ = ("_credential", "_fields", "prepared", "user", "verb")

    def __init__(self, verb: Verb, user: AbstractBaseUser, credential: Credential | None) -> None:
        self.verb: Verb = verb
        self.user = user
        self._credential = credential
        self._fields: Any = None
        self.prepared = False

    def __repr__(self) -> str:
        return f"<{self.verb} for Kinde>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Carry, (self.verb, None, None))

    def __call__(self) -> Outcome | None:
        """Raises nothing; the log says what went wrong."""
        try:
            arguments = self._arguments()
            outcome: Outcome | None = arguments and getattr(_conf.migrator(), self.verb)(*arguments)
        except Exception as error:
            _failed(self.user, error)
            return None
        return _logged(self.user, outcome)

    async def later(self) -> Outcome | None:
        """The same for asyncio. Cancelled, as when the browser has gone, it stops waiting; the work goes
        on."""
        work = asyncio.ensure_future(self._later())
        # The loop itself keeps no hold of it.
        _going_on.add(work)
        work.add_done_callback(_going_on.discard)
        return await asyncio.shield(work)

    async def _later(self) -> Outcome | None:
        try:
            # It may make queries, which Django allows outside of an event loop only.
            arguments = await sync_to_async(self._arguments)()
            outcome: Outcome | None = arguments and await getattr(_conf.migrator(), f"{self.verb}_async")(
                *arguments
            )
        except Exception as error:
            _failed(self.user, error)
            return None
        return _logged(self.user, outcome)

    def prepare(self) -> None:
        """Reads what Kinde is to be told now, because later no query may be made."""
        self._fields = fields(self.user)
        self.prepared = True

    def _arguments(self) -> tuple[Any, Credential] | None:
        credential, self._credential = self._credential, None
        if credential is None or not _conf.enabled():
            return None
        if self.user.pk is None:
            logger.info("a user who has been deleted is not carried over")
            return None
        given = self._fields if self.prepared else fields(self.user)
        if given is UNPROVEN:
            # They may be let in yet, within this request.
            self._credential, self.prepared = credential, False
            setattr(self.user, WAITING, self)
            logger.info("user %s is not carried over before the e-mail address is proven", self.user.pk)
            return None
        return None if given is None else (given, credential)


@sensitive_variables("password")
def new(verb: Verb, user: AbstractBaseUser, password: str) -> Carry | None:
    """None where everything is switched off, or the settings are wrong, which is logged."""
    try:
        if not _conf.enabled():
            return None
        # The stored hash changes when the password does. Only a keyed digest of it is kept.
        return Carry(
            verb, user, Credential(password=password, version=getattr(user, "password", None) or None)
        )
    except Exception as error:
        _failed(user, error)
        return None


def _logged(user: AbstractBaseUser, outcome: Outcome | None) -> Outcome | None:
    if outcome is not None:
        level = _LEVELS.get(outcome.status, logging.DEBUG)
        logger.log(level, "user %s: %s, %s", user.pk, outcome.status, outcome.message or "done")
    return outcome


def _failed(user: AbstractBaseUser, error: Exception) -> None:
    # A wrong setting is said in a line; anything else is a defect, and its place is needed.
    trace = None if isinstance(error, MigrateError) else error
    logger.error("user %s is not carried over: %s", getattr(user, "pk", None), error, exc_info=trace)
