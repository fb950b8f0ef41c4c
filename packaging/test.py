#!/usr/bin/env python3
"""Installs each package of build/packages into an empty place without Rust, and carries a user over there.

The places are folders, virtual environments, and two Debian systems without anything of ours: the oldest that can be had
(bullseye: glibc 2.31, CPython 3.9) and the one whose PHP the extension is built for (bookworm). They are made once, with
mmdebstrap, and copied for each test. The local Kinde that users are carried into is the packaged command's own.

    packaging/test.py [NAME...]     all tests, or those of these names
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build/packages"
PLACES = ROOT / "build/places"
INCLUDE = {
    "bullseye": "python3,python3-venv,gcc,libc6-dev,pkg-config,ca-certificates",
    "bookworm": "php-cli,gcc,libc6-dev,pkg-config,ca-certificates,man-db",
}
EMAIL, PASSWORD = "ann@example.com", "correct horse"
# Neither cargo nor anything else of this user's is found.
CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}

PYTHON = f"""
import os, sys, time
began = time.process_time()
import kinde_migrate
took = 1000 * (time.process_time() - began)
from kinde_migrate import Credential, Migrator, User, _native
assert "accepted a sign-in" in Migrator.migrate.__doc__
try:
    _native._provoke_panic()
except kinde_migrate.InternalError:
    pass
with Migrator.from_env() as migrator:
    outcome = migrator.migrate(User(email="{EMAIL}"), Credential(password="{PASSWORD}"))
print(outcome.status, "python", sys.version.split()[0], "import %.1f ms" % took)
"""
NODE = f"""
const run = async ({{ Migrator }}) => {{
  const outcome = await Migrator.fromEnv().migrate({{ email: '{EMAIL}' }}, {{ password: '{PASSWORD}' }});
  console.log(outcome.status, 'node', process.version);
}};
"""
PHP = f"""<?php
$outcome = KindeMigrate\\Migrator::fromEnv()->migrate(['email' => '{EMAIL}'], ['password' => '{PASSWORD}']);
echo $outcome->status, ' php ', PHP_VERSION, ' library ', phpversion('kinde_migrate'), "\\n";
"""
C = f"""
#include <kinde_migrate.h>
#include <stdio.h>
#include <string.h>

int main(void)
{{
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_migrator *migrator = NULL;
    kinde_outcome *outcome = NULL;
    kinde_user_set(user, "email", "{EMAIL}", strlen("{EMAIL}"), NULL);
    kinde_credential_set(credential, "password", "{PASSWORD}", strlen("{PASSWORD}"), NULL);
    if (kinde_migrator_new(NULL, &migrator, NULL) != KINDE_OK ||
        kinde_migrator_migrate(migrator, user, credential, &outcome, NULL) != KINDE_OK)
        return 1;
    printf("%s c %s\\n", kinde_status_name(kinde_outcome_status(outcome)), kinde_version());
    kinde_outcome_free(outcome);
    kinde_migrator_free(migrator);
    kinde_credential_free(credential);
    kinde_user_free(user);
    return 0;
}}
"""


class Fault(Exception):
    """What a test has found."""


def the(pattern: str) -> Path:
    """The one package of that name."""
    found = sorted(OUT.glob(pattern))
    if len(found) != 1:
        raise Fault(f"there are {len(found)} of {pattern} in {OUT}: run `make packages`")
    return found[0]


class Place:
    """A folder to install into, and how a command is run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *command: str) -> list[str]:
        return list(command)

    def run(self, *command: str, env: dict[str, str] | None = None, fails: bool = False, cwd: str | None = None) -> str:
        done = subprocess.run(
            self.command(*command), env=CLEAN | (env or {}), cwd=cwd or self.folder, capture_output=True, text=True, timeout=1800
        )
        if (done.returncode != 0) != fails:
            how = "did not fail" if fails else f"failed with {done.returncode}"
            raise Fault(f"{' '.join(command)} {how}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def write(self, name: str, content: str) -> str:
        (self.folder / name).write_text(content)
        return name


class System(Place):
    """A Debian system of its own, which shares nothing but the network with this one."""

    def command(self, *command: str) -> list[str]:
        inside = 'mount --bind /proc "$0/proc" && root="$0" && cd / && exec chroot "$root" "$@"'
        return ["unshare", "--mount", "sh", "-c", inside, str(self.folder), *command]

    def take(self, package: Path) -> str:
        shutil.copy(package, self.folder / "tmp")
        return f"/tmp/{package.name}"


@contextlib.contextmanager
def system(suite: str) -> Iterator[System]:
    base = PLACES / suite
    if not base.is_dir():
        print(f"making {base.relative_to(ROOT)} with mmdebstrap")
        PLACES.mkdir(parents=True, exist_ok=True)
        new = base.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={INCLUDE[suite]}", suite, str(new)], check=True)
        new.rename(base)
    with tempfile.TemporaryDirectory(prefix=f"{suite}-", dir=PLACES, ignore_cleanup_errors=True) as folder:
        subprocess.run(["cp", "-a", "--reflink=auto", f"{base}/.", folder], check=True)
        Path(folder).chmod(0o755)
        found = System(Path(folder))
        if found.run("sh", "-c", "command -v cargo rustc || true"):
            raise Fault(f"{suite} has Rust")
        yield found


@contextlib.contextmanager
def empty() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="kinde-migrate-") as folder:
        yield Place(Path(folder))


