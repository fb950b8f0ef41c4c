"""Runs every example of the README against the sandbox, as it stands there.

Each language's block is written to a file of its own, with a line or two behind it that call what it
defines; the user must then be able to sign in at the sandbox with the password typed. The commands of
`kinde-migrate hash` are typed into a shell, beside files of the names that they read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from sandbox import Sandbox, binary  # noqa: E402

PASSWORD = "correct horse"
STORED = "a-stored-hash"
C_MAIN = """
int main(int argc, char **argv)
{
    kinde_migrator *migrator = NULL;
    (void)argc;
    if (kinde_migrator_new(NULL, &migrator, NULL) != KINDE_OK)
        return 1;
    signed_in(migrator, argv[1], argv[2], argv[3]);
    kinde_migrator_free(migrator);
    return 0;
}
"""


def blocks() -> dict[str, str]:
    text = (ROOT / "README.md").read_text()
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)
    return {language: code for language, code in found if language != "sh"}


def commands() -> list[str]:
    """What the README types of `kinde-migrate hash`."""
    return re.findall(r"^kinde-migrate hash .*?(?= +#|$)", (ROOT / "README.md").read_text(), re.M)


def run(folder: Path, env: dict[str, str], *command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, env=env, cwd=cwd or folder, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def python(code: str, folder: Path, env: dict[str, str], email: str) -> str:
    (folder / "example.py").write_text(f"{code}\nsigned_in({email!r}, {PASSWORD!r}, {STORED!r})\n")
    return run(folder, env, sys.executable, "example.py")


def js(code: str, folder: Path, env: dict[str, str], email: str) -> str:
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / "kinde-migrate").symlink_to(ROOT / "bindings-node")
    (folder / "example.mjs").write_text(f"{code}\nawait signedIn({email!r}, {PASSWORD!r}, {STORED!r})\n")
    return run(folder, env, "node", "example.mjs")


def php(code: str, folder: Path, env: dict[str, str], email: str) -> str:
    (folder / "example.php").write_text(f"{code}\nsigned_in({email!r}, {PASSWORD!r}, {STORED!r});\n")
    extension = ["-d", f"extension={ROOT / 'build/php/modules/kinde_migrate.so'}"]
    # A login goes on without the extension, and without settings: both only show in the log.
    log = folder / "php.log"
    mistakes = [
        ([], env, 'Class "KindeMigrate\\Migrator" not found'),
        (extension, {"PATH": env["PATH"]}, "domain is missing"),
    ]
    for options, wrong, why in mistakes:
        said = run(folder, wrong, "php", "-n", "-d", f"error_log={log}", *options, "example.php")
        if said or why not in log.read_text():
            raise SystemExit(f"the README's PHP example said {said!r}, and to the log {log.read_text()!r}")
    return run(folder, env, "php", "-n", *extension, "example.php")


def c(code: str, folder: Path, env: dict[str, str], email: str) -> str:
    (folder / "example.c").write_text(code + C_MAIN)
    flags = run(folder, env, "pkg-config", "--cflags", "--libs", "kinde_migrate").split()
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    run(folder, env, "cc", *strict, "-o", "example", "example.c", *flags)
    return run(folder, env, "./example", email, PASSWORD, STORED)


def rust(code: str, folder: Path, env: dict[str, str], email: str) -> str:
    # Inside the workspace's own lock file and build folder, so that nothing is built twice.
    example = ROOT / "core/examples/readme.rs"
    if example.read_text().partition("\n\n")[2] != code:
        raise SystemExit(f"{example} is not the README's Rust example: copy it there")
    args = ["run", "--quiet", "--release", "-p", "kinde-migrate", "--example", "readme"]
    return run(folder, env, "cargo", *args, cwd=ROOT)


def hashes(folder: Path) -> int:
    """Runs them on files of those names, in a shell."""
    stored = "$2y$10$69.kVLkpGbQCv3vxmdnQM.RfzFVB8dXT1kiLvuQg6qhqLnYns0dPi"
    (folder / "stored-hash.txt").write_text(f"{stored}\n")
    (folder / "hashes.txt").write_text(f"{stored}\n" * 3)
    (folder / "password.txt").write_text(" padded \n")
    (folder / "rows.ndjson").write_text(json.dumps({"stored_hash": stored}) + "\n")
    env = {**os.environ, "PATH": f"{Path(binary()).parent}:{os.environ['PATH']}"}
    for command in commands():
        said = run(folder, env, "sh", "-c", command)
        if "php_bcrypt_2y" not in said and "map" not in command:
            raise SystemExit(f"the README's `{command}` said {said!r}")
        print(f"ok README command: {command}")
    mapped = json.loads((folder / "mapped.ndjson").read_text())
    if mapped["kinde"] != {"hashing_method": "bcrypt", "hashed_password": f"$2a{stored[3:]}"}:
        raise SystemExit(f"the README's `hash map` gave {mapped}")
    return len(commands())


def main() -> None:
    found = blocks()
    runners = {"python": python, "js": js, "php": php, "c": c, "rust": rust}
    if set(found) != set(runners):
        raise SystemExit(f"the README has examples in {sorted(found)}, expected {sorted(runners)}")
    prefix = ROOT / "build/prefix/lib"
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        for language, runner in runners.items():
            place = Path(folder) / language
            place.mkdir()
            email = "ann@example.com" if language == "rust" else f"{language}@example.com"
            env = {
                **os.environ,
                **sandbox.environment(),
                "KINDE_MIGRATE_LEDGER": str(place / "ledger.db"),
                "PKG_CONFIG_PATH": str(prefix / "pkgconfig"),
                "LD_LIBRARY_PATH": str(prefix),
            }
            said = runner(found[language], place, env, email).strip()
            if said != "created" or not sandbox.signs_in(email, PASSWORD):
                raise SystemExit(f"the README's {language} example said {said!r}, and nobody can sign in")
            print(f"ok README example: {language}")
    with tempfile.TemporaryDirectory() as folder:
        passed = len(runners) + hashes(Path(folder))
    print(f"{passed} passed, 0 failed")


if __name__ == "__main__":
    main()
