"""What must hold after any mix of processes and threads has carried users over.

    landed.py URL LEDGER < {"user@example.org": "password", ...}

Every one of these users is in the sandbox exactly once and signs in with this password; nobody else is there; no call
was refused and no connection carried anything but HTTP; the ledger is intact. Prints "landed", or
says what is wrong and ends with status 1. Standard library only.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wrongs(url: str, ledger: str, passwords: dict[str, str]) -> list[str]:
    """What is not as it must be, in words."""
    found = []
    there = [user["email"] for user in ask(f"{url}/sandbox/users")]
    if sorted(there) != sorted(passwords):
        missing, other = set(passwords) - set(there), set(there) - set(passwords)
        found.append(f"{len(there)} users for {len(passwords)}; missing {missing}, not asked for {other}")

    def refused(entry: tuple[str, str]) -> str | None:
        email, password = entry
        answer = ask(f"{url}/sandbox/sign-in", {"email": email, "password": password})
        return None if answer["ok"] else f"{email} cannot sign in: {answer['reason']}"

    with ThreadPoolExecutor(2) as pool:
        found += filter(None, pool.map(refused, passwords.items()))
    stats = ask(f"{url}/sandbox/stats")
    if stats["calls"]["create"] != len(passwords):
        found.append(f"{stats['calls']['create']} creations of {len(passwords)} users")
    if set(stats["statuses"]) - {"200", "201"}:
        found.append(f"calls were refused: {stats['statuses']}")
    if stats["malformed"] or stats["other"]:
        found.append(f"{stats['malformed']} connections spoke no HTTP, {stats['other']} calls nobody makes")
    found += corruption(ledger)
    return found


def corruption(ledger: str) -> list[str]:
    database = sqlite3.connect(f"file:{ledger}?mode=rw", uri=True, timeout=60)
    try:
        check = [row[0] for row in database.execute("PRAGMA integrity_check")]
    finally:
        database.close()
    return [] if check == ["ok"] else [f"the ledger is corrupt: {check}"]


if __name__ == "__main__":
    said = wrongs(sys.argv[1], sys.argv[2], json.load(sys.stdin))
    print("\n".join(said) or "landed")
    sys.exit(bool(said))
