#!/usr/bin/env python3
"""The version, which is written down in several places: `version.py` says whether they agree, `version.py 1.2.3` sets it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = r"\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?"
# Each file, and what stands before and behind the version in it; the first place that matches counts.
PLACES = [
    ("Cargo.toml", rf'(\[workspace\.package\]\nversion = ")({VERSION})(")'),
    ("include/kinde_migrate.h", rf'(#define KINDE_MIGRATE_VERSION ")({VERSION})(")'),
    ("bindings-node/package.json", rf'("version": ")({VERSION})(")'),
    ("bindings-node/package-lock.json", rf'("version": ")({VERSION})(")'),
    ("bindings-node/package-lock.json", rf'("": \{{\n\s+"name": "kinde-migrate",\n\s+"version": ")({VERSION})(")'),
    (
        "examples/express/package-lock.json",
        rf'("../../bindings-node": \{{\n\s+"name": "kinde-migrate",\n\s+"version": ")({VERSION})(")',
    ),
]
PARTS = ("MAJOR", "MINOR", "PATCH")


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    if wanted is not None and not re.fullmatch(VERSION, wanted):
        raise SystemExit(f"version.py: {wanted} is no version such as 1.2.3 or 1.2.3-rc.1")
    found: dict[str, str] = {}
    for name, pattern in PLACES:
        path = ROOT / name
        text = path.read_text()
        match = re.search(pattern, text)
        if match is None:
            raise SystemExit(f"version.py: no version is found in {name}")
        found[f"{name}: {match[1].strip()}"] = match[2]
        if wanted is not None:
            path.write_text(text[: match.start(2)] + wanted + text[match.end(2) :])
    header = ROOT / "include/kinde_migrate.h"
    text = header.read_text()
    numbers = (wanted or found[next(iter(found))]).split("-")[0].split(".")
    for part, number in zip(PARTS, numbers, strict=True):
        pattern = rf"(#define KINDE_MIGRATE_VERSION_{part} )(\d+)"
        match = re.search(pattern, text)
        if match is None or (wanted is None and match[2] != number):
            raise SystemExit(f"version.py: KINDE_MIGRATE_VERSION_{part} in include/kinde_migrate.h is not {number}")
        text = re.sub(pattern, rf"\g<1>{number}", text)
    if wanted is None:
        if len(set(found.values())) != 1:
            raise SystemExit("\n".join(f"{place}: {version}" for place, version in found.items()))
        print(next(iter(found.values())))
        return
    header.write_text(text)
    # The lock file names this workspace's crates, too.
    subprocess.run(["cargo", "update", "--workspace", "--offline", "--quiet"], cwd=ROOT, check=True)


main()
