"""When a password is carried over: once the application's transaction is through, and never inside it.

A slow Kinde must not hold the application's locks, and what is rolled back must not reach Kinde.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from ._carry import Carry, logger

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from kinde_migrate import Outcome


def now_or_after_commit(carry: Carry | None) -> Outcome | None:
    """Carries it over now, where no transaction is open, and answers the outcome. Otherwise after the
    commit, and the answer is None. The transaction that Django's TestCase wraps a test in does not
    count."""
    if carry is None:
        return None
    try:
        connection = _open(carry)
        if connection is not None:
            _register(carry, connection)
            return None
    except Exception:
        logger.exception("user %s: no transaction can be waited for", carry.user.pk)
    return carry()


def after_commit(carry: Carry | None) -> None:
    """The same for whoever cannot use the outcome. As `transaction.on_commit`, it waits for TestCase's
    transaction."""
    if carry is None:
        return
    try:
        connection = _own(carry)
        if connection.in_atomic_block or _is_manual(connection):
            _register(carry, connection)
            return
    except Exception:
        logger.exception("user %s: no transaction can be waited for", carry.user.pk)
    carry()


def _own(carry: Carry) -> BaseDatabaseWrapper:
    alias = getattr(getattr(carry.user, "_state", None), "db", None)
    return connections[alias or DEFAULT_DB_ALIAS]


def _open(carry: Carry) -> BaseDatabaseWrapper | None:
    """Whose commit is to be waited for."""
    if carry.verb == "migrate":
        # A sign-in comes again, so it waits for any. Of several by ATOMIC_REQUESTS the last one encloses
        # the others.
        known = {connection.alias: connection for connection in connections.all(initialized_only=True)}
        for alias in reversed(list(connections)):
            if alias in known and _is_atomic(known[alias]):
                return known[alias]
    # A change is carried over once it is certain: after the commit of its own database.
    own = _own(carry)
    return own if _is_atomic(own) or _is_manual(own) else None


def _is_atomic(connection: BaseDatabaseWrapper) -> bool:
    blocks = getattr(connection, "atomic_blocks", ())
    return connection.in_atomic_block and (
        not blocks or not all(getattr(block, "_from_testcase", False) for block in blocks)
    )


def _is_manual(connection: BaseDatabaseWrapper) -> bool:
    """Whether the application commits by itself, by `set_autocommit(False)`."""
    return connection.connection is not None and not connection.in_atomic_block and not connection.autocommit


def _register(carry: Carry, connection: BaseDatabaseWrapper) -> None:
    if not connection.in_atomic_block:
        _register_manually(carry, connection)
        return
    _see_to_the_end(connection)
    transaction.on_commit(carry, using=connection.alias, robust=True)


def _see_to_the_end(connection: BaseDatabaseWrapper) -> None:
    """After one hook that raises (and is not `robust`) Django drops all that follow. Ours are called all
    the same."""
    own = vars(connection)
    if "run_and_clear_commit_hooks" in own:
        return
    django_s = connection.run_and_clear_commit_hooks

    def run_and_clear_commit_hooks() -> None:
        if connection.in_atomic_block:
            django_s()  # Raises.
            return
        own.pop("run_and_clear_commit_hooks", None)
        carries = _carries(connection)
        try:
            django_s()
        finally:
            for carry in carries:
                carry()  # Once: another time does nothing.

    own["run_and_clear_commit_hooks"] = run_and_clear_commit_hooks


def _register_manually(carry: Carry, connection: BaseDatabaseWrapper) -> None:
    """Django refuses `on_commit` there, and runs no hook at a `commit()`. But it keeps hooks in an atomic
    block within, and forgets them at a `rollback()`."""
    # After the commit a query would begin another transaction, which nobody expects.
    carry.prepare()
    with transaction.atomic(using=connection.alias, savepoint=False):
        transaction.on_commit(carry, using=connection.alias, robust=True)
    own = vars(connection)
    if "commit" in own:
        return
    django_s = connection.commit

    def commit() -> None:
        django_s()
        own.pop("commit", None)
        carries = [carry for carry in _carries(connection) if carry.prepared]
        connection.run_on_commit = [hook for hook in connection.run_on_commit if hook[1] not in carries]
        for carry in carries:
            carry()

    own["commit"] = commit


def _carries(connection: Any) -> list[Carry]:
    return [hook[1] for hook in connection.run_on_commit if isinstance(hook[1], Carry)]
