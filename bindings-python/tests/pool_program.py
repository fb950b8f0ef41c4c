"""What test_forks.py runs: users signed in by a pool of processes, `pool_program.py METHOD used|unused`."""

from __future__ import annotations

import multiprocessing
import sys

from kinde_migrate import Migrator

migrator = Migrator.from_env()


def sign_in(name: str) -> str:
    credential = {"password": f"password of {name}", "version": "1"}
    for calls in (3, 0):
        outcome = migrator.migrate({"email": f"{name}@example.org"}, credential)
        assert outcome.calls == calls, outcome
    return name


def main(method: str, parent: str) -> None:
    if parent == "used":
        print(sign_in("parent"))
    # A worker ends after three; the next one is forked by a thread of the pool's.
    with multiprocessing.get_context(method).Pool(3, maxtasksperchild=3) as pool:
        for name in pool.imap_unordered(sign_in, [f"pooled{n}" for n in range(24)]):
            print(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
