#!/usr/bin/env python3
"""Looks at what is in build/packages: what every package must have, and must not have. `make packages` ends with it.

It needs no place to install into; `make test-packages` does that.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/packages"
TOOLS = ROOT / "build/packaging/bin"
OLDEST = (2, 17)
MEGABYTE = 1_000_000
# How large each may be, packed; the command, which has the local Kinde inside, and the whole C library are larger.
LARGEST = {
    r"kinde_migrate-.*\.whl": 4.0,
    r"kinde-migrate-linux-.*\.tgz": 4.0,
    r"kinde-migrate-\d.*\.tgz": 0.1,
    r"kinde-migrate-cli-linux-.*\.tgz": 4.5,
    r"kinde-migrate-cli-\d.*\.tgz": 0.1,
    r"kinde_migrate_cli-.*\.whl": 4.5,
    r"kinde_migrate(_cli)?-.*\.tar\.gz": 1.0,
    r"php_kinde_migrate-.*\.zip": 4.5,
    r"libkinde_migrate-.*\.tar\.gz": 14.0,
    r"libkinde-migrate0_.*\.deb": 4.0,
    r"libkinde-migrate-dev_.*\.deb": 10.0,
    r"php-kinde-migrate_.*\.deb": 0.2,
    r"kinde-migrate_.*\.deb": 4.5,
}
faults: list[str] = []
rows: list[tuple[str, str, str]] = []


def fault(where: str, what: str) -> None:
    faults.append(f"{where}: {what}")


def run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        fault(Path(command[0]).name, f"{' '.join(command[1:])}: {done.stdout}{done.stderr}")
    return done.stdout


def unpack(package: Path, folder: Path) -> None:
    if package.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
    elif package.suffix == ".deb":
        run("dpkg-deb", "-x", str(package), str(folder))
    else:
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")


@functools.cache
def exported(program: str) -> set[str]:
    """What a program has to offer to what it loads."""
    return {line.split()[-1] for line in run("nm", "-D", "--defined-only", shutil.which(program) or program).splitlines()}


def glibc(name: str, elf: Path) -> str:
    """The newest glibc that it asks for. What asks for none in particular would show at run time, not here."""
    symbols = run("objdump", "-T", str(elf))
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"\bGLIBC_(\d+(?:\.\d+)+)", symbols)}
    newest = max(versions, default=(0,))
    if newest[:2] > OLDEST:
        fault(name, f"{elf.name} needs glibc {'.'.join(map(str, newest))}, more than {'.'.join(map(str, OLDEST))}")
    # What is of no version has to come from the host that loads it, or from the library beside it.
    php = exported("php") if elf.name == "kinde_migrate.so" else set()
    for line in symbols.splitlines():
        if "*UND*" in line and " w " not in line and not re.search(r"\((GLIBC|GCC)_|\bGLIBC_|\bGCC_", line):
            symbol = line.split()[-1]
            if symbol not in php and not re.fullmatch(r"_?Py\w+|napi_\w+|kinde_\w+", symbol):
                fault(name, f"{elf.name} needs {symbol} of no version")
    return ".".join(map(str, newest))


def binary(name: str, elf: Path) -> None:
    content = elf.read_bytes()
    folders = set(re.findall(rb"/(?:root|home)/[\x21-\x7e]{3,}", content)) | set(
        re.findall(re.escape(str(ROOT)).encode(), content)
    )
    if folders:
        fault(name, f"{elf.name} names folders of this machine, as {sorted(folders)[0].decode()}")
    dynamic = run("readelf", "-dW", str(elf))
    if not re.search(r"BIND_NOW|\bNOW\b", dynamic):
        fault(name, f"{elf.name} binds its symbols late")
    if path := re.search(r"R(?:UN)?PATH.*\[(.*)\]", dynamic):
        fault(name, f"{elf.name} looks for libraries in {path[1]}")
    if ".symtab" in run("readelf", "-SW", str(elf)):
        fault(name, f"{elf.name} is not stripped")
    rows.append((f"{name}: {elf.name}", f"{len(content):,}", glibc(name, elf)))


def archive(name: str, library: Path) -> None:
    listed = subprocess.run(["nm", "-g", "--defined-only", str(library)], capture_output=True, text=True).stdout
    others = [symbol for symbol in re.findall(r"^[0-9a-f]+ \w (\w+)$", listed, re.M) if not symbol.startswith("kinde_")]
    if others or "kinde_version" not in listed:
        fault(name, f"{library.name} offers {others[:3]} beside kinde_*")


def readme(name: str, text: str) -> None:
    if dead := re.findall(r"\]\((?!https://|#)([^)]*)\)", text):
        fault(name, f"its README has links that lead nowhere outside of the repository: {dead}")


def npm(name: str, folder: Path) -> None:
    manifest = json.loads((folder / "package/package.json").read_text())
    for field in ("license", "repository", "engines", "homepage", "publishConfig"):
        if field not in manifest:
            fault(name, f"package.json has no {field}")
    if manifest.get("scripts"):
        fault(name, "package.json has scripts, which npm does not run, or should not")
    if "linux" in name and not {"os", "cpu", "libc"} <= manifest.keys():
        fault(name, "package.json does not say for which platform it is")
    if "linux" not in name and not manifest.get("optionalDependencies"):
        fault(name, "package.json names no package for a platform")


def wheel(name: str, package: Path, folder: Path) -> None:
    shown = " ".join(run(str(TOOLS / "auditwheel"), "show", str(package)).split())
    # A command is no extension: auditwheel has nothing to say of it, and its ELF file was looked at above.
    if "_cli" not in name and 'consistent with the following platform tag: "manylinux_2_17_x86_64"' not in shown:
        fault(name, f"auditwheel: {shown}")
    metadata = next(folder.glob("*.dist-info/METADATA")).read_text()
    readme(name, metadata)
    for field in ("License-Expression", "License-File", "Project-URL", "Requires-Python"):
        if f"\n{field}: " not in metadata:
            fault(name, f"METADATA has no {field}")


def main() -> None:
    packages = sorted(path for path in OUT.iterdir() if path.suffix in (".whl", ".tgz", ".gz", ".zip", ".deb"))
    for kind, largest in LARGEST.items():
        found = [path for path in packages if re.fullmatch(kind, path.name)]
        if not found:
            fault(kind, "is not there")
        for path in found:
            rows.append((path.name, f"{path.stat().st_size:,}", ""))
            if path.stat().st_size > largest * MEGABYTE:
                fault(path.name, f"{path.stat().st_size} bytes, more than {largest} MB")
    for package in packages:
        name = package.name
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            unpack(package, folder)
            files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
            if not any(path.name in ("LICENSE-MIT", "copyright") for path in files):
                fault(name, "has no licence in it")
            for path in files:
                start = path.open("rb").read(8)
                if start.startswith(b"\x7fELF"):
                    binary(name, path)
                elif start == b"!<arch>\n":
                    archive(name, path)
                elif path.name == "README.md" and not name.endswith(".tar.gz"):
                    readme(name, path.read_text())
            if package.suffix == ".tgz":
                npm(name, folder)
            if package.suffix == ".whl":
                wheel(name, package, folder)
    run(
        str(TOOLS / "twine"),
        "check",
        "--strict",
        *(
            str(path)
            for path in packages
            if path.suffix == ".whl" or (path.name.startswith("kinde_migrate") and path.name.endswith(".tar.gz"))
        ),
    )
    debs = [str(path) for path in packages if path.suffix == ".deb"]
    print(run("lintian", "--allow-root", "--fail-on", "error,warning", *debs), end="")
    for package in sorted(OUT.glob("*.tgz")):
        run("npx", "--no-install", "publint", "--strict", str(package), cwd=ROOT / "packaging")
    main_package = next(OUT.glob("kinde-migrate-[0-9]*.tgz"), None)
    if main_package is not None:
        run("npx", "--no-install", "attw", str(main_package), cwd=ROOT / "packaging")
    run("sha256sum", "--quiet", "--check", "SHA256SUMS", cwd=OUT)

    width = max(len(row[0]) for row in rows)
    for what, size, needs in rows:
        print(f"{what:<{width}} {size:>12} {'glibc ' + needs if needs else ''}".rstrip())
    for what in faults:
        print(f"fault: {what}", file=sys.stderr)
    if faults:
        raise SystemExit(1)
    print("ok packages")


main()
