"""Carries a Django project's users into Kinde: an app that only looks on and breaks no login.

The functions are for what Django tells nobody, such as `User.objects.create_user`. They raise nothing.
Within a transaction of the database's they carry over after its commit and answer `None`; so they do where
nothing was to be done or the settings are wrong, and the log says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._carry import new
from ._commit import now_or_after_commit

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from kinde_migrate import Outcome

__all__ = ["achange_password", "amigrate", "change_password", "migrate"]


def migrate(user: AbstractBaseUser, password: str) -> Outcome | None:
    """To be called after a sign-in or a sign-up with that password."""
    carry = new("migrate", user, password)
    del password  # An error tracker shows what a frame holds.
    return now_or_after_commit(carry)


def change_password(user: AbstractBaseUser, password: str) -> Outcome | None:
    """To be called after the user's password has become that one, whatever it was before."""
    carry = new("change_password", user, password)
    del password
    return now_or_after_commit(carry)


async def amigrate(user: AbstractBaseUser, password: str) -> Outcome | None:
    """`migrate` for asyncio, where Django has no transactions."""
    carry = new("migrate", user, password)
    del password
    return await carry.later() if carry else None


async def achange_password(user: AbstractBaseUser, password: str) -> Outcome | None:
    """`change_password` for asyncio, where Django has no transactions."""
    carry = new("change_password", user, password)
    del password
    return await carry.later() if carry else None
