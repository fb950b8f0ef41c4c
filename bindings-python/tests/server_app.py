"""The smallest login, as WSGI and ASGI: `GET /NAME` carries NAME over and says who did so at which cost.
`GET /neighbour` needs nobody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kinde_migrate import Migrator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from kinde_migrate import Outcome

migrator = Migrator.from_env()


def asked(path: str) -> tuple[dict[str, str], dict[str, str]]:
    name = path.strip("/")
    return {"email": f"{name}@example.org"}, {"password": f"password of {name}", "version": "1"}


def said(outcome: Outcome) -> bytes:
    return f"{os.getpid()} {outcome.status} {outcome.calls} {outcome.reason}".encode()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/neighbour":
        body = f"{os.getpid()} neighbour 0 None".encode()
    else:
        body = said(migrator.migrate(*asked(environ["PATH_INFO"])))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    body = said(await migrator.migrate_async(*asked(scope["path"])))
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
