"""One worker of the crowd: signs up new users, one after another.

    python crowd_worker.py URL LEDGER NAME SECONDS

Prints one line of JSON, as every language's worker does.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from kinde_migrate import Credential, Migrator, User

HASH = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue"


def main(url: str, ledger: str, name: str, seconds: str) -> None:
    outcomes: Counter[str] = Counter()
    calls, longest, n = 0, 0.0, 0
    ends = time.monotonic() + float(seconds)
    with Migrator(domain=url, client_id="sandbox-client", client_secret="sandbox-secret", ledger=ledger, deadline=60) as migrator:
        while (began := time.monotonic()) < ends:
            n += 1
            outcome = migrator.migrate(User(email=f"{name}-{n}@example.org"), Credential(hash=HASH))
            outcomes[outcome.status] += 1
            calls += outcome.calls
            longest = max(longest, time.monotonic() - began)
            if outcome.status == "queued":  # nobody signs up again and again while Kinde pauses
                time.sleep(1)
    print(json.dumps({"name": name, "calls": calls, "outcomes": outcomes, "longest_ms": round(longest * 1000)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
