"""Where gevent or eventlet run many greenlets on one thread, a call that blocks the thread would block them
all.

Looked for at each call, since a server patches its workers after the fork. Nothing of it is imported here
that the application has not imported already, and nothing outlives a call, so that a fork finds nothing of
a parent's.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def waiter() -> Callable[[int], object] | None:
    """What waits until a descriptor can be read and lets the other greenlets of this thread run meanwhile.

    None where the thread is not shared: a thread without a hub has no other greenlets, and a hub cannot
    wait for itself.
    """
    if "gevent.monkey" in sys.modules and (wait := _gevent()):
        return wait
    if "eventlet.patcher" in sys.modules and (wait := _eventlet()):
        return wait
    return None


def _gevent() -> Callable[[int], object] | None:
    from gevent import getcurrent, monkey
    from gevent.socket import wait_read

    try:
        from gevent._hub_local import get_hub_if_exists
    except ImportError:  # Some versions make one where none is.
        from gevent import get_hub as get_hub_if_exists

    if not (monkey.is_module_patched("socket") or monkey.is_module_patched("threading")):
        return None
    hub = get_hub_if_exists()
    return None if hub is None or getcurrent() is hub else wait_read


def _eventlet() -> Callable[[int], object] | None:
    from eventlet import getcurrent, hubs, patcher

    if not (patcher.is_monkey_patched("socket") or patcher.is_monkey_patched("thread")):
        return None
    hub = getattr(getattr(hubs, "_threadlocal", None), "hub", None)
    if hub is None or getcurrent() is hub.greenlet:
        return None

    def wait_read(descriptor: int) -> object:
        return hubs.trampoline(descriptor, read=True)

    return wait_read


class Pipe:
    """Wakes a greenlet from another thread: neither hub has anything else that another thread may touch.

    Its reading end is closed by whoever comes last, so that nobody writes to a number that has become
    another file, or to a pipe that nobody reads, which would be a SIGPIPE.
    """

    def __init__(self) -> None:
        import os

        self._os = os
        self._reader, self._writer = os.pipe()
        # Taken by whoever comes first. `list.pop` is one step, whatever thread it runs on.
        self._first = [True]
        self._told = False
        self.result: Any = None

    def tell(self, result: Any) -> None:
        """Called once, on the library's thread."""
        self.result = result
        self._told = True
        self._os.write(self._writer, b".")
        self._os.close(self._writer)
        self._leave()

    def wait(self, wait: Callable[[int], object]) -> Any:
        """Called at most once. Whatever ends it early (a time-out, a greenlet that is killed), the work
        goes on."""
        try:
            wait(self._reader)
        finally:
            self._leave()
        return self.result

    def close(self) -> None:
        """In place of `wait`, where nothing has been begun, or what was begun has told already."""
        if not self._told:
            self._os.close(self._writer)
        self._os.close(self._reader)

    def _leave(self) -> None:
        try:
            self._first.pop()
        except IndexError:
            self._os.close(self._reader)


def run(
    wait: Callable[[int], object], begin: Callable[[Callable[[Any], None]], Any], blocking: Callable[[], Any]
) -> Any:
    """`begin` answers at once, or answers None and tells the callback it is given from another thread.

    `blocking` is for where no descriptor is left: holding up the others is better than failing.
    """
    try:
        pipe = Pipe()
    except OSError:
        return blocking()
    try:
        answer = begin(pipe.tell)
    except BaseException:
        pipe.close()
        raise
    if answer is None:
        return pipe.wait(wait)
    pipe.close()
    return answer