@contextlib.contextmanager
def sandbox(place: Place, command: str) -> Iterator[dict[str, str]]:
    """The local Kinde of a command that was installed at a place. Ends as it does in use: by SIGTERM."""
    process = subprocess.Popen(
        place.command(command, "sandbox", "--client-id", "me", "--client-secret", "secret"),
        env=CLEAN, cwd=place.folder, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        if not first.startswith("listening on "):
            raise Fault(f"{command} sandbox says {first!r}")
        url = first.removeprefix("listening on ").strip()
        yield {"KINDE_DOMAIN": url, "KINDE_MANAGEMENT_CLIENT_ID": "me", "KINDE_MANAGEMENT_CLIENT_SECRET": "secret",
               "KINDE_MIGRATE_LEDGER": "memory", "KINDE_MIGRATE_DEADLINE": "60"}  # fmt: skip
    finally:
        process.terminate()
        if process.wait(60) != 0:
            raise Fault(f"{command} sandbox ended with {process.returncode} after SIGTERM")


def arrived(env: dict[str, str], said: str, what: str) -> None:
    """The program says so, and the user can sign in; then everybody is forgotten."""
    if not said.startswith("created "):
        raise Fault(f"{what}: {said}")
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    headers = {"content-type": "application/json"}
    for path in ("/sandbox/sign-in", "/sandbox/reset"):
        request = urllib.request.Request(env["KINDE_DOMAIN"] + path, body if "sign-in" in path else b"{}", headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            if answer.status != 200:
                raise Fault(f"{what}: {path} answered {answer.status}")
    print(f"ok {what}: {said.strip().splitlines()[0].removeprefix('created ')}")


def python_here() -> None:
    """A virtual environment of this system; its packages cannot be written to."""
    with empty() as place:
        place.run(sys.executable, "-m", "venv", "venv")
        place.run(
            "venv/bin/pip", "install", "--no-index", *map(str, (the("kinde_migrate-*.whl"), the("kinde_migrate_cli-*.whl")))
        )
        place.run("chmod", "-R", "a-w", "venv")
        with sandbox(place, "venv/bin/kinde-migrate") as env:
            arrived(env, place.run("venv/bin/python", "-c", PYTHON, env=env), "wheel")
        place.run("chmod", "-R", "u+w", "venv")


def sdist() -> None:
    """The source distribution, compiled where there is Rust; without optimisation, since only that it builds is asked."""
    quick = {
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    }
    here = {name: os.environ[name] for name in ("HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
    path = os.pathsep.join([str(ROOT / "build/packaging/bin"), os.environ["PATH"]])
    with empty() as place:
        place.run(sys.executable, "-m", "venv", "--system-site-packages", "venv")
        install = ["venv/bin/pip", "install", "--no-index", "--no-build-isolation", str(the("kinde_migrate-*.tar.gz"))]
        place.run(*install, env={**quick, **here, "PATH": path, "PYTHONPATH": maturin()})
        print("ok sdist:", place.run("venv/bin/python", "-c", "import kinde_migrate; print(kinde_migrate.__version__)").strip())


def maturin() -> str:
    """Where the build's own tools are, for a build that may not fetch them."""
    return str(next((ROOT / "build/packaging/lib").glob("python3*")) / "site-packages")


def python_oldest() -> None:
    """The oldest glibc and CPython that can be had."""
    with system("bullseye") as place:
        wheels = [place.take(the(pattern)) for pattern in ("kinde_migrate-*.whl", "kinde_migrate_cli-*.whl")]
        place.run("python3", "-m", "venv", "/venv")
        place.run("/venv/bin/pip", "install", "--no-index", "-q", *wheels)
        with sandbox(place, "/venv/bin/kinde-migrate") as env:
            arrived(env, place.run("/venv/bin/python", "-c", PYTHON, env=env), "wheel, glibc 2.31")


def npm_install(place: Place, *packages: Path) -> None:
    place.write("package.json", '{"private": true}')
    # Nobody is asked: neither for what is here, nor for what the other platforms would take.
    place.run(
        "npm",
        "install",
        "--offline",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        *map(str, packages),
        env={"HOME": str(place.folder)},
    )


def node_package() -> list[Path]:
    return [the("kinde-migrate-[0-9]*.tgz"), the("kinde-migrate-linux-x64-gnu-*.tgz")]


def node_command() -> list[Path]:
    return [the("kinde-migrate-cli-[0-9]*.tgz"), the("kinde-migrate-cli-linux-x64-gnu-*.tgz")]


def node() -> None:
    """An empty folder, CommonJS and ES modules, and what they say where the addon was left out."""
    with empty() as place:
        npm_install(place, *node_package(), *node_command())
        place.write("cjs.cjs", NODE + "run(require('kinde-migrate'));")
        place.write("esm.mjs", "import * as library from 'kinde-migrate';" + NODE + "run(library);")
        with sandbox(place, "node_modules/.bin/kinde-migrate") as env:
            arrived(env, place.run("node", "cjs.cjs", env=env), "npm, require")
            arrived(env, place.run("node", "esm.mjs", env=env), "npm, import")
            with system("bullseye") as old:
                shutil.copy(shutil.which("node") or "", old.folder / "usr/bin/node")
                shutil.copytree(place.folder / "node_modules", old.folder / "srv/node_modules")
                shutil.copy(place.folder / "cjs.cjs", old.folder / "srv")
                arrived(env, old.run("node", "/srv/cjs.cjs", env=env), "npm, glibc 2.31")
    version = re.search(r"-(\d[^-]*)\.tgz", node_package()[0].name)
    assert version is not None
    with empty() as place:
        npm_install(place, node_package()[0], node_command()[0])
        guarded = "try { require('kinde-migrate'); } catch (error) { console.log(error.message); } console.log('goes on');"
        for name, said in (
            ("kinde-migrate-linux-x64-gnu", place.run("node", "-e", guarded)),
            ("kinde-migrate-cli-linux-x64-gnu", place.run("node_modules/.bin/kinde-migrate", "status", fails=True)),
        ):
            if f"{name} is not installed" not in said or f"`npm install {name}@{version[1]}`" not in said:
                raise Fault(f"without the platform's package: {said}")
        print("ok npm without the platform's package: says which, and its cure")


WEBPACK = """
module.exports = { mode: 'production', target: 'node', entry: './app.cjs',
  output: { path: __dirname + '/webpack', filename: 'app.js' }, module: { rules: [{ test: /\\.node$/, loader: 'node-loader' }] },
  resolveLoader: { modules: ['%s'] }, performance: false };
"""
RUN_WEBPACK = """
require('%s/webpack')(require('./webpack.config.js'), (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});
"""
NFT = """
const { nodeFileTrace } = require('%s/@vercel/nft');
const { cpSync } = require('node:fs');
nodeFileTrace(['app.cjs']).then(({ fileList }) => fileList.forEach((file) => cpSync(file, 'nft/' + file, { dereference: true })));
"""


def node_bundled() -> None:
    """Bundled by esbuild and webpack, traced by @vercel/nft; each is moved to another folder and run there."""
    tools = ROOT / "packaging/node_modules"
    with empty() as place:
        npm_install(place, *node_package(), *node_command())
        place.write("app.cjs", NODE + "run(require('kinde-migrate'));")
        place.run(
            str(tools / ".bin/esbuild"),
            "app.cjs",
            "--bundle",
            "--platform=node",
            "--loader:.node=copy",
            "--outfile=esbuild/app.js",
            "--log-level=error",
        )
        place.write("webpack.config.js", WEBPACK % tools)
        place.run("node", "-e", RUN_WEBPACK % tools)
        place.run("node", "-e", NFT % tools)
        with sandbox(place, "node_modules/.bin/kinde-migrate") as env, empty() as elsewhere:
            for bundler, app in (("esbuild", "app.js"), ("webpack", "app.js"), ("nft", "app.cjs")):
                shutil.move(place.folder / bundler, elsewhere.folder / bundler)
                arrived(env, elsewhere.run("node", f"{bundler}/{app}", env=env), f"npm, {bundler}")


MODULES = [("node16", "node16"), ("nodenext", "nodenext"), ("esnext", "bundler"), ("preserve", "bundler")]
TSC = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "false",
    "--target",
    "es2023",
    "--lib",
    "es2023,esnext.disposable",
    "--types",
    "node",
]


def node_types() -> None:
    """TypeScript of each kind of module, with the package as it is installed."""
    tools = ROOT / "packaging/node_modules"
    with empty() as place:
        npm_install(place, *node_package())
        (place.folder / "node_modules/@types").mkdir()
        (place.folder / "node_modules/@types/node").symlink_to(tools / "@types/node")
        (place.folder / "node_modules/undici-types").symlink_to(tools / "undici-types")
        code = (
            "import { Migrator, type Code } from 'kinde-migrate';\nimport { unbroken } from 'kinde-migrate/express';\n"
            "import { migrating } from 'kinde-migrate/passport';\n"
            "const migrator = new Migrator({ domain: 'x', on_existing: 'keep' });\n"
            "void unbroken(() => migrator.migrate({ email: 'x' }));\nvoid migrating;\n"
            "export const reason = async (): Promise<Code | null> => (await migrator.requestReset({ email: 'x' })).reason;\n"
            "// @ts-expect-error a setting that is not there\nnew Migrator({ domian: 'x' });\n"
        )
        for extension in ("mts", "cts"):
            place.write(f"app.{extension}", code)
        for module, resolution in MODULES:
            files = ["app.mts"] if module == "esnext" else ["app.mts", "app.cts"]
            options = [*TSC, "--module", module, "--moduleResolution", resolution]
            place.run("node", str(tools / "typescript/bin/tsc"), *options, *files)
            print(f"ok npm, types: {module}, {resolution}")


CMAKE = """
cmake_minimum_required(VERSION 3.18)
project(app C)
find_package(kinde_migrate 0.1 REQUIRED)
add_executable(app app.c)
target_link_libraries(app kinde_migrate::kinde_migrate)
add_executable(whole app.c)
target_link_libraries(whole kinde_migrate::static)
"""


def c_oldest() -> None:
    """The C library as it is unpacked, shared and static, where it is; and by CMake on this system."""
    with system("bullseye") as place:
        package = place.take(the("libkinde_migrate-*.tar.gz"))
        name = Path(package).name.removesuffix(".tar.gz")
        place.run("tar", "-C", "/opt", "-xzf", package)
        (place.folder / "app.c").write_text(C)
        env = {"PKG_CONFIG_PATH": f"/opt/{name}/lib/pkgconfig"}
        flags = "-std=c99 -Wall -Wextra -Werror /app.c"
        place.run("sh", "-c", f"cc {flags} -o /shared $(pkg-config --cflags --libs kinde_migrate)", env=env)
        place.run("sh", "-c", f"cc {flags} -o /static $(pkg-config --cflags kinde_migrate) /opt/{name}/lib/libkinde_migrate.a "
                  "$(pkg-config --variable=private_libs kinde_migrate)", env=env)  # fmt: skip
        wheel = place.take(the("kinde_migrate_cli-*.whl"))
        place.run("python3", "-m", "zipfile", "-e", wheel, "/command")
        command = next((place.folder / "command").glob("*.data/scripts/kinde-migrate"))
        command.chmod(0o755)
        with sandbox(place, "/" + str(command.relative_to(place.folder))) as env:
            arrived(env, place.run("/shared", env=env | {"LD_LIBRARY_PATH": f"/opt/{name}/lib"}), "C, shared, glibc 2.31")
            arrived(env, place.run("/static", env=env), "C, static, glibc 2.31")
            size = (place.folder / "static").stat().st_size
            with empty() as here:
                here.run("tar", "-xzf", str(the("libkinde_migrate-*.tar.gz")))
                here.write("app.c", C)
                here.write("CMakeLists.txt", CMAKE)
                here.run("cmake", "-S", ".", "-B", "built", f"-DCMAKE_PREFIX_PATH={here.folder}/{name}")
                here.run("cmake", "--build", "built")
                for program in ("app", "whole"):
                    arrived(env, here.run(f"built/{program}", env=env), f"C, CMake, {program}")
        print(f"ok a program with the library inside: {size:,} bytes")


def installed_without_cargo() -> None:
    """`make install` of what was built, by somebody who has no cargo, and `make uninstall`."""
    artifacts = ROOT / "build/stage/c"
    with empty() as place:
        make = ["make", "-s", "-C", str(ROOT), "-f", "bindings-c/Makefile", f"DESTDIR={place.folder}", "PREFIX=/usr"]
        arguments = [*make, f"ARTIFACTS={artifacts}"]
        place.run(*arguments, "install")
        files = [path for path in place.folder.rglob("*") if not path.is_dir()]
        if len(files) < 60:
            raise Fault(f"only {len(files)} files were installed")
        place.run(*arguments, "uninstall")
        if left := [path for path in place.folder.rglob("*") if not path.is_dir()]:
            raise Fault(f"uninstall has left {left}")
        said = place.run(*make, "ARTIFACTS=/nonexistent", "install", fails=True)
        if "make -f bindings-c/Makefile lib" not in said:
            raise Fault(said)
        print(f"ok make install without cargo: {len(files)} files, and none after make uninstall")


def debian() -> None:
    """The Debian packages: command, libraries, PHP extension, one after the other, and out again."""
    with system("bookworm") as place:
        names = ("libkinde-migrate0", "libkinde-migrate-dev", "php-kinde-migrate", "kinde-migrate")
        place.run("dpkg", "-i", *(place.take(the(f"{name}_*.deb")) for name in names), env={"DEBIAN_FRONTEND": "noninteractive"})
        place.run("sh", "-c", "test -d /var/lib/kinde-migrate && ls /lib/systemd/system/kinde-migrate.service")
        place.run("sh", "-c", "kinde-migrate completions bash >/dev/null")
        (place.folder / "app.c").write_text(C)
        (place.folder / "app.php").write_text(PHP)
        place.run("sh", "-c", "cc -std=c99 -Wall -Wextra -Werror /app.c -o /app $(pkg-config --cflags --libs kinde_migrate)")
        with sandbox(place, "kinde-migrate") as env:
            arrived(env, place.run("/app", env=env), "Debian, C")
            arrived(env, place.run("php", "/app.php", env=env), "Debian, PHP")
            # Where no other place can be written to, each user has a folder of their own there.
            kept = {name: value for name, value in env.items() if name != "KINDE_MIGRATE_LEDGER"}
            run_as = ["setpriv", "--reuid=33", "--regid=33", "--clear-groups", "--"]
            arrived(env, place.run(*run_as, "php", "/app.php", env=kept), "Debian, PHP as www-data")
            said = place.run(*run_as, "kinde-migrate", "status", env=kept)
            if "/var/lib/kinde-migrate/33/ledger.db" not in said:
                raise Fault(f"kinde-migrate status as www-data: {said}")
        place.run("dpkg", "--purge", *reversed(names))
        place.run("php", "-r", "exit(extension_loaded('kinde_migrate') ? 1 : 0);")
        print("ok Debian, purged: PHP goes on")


def pie() -> None:
    """What PIE downloads for an extension, where there is no library."""
    with system("bookworm") as place:
        package = the("php_kinde_migrate-*.zip")
        subprocess.run(["unzip", "-q", str(package), "-d", str(place.folder / "srv")], check=True)
        (place.folder / "app.php").write_text(PHP)
        command = place.take(the("kinde-migrate_*.deb"))
        place.run("dpkg", "-i", command)
        with sandbox(place, "kinde-migrate") as env:
            arrived(
                env,
                place.run("php", "-n", "-d", "extension=/srv/kinde_migrate.so", "/app.php", env=env),
                "PHP extension with the library inside",
            )
        api = place.run("php", "-n", "-r", "echo PHP_VERSION;")
        print(f"ok PHP {api}, no libkinde_migrate installed")


# Compiles everything, and so is run when it is named.
ON_REQUEST = [sdist]
TESTS: list[Callable[[], None]] = [
    python_here, python_oldest, node, node_bundled, node_types, c_oldest, installed_without_cargo, debian, pie,
]  # fmt: skip


def main() -> None:
    wanted = sys.argv[1:] or [test.__name__ for test in TESTS]
    if unknown := set(wanted) - {test.__name__ for test in [*TESTS, *ON_REQUEST]}:
        raise SystemExit(f"there is no test {', '.join(sorted(unknown))}")
    if wanted != ["python_here"] and (platform.system() != "Linux" or os.geteuid() != 0):
        raise SystemExit("test-packages wants to be root on Linux: it makes systems of its own (mmdebstrap, chroot)")
    failed = 0
    began = time.monotonic()
    for test in [*TESTS, *ON_REQUEST]:
        if test.__name__ not in wanted:
            continue
        start = time.monotonic()
        try:
            test()
        except Fault as fault:
            failed += 1
            print(f"FAILED {test.__name__}: {fault}")
        print(f"   {test.__name__}: {time.monotonic() - start:.0f} s")
    print(f"{len(wanted) - failed} passed, {failed} failed in {time.monotonic() - began:.0f} s")
    raise SystemExit(failed != 0)


main()
