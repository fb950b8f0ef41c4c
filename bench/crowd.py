#!/usr/bin/env python3
"""Many processes of three languages on one ledger, under a limit that they have to find out.

    bench/crowd.py --minutes 10 --limit 600 --model sliding

Each of 8 Python, 8 Node and 8 PHP workers signs up one new user after another, so all of them want more than
Kinde gives. Prints how much of the limit was used, the share of 429s, and how even it was among the processes,
and writes build/crowd.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from run import BENCH, BUILD, ROOT, Sandbox

EACH = 8


def command(language: str, args: argparse.Namespace) -> list[str]:
    return {
        "python": [str(args.python), str(BENCH / "crowd_worker.py")],
        "node": ["node", str(BENCH / "crowd_worker.mjs")],
        "php": ["php", "-n", "-d", f"extension={args.php_extension}", str(BENCH / "crowd_worker.php")],
    }[language]


def jain(shares: list[float]) -> float:
    """Jain's index of fairness: 1 where all have the same."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


def run(args: argparse.Namespace) -> dict[str, Any]:
    binary = os.environ.get("KINDE_MIGRATE_BIN", str(ROOT / "target/release/kinde-migrate"))
    sandbox = Sandbox([binary], args.latency_ms)
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="crowd-", dir=BUILD) as folder:
        try:
            sandbox.ask("options", {"limit_per_minute": args.limit, "limit_model": args.model})
            seconds = str(args.minutes * 60)
            workers = [
                subprocess.Popen(
                    [*command(language, args), sandbox.url, f"{folder}/ledger.db", f"{language}-{n}", seconds],
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for language in args.languages.split(",")
                for n in range(args.each)
            ]
            minutes = []
            began, before = time.monotonic(), sandbox.ask("stats")
            while any(worker.poll() is None for worker in workers):
                time.sleep(min(60, max(began + 60 * (len(minutes) + 1) - time.monotonic(), 0.2)))
                if time.monotonic() < began + 60 * (len(minutes) + 1):
                    continue
                now = sandbox.ask("stats")
                minutes.append([good(now) - good(before), now["throttled"] - before["throttled"]])
                before = now
                print(f"minute {len(minutes)}: {minutes[-1][0]} answered, {minutes[-1][1]} refused", file=sys.stderr)
            reports = [json.loads(worker.communicate()[0]) for worker in workers]
            stats = sandbox.ask("stats")
        finally:
            sandbox.stop()
    took = time.monotonic() - began
    by_language: dict[str, list[float]] = {}
    for report in reports:
        by_language.setdefault(report["name"].split("-")[0], []).append(report["calls"])
    calls = [float(report["calls"]) for report in reports]
    steady = minutes[1 : int(args.minutes)]
    return {
        "limit": args.limit,
        "model": args.model,
        "latency_ms": args.latency_ms,
        "processes": len(workers),
        "minutes": minutes,
        "utilisation": good(stats) / (args.limit * took / 60),
        # Whole minutes, without the first, in which the limit is found out.
        "utilisation_steady": sum(minute[0] for minute in steady) / max(args.limit * len(steady), 1),
        "refused": stats["throttled"],
        "share_refused": stats["throttled"] / max(stats["total"], 1),
        "jain": jain(calls),
        "tokens": stats["tokens"],
        "calls_by_language": {name: sum(counts) for name, counts in by_language.items()},
        "outcomes": {
            status: sum(report["outcomes"].get(status, 0) for report in reports)
            for status in sorted({status for report in reports for status in report["outcomes"]})
        },
        "longest_ms": max(report["longest_ms"] for report in reports),
        "reports": reports,
    }


def good(stats: dict[str, Any]) -> int:
    return int(stats["total"]) - int(stats["throttled"])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--limit", type=int, default=600, help="calls a minute that the sandbox takes")
    parser.add_argument("--model", default="sliding", choices=["fixed", "sliding", "gcra"])
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--each", type=int, default=EACH, help="processes of each language")
    parser.add_argument("--languages", default="python,node,php")
    parser.add_argument("--python", type=Path, default=BUILD / "venv/bin/python")
    parser.add_argument("--php-extension", type=Path, default=BUILD / "php/modules/kinde_migrate.so")
    parser.add_argument("--json", type=Path, default=BUILD / "crowd.json")
    args = parser.parse_args()
    report = run(args)
    args.json.write_text(json.dumps(report, indent=1) + "\n")
    for name in (
        "limit",
        "model",
        "processes",
        "utilisation",
        "utilisation_steady",
        "refused",
        "share_refused",
        "jain",
        "tokens",
        "calls_by_language",
        "outcomes",
        "longest_ms",
    ):
        value = report[name]
        print(f"{name:20} {value:.4f}" if isinstance(value, float) else f"{name:20} {value}")


if __name__ == "__main__":
    main()
