#!/usr/bin/env python3
"""Writes what each artefact is made of, as CycloneDX: sbom.py FOLDER makes one file for each package of Rust.

It names what is compiled in on Linux, and neither build scripts' tools nor tests, and is the same for the same Cargo.lock.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ARTEFACTS = {
    "kinde-migrate-python": "kinde_migrate (Python wheel)",
    "kinde-migrate-node": "kinde-migrate (Node addon)",
    "kinde-migrate-c": "libkinde_migrate",
    "kinde-migrate-cli": "kinde-migrate (command)",
}


def checksums() -> dict[tuple[str, str], str]:
    entries = re.findall(
        r'^name = "([^"]+)"\nversion = "([^"]+)"\nsource = .*\nchecksum = "([0-9a-f]+)"',
        (ROOT / "Cargo.lock").read_text(),
        re.M,
    )
    return {(name, version): checksum for name, version, checksum in entries}


def component(package: dict[str, Any], sums: dict[tuple[str, str], str]) -> dict[str, Any]:
    name, version = package["name"], package["version"]
    purl = f"pkg:cargo/{name}@{version}"
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if (name, version) in sums:
        found["hashes"] = [{"alg": "SHA-256", "content": sums[name, version]}]
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    told = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    metadata = json.loads(told.stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    links = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        for node in metadata["resolve"]["nodes"]
    }
    sums = checksums()
    for crate, what in ARTEFACTS.items():
        root = next(id for id, package in packages.items() if package["name"] == crate)
        reached, waiting = {root}, [root]
        while waiting:
            for dependency in links[waiting.pop()]:
                # Macros run in the compiler and are no part of what it makes.
                is_macro = any("proc-macro" in target["kind"] for target in packages[dependency]["targets"])
                if dependency not in reached and not is_macro:
                    reached.add(dependency)
                    waiting.append(dependency)
        components = {id: component(packages[id], sums) for id in sorted(reached)}
        main_component = components.pop(root) | {"type": "application", "description": what}
        refs = {id: f"pkg:cargo/{packages[id]['name']}@{packages[id]['version']}" for id in reached}
        bom = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": main_component},
            "components": list(components.values()),
            "dependencies": [
                {"ref": refs[id], "dependsOn": sorted(refs[other] for other in links[id] if other in reached)}
                for id in sorted(reached)
            ],
        }
        place = folder / f"{crate}-{packages[root]['version']}.cdx.json"
        place.write_text(json.dumps(bom, indent=1) + "\n")
        print(f"{place.name}: {len(components)} components")


if __name__ == "__main__":
    main()
