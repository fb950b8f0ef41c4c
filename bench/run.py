#!/usr/bin/env python3
"""Measures everything, prints a table and writes build/bench.json. `bench/README.md` says how to read it.

Nothing but Python's standard library is needed. What is not installed or not built is left out, with a
line that says what is missing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build"

# What is aimed at. Ratios are against a minimal client in the same run.
RATIO_0_MS = 1.3
RATIO_20_MS = 1.03
BINDING_NEW_US = 30
BINDING_AGAIN_US = 20
IMPORT_MS = 15
PHP_START_MS = 2
# Of the 60 us that a decision may take, most is SQLite's.
DECISION_US = 10
# How much later than its deadline a call may end.
BURST_OVER_MS = 50
SHARED_DECISION_US = 60


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Skip(Exception):
    """What is missing, and how to get it."""


class Cores:
    """The sandbox on one core, the client on another or on the same one."""

    def __init__(self) -> None:
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.taskset = shutil.which("taskset") is not None and len(usable) > 0
        self.server = usable[0] if usable else 0
        self.client = usable[1] if len(usable) > 1 else self.server

    def on(self, core: int, command: Sequence[str | Path]) -> list[str]:
        words = [str(word) for word in command]
        return ["taskset", "-c", str(core), *words] if self.taskset else words


class Sandbox:
    """A local Kinde in a process of its own."""

    def __init__(self, command: list[str], latency_ms: int) -> None:
        command = [*command, "sandbox", "--port", "0", "--latency-ms", str(latency_ms)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().removeprefix("listening on ")
        if not self.url.startswith("http://"):
            self.stop()
            raise SystemExit(f"bench: the sandbox did not start: {' '.join(command)}")

    def ask(self, route: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{route}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def clear(self) -> None:
        self.ask("reset", {"keep_tokens": True})

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.cores = Cores()
        self.report: dict[str, Any] = {"machine": machine(), "skipped": [], "notes": []}
        # On the disk that is built on: the ledger's cost is part of what is measured.
        BUILD.mkdir(exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="bench-", dir=BUILD))
        self.made = 0

    def ledger(self) -> Path:
        self.made += 1
        return self.folder / str(self.made) / "ledger.db"

    def skip(self, what: str, why: object) -> None:
        say(f"  skipped: {what}: {why}")
        self.report["skipped"].append({"what": what, "why": str(why)})

    def note(self, text: str) -> None:
        if text not in self.report["notes"]:
            say(f"  {text}")
            self.report["notes"].append(text)

    @contextmanager
    def sandbox(self, latency_ms: int) -> Iterator[Sandbox]:
        binary = self.args.kinde_migrate
        if not binary.is_file():
            raise SystemExit(f"bench: there is no {binary}; run `make build`, or name it with --kinde-migrate")
        sandbox = Sandbox(self.cores.on(self.cores.server, [binary]), latency_ms)
        try:
            yield sandbox
        finally:
            sandbox.stop()

    def client(
        self, command: Sequence[str | Path], together: bool = False, spread: bool = False, **environment: str
    ) -> dict[str, Any]:
        """Runs one program that prints one line of JSON: on the client's core, on the sandbox's, or on all."""
        core = self.cores.server if together else self.cores.client
        done = subprocess.run(
            [str(word) for word in command] if spread else self.cores.on(core, command),
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            cwd=self.folder,
            check=False,
        )
        if done.returncode != 0:
            raise Skip(f"{Path(str(command[0])).name} ended with {done.returncode}: {last_line(done.stderr)}")
        return dict(json.loads(last_line(done.stdout)))

    # The library against the least that can be done.

    def ways(self) -> None:
        rows = self.report["ways"] = []
        short = self.args.quick
        plan = [  # latency, credential, on one core with the sandbox, users, rounds, target
            (0, "hash", False, 1000 if short else 2000, 3 if short else 5, RATIO_0_MS),
            (0, "hash", True, 1000 if short else 2000, 3, None),
            (20, "hash", False, 20 if short else 50, 2, RATIO_20_MS),
            (0, "password", False, 15 if short else 40, 1, None),
            (20, "password", False, 15 if short else 40, 1, None),
        ]
        for latency, credential, together, users, rounds, target in plan:
            say(f"new users against a minimal client: {latency} ms, {credential}{', one core' if together else ''}")
            if together and not self.cores.taskset:
                self.skip("one core", "there is no taskset")
                continue
            reports = []
            with self.sandbox(latency) as sandbox:
                for _ in range(rounds):
                    sandbox.clear()
                    command = [self.args.rust, "way", sandbox.url, self.ledger(), str(users), credential]
                    reports.append(self.client(command, together))
            ours, bare, reqwest = (pooled(report[who] for report in reports) for who in ("ours", "bare", "reqwest"))
            ratios = [median(report["ours"]["us"]) / median(report["bare"]["us"]) for report in reports]
            rows.append(
                {
                    "latency_ms": latency,
                    "credential": credential,
                    "together": together,
                    "ours": ours,
                    "bare": bare,
                    "reqwest": reqwest,
                    "ratio": statistics.median(ratios),
                    "ratios": ratios,
                    "target": target,
                }
            )

    # Through each language.

    def older(self, what: str, *built: Path) -> None:
        """A binding that holds an older core than the Rust part is not to be compared with it."""
        stamp = min((path.stat().st_mtime for path in built if path.exists()), default=0.0)
        newest = max((path.stat().st_mtime for path in (ROOT / "core/src").rglob("*.rs")), default=0.0)
        if stamp < newest:
            self.note(f"{what} was built before core/src changed: run `make build`")

    def languages(self) -> list[tuple[str, list[str | Path], dict[str, str]]]:
        """Name, the command up to its four arguments, the environment."""
        found: list[tuple[str, list[str | Path], dict[str, str]]] = [
            ("rust", [self.args.rust, "verbs"], {}),
            ("rust, background", [self.args.rust, "started"], {}),
        ]
        for name, make in [
            ("python", lambda: (self.python("call"), {})),
            ("python async", lambda: (self.python("async"), {})),
            ("node", lambda: (self.node(), {})),
            ("c", self.c),
            ("php", self.php),
        ]:
            try:
                command, environment = make()
                found.append((name, command, environment))
            except Skip as why:
                self.skip(name, why)
        return found

    def python(self, how: str) -> list[str | Path]:
        imports(self.args.python, "kinde_migrate")
        where = "import kinde_migrate._native as m; print(m.__file__)"
        found = subprocess.run([str(self.args.python), "-c", where], capture_output=True, text=True, cwd="/", check=False)
        self.older("the wheel", Path(last_line(found.stdout)))
        return [self.args.python, BENCH / "python.py", how]

    def node(self) -> list[str | Path]:
        program(self.args.node, "Node")
        if not list(self.args.node_package.glob("*.node")):
            raise Skip(f"no addon in {self.args.node_package}; run `npm run build` there, or give --node-package")
        self.older("the npm addon", *self.args.node_package.glob("*.node"))
        # The folder of the package comes last.
        wrapper = self.folder / "node.mjs"
        source = (BENCH / "node.mjs").as_uri()
        package = json.dumps(str(self.args.node_package))
        wrapper.write_text(f"process.argv.push({package});\nawait import({json.dumps(source)});\n")
        return [self.args.node, wrapper]

    def c(self) -> tuple[list[str | Path], dict[str, str]]:
        prefix = self.args.prefix
        library = prefix / "lib"
        program(self.args.cc, "a C compiler")
        if not (prefix / "include/kinde_migrate.h").is_file() or not (library / "libkinde_migrate.so").exists():
            raise Skip(f"no header or library in {prefix}; run `make build`, or give --prefix")
        made = self.folder / "bench-c"
        command = [self.args.cc, "-O2", "-std=c99", "-I", prefix / "include", BENCH / "bench.c", "-o", made]
        built = subprocess.run(
            [*map(str, command), "-L", str(library), "-lkinde_migrate"], capture_output=True, text=True, check=False
        )
        if built.returncode != 0:
            raise Skip(f"bench.c does not compile: {last_line(built.stderr)}")
        self.older("the C library", library / "libkinde_migrate.so")
        return [made], {"LD_LIBRARY_PATH": str(library)}

    def php(self) -> tuple[list[str | Path], dict[str, str]]:
        command = self.php_with_extension()
        self.older("the PHP extension", self.args.php_extension)
        return [*command, BENCH / "bench.php"], {}

    def php_with_extension(self) -> list[str | Path]:
        program(self.args.php, "PHP")
        if not self.args.php_extension.is_file():
            raise Skip(f"no {self.args.php_extension}; run `make build`, or give --php-extension")
        return [self.args.php, "-n", "-d", f"extension={self.args.php_extension}"]

    def verbs(self) -> None:
        languages = self.languages()
        self.older("the Rust part", self.args.rust)
        users, passes, rounds = (200, 5, 3) if self.args.quick else (500, 10, 7)
        reports: dict[str, list[dict[str, Any]]] = {name: [] for name, *_ in languages}
        calls: dict[str, dict[str, float]] = {}
        with self.sandbox(0) as sandbox:
            for turn in range(rounds):
                say(f"every language, round {turn + 1} of {rounds}")
                for name, command, environment in languages:
                    sandbox.clear()
                    arguments = [sandbox.url, self.ledger(), str(users), str(passes)]
                    try:
                        # With the sandbox on the same core: no core has to be woken, which takes longer than
                        # what is looked for.
                        reports[name].append(self.client([*command, *arguments], True, **environment))
                    except Skip as why:
                        if not any(skipped["what"] == name for skipped in self.report["skipped"]):
                            self.skip(name, why)
                        continue
                    stats = sandbox.ask("stats")
                    made, total = stats["calls"]["create"], stats["total"]
                    repeats = max(made - users, 0) + users * passes
                    calls[name] = {"new": min(total, 3 * made) / made, "again": max(total - 3 * made, 0) / repeats}
        base = reports["rust"]
        rows = self.report["languages"] = []
        for name, mine in reports.items():
            if not mine:
                continue
            row: dict[str, Any] = {"name": name, "calls": calls[name]}
            for kind in ("new", "again"):
                row[kind] = pooled(report[kind] for report in mine)
                # Round by round, so that what the machine does meanwhile falls on both.
                row[kind]["over_rust_us"] = statistics.median(
                    median(report[kind]["us"]) - median(rust[kind]["us"]) for report, rust in zip(mine, base, strict=False)
                )
            rows.append(row)

    # What a start costs.

    def starts(self) -> None:
        rows = self.report["starts"] = []
        pairs = 15 if self.args.quick else 41
        node = json.dumps(str(self.args.node_package))
        python, node_bin = str(self.args.python), str(self.args.node)
        plan: list[tuple[str, Any, float | None]] = [
            (
                "import kinde_migrate",
                lambda: (
                    imports(self.args.python, "kinde_migrate") or ([python, "-c", "pass"], [python, "-c", "import kinde_migrate"])
                ),
                IMPORT_MS,
            ),
            (
                "require('kinde-migrate')",
                lambda: self.node() and ([node_bin, "-e", "0"], [node_bin, "-e", f"require({node})"]),
                IMPORT_MS,
            ),
            (
                "php extension",
                lambda: (
                    [str(self.args.php), "-n", "-r", ""],
                    [*map(str, self.php_with_extension()), "-r", ""],
                ),
                PHP_START_MS,
            ),
            (
                "import kinde_sdk.management",
                lambda: (
                    imports(self.args.peer_python, "kinde_sdk")
                    or (
                        [str(self.args.peer_python), "-c", "pass"],
                        [str(self.args.peer_python), "-c", "import kinde_sdk.management"],
                    )
                ),
                None,
            ),
            (
                "require('@kinde/management-api-js')",
                lambda: (
                    self.peer_package()
                    and (
                        [node_bin, "-e", "0"],
                        [node_bin, "-e", f"require({json.dumps(str(self.peer_package()))})"],
                    )
                ),
                None,
            ),
        ]
        for name, make, target in plan:
            try:
                empty, loaded = make()
            except Skip as why:
                self.skip(name, why)
                continue
            say(f"start: {name}")
            timed(empty), timed(loaded)  # the page cache
            differences = []
            for _ in range(pairs if target else min(pairs, 9)):
                before = timed(self.cores.on(self.cores.client, empty))
                differences.append(timed(self.cores.on(self.cores.client, loaded)) - before)
            rows.append({"name": name, "ms": statistics.median(differences), "target": target, "all": differences})

    # What the ledger costs.

    def ledgers(self) -> None:
        short = self.args.quick
        rows = self.report["ledger"] = {}
        say("queued, against one insert of SQLite")
        report = self.client([self.args.rust, "queued", self.ledger(), "300" if short else "2000"])
        ours, insert = median(report["ours"]["us"]), median(report["insert"]["us"])
        rows["queued"] = {"us": ours, "insert_us": insert, "ratio": ours / insert, "straight": report["straight"]}
        say("the pacer's decisions, 8 processes on one ledger")
        command = [self.args.rust, "decisions", self.ledger(), "8", "2" if short else "10"]
        rows["decisions"] = self.client(command, spread=True)
        with self.sandbox(0) as sandbox:
            say("repeated sign-ins, 16 processes on one ledger")
            command = [self.args.rust, "shared", sandbox.url, self.ledger(), "16", "2" if short else "10"]
            rows["shared"] = self.client(command, spread=True)
            many = "500000" if short else "5000000"
            say(f"a ledger of {many} users")
            sandbox.clear()
            report = self.client([self.args.rust, "many", sandbox.url, self.ledger(), many])
            rows["many"] = {
                "users": report["users"],
                "bytes_a_user": report["bytes_a_user"],
                "small_us": median(report["small"]["us"]),
                "large_us": median(report["large"]["us"]),
            }
        entries = "5000" if short else "100000"
        say(f"a worker and an outbox of {entries}")
        with self.sandbox(0) as sandbox:
            command = [self.args.rust, "drain", sandbox.url, self.ledger(), entries, "8"]
            rows["drain"] = self.client(command, spread=True)

    # Sign-ins before what is owed.

    def classes(self) -> None:
        if self.args.quick:
            self.skip("sign-ins over a worker", "a limit takes a minute and a half to be found out")
            return
        say("sign-ins while a worker uses every call that the sandbox takes")
        # What comes while the limit is met for the first time waits for the next minute: that is not what is measured.
        entries, learn, seconds = "9000", "100", "60"
        with self.sandbox(50) as sandbox:
            sandbox.ask("options", {"limit_per_minute": 3000, "limit_model": "sliding"})
            command = [self.args.rust, "over", sandbox.url, self.ledger(), entries, learn, seconds]
            self.report["classes"] = self.client(command, spread=True)

    # Many users at the same moment.

    def bursts(self) -> None:
        say("users who all sign in at the same moment")
        package = self.args.node_package
        plan: list[tuple[list[str | Path], list[str]]] = [
            ([self.args.node, BENCH / "burst.mjs"], ["100", "0", str(package)]),
            ([self.args.node, BENCH / "burst.mjs"], ["500", "0", str(package)]),
            ([self.args.node, BENCH / "burst.mjs"], ["2000", "200", str(package)]),
            ([self.args.python, BENCH / "burst.py", "async"], ["300"]),
            ([self.args.python, BENCH / "burst.py", "threads"], ["500"]),
        ]
        rows = self.report["bursts"] = []
        with self.sandbox(0) as sandbox:
            for command, arguments in plan:
                runs = []
                for _ in range(1 if self.args.quick else 3):
                    sandbox.clear()
                    try:
                        runs.append(self.client([*command, sandbox.url, self.ledger(), *arguments], spread=True))
                    except Skip as why:
                        self.skip(f"a burst: {command[1]}", why)
                        break
                if runs:
                    rows.append(sorted(runs, key=lambda run: run["max_ms"])[len(runs) // 2])

    # The pacer, against imagined servers.

    def pacing(self) -> None:
        say("the pacer, simulated")
        command = [self.args.rust, "simulate", BUILD / "pacer.svg", "1" if self.args.quick else "5"]
        self.report["pacing"] = self.client(command, spread=True)

    # What stored hashes cost.

    def hashes(self) -> None:
        short = self.args.quick
        say("stored hashes: mapping, and checking a password")
        rows = self.report["hashes"] = {}
        rows["mapped"] = self.client([self.args.rust, "mapped", "1" if short else "5"])
        rounds = 5 if short else 25
        times = self.client([self.args.rust, "checked", str(rounds)])
        for name, peer in (("sha256", "sha256 openssl"), ("sha512", "sha512 openssl")):
            times[peer] = self.client([sys.executable, BENCH / "openssl.py", name, str(rounds)])["ms"]
        rows["checked"] = {name: min(each) for name, each in times.items()}
        line = json.dumps({"stored_hash": f"pbkdf2_sha256$1000000$LHuDevbVL8HAViwkfS0q3Q${'Ab' * 21}A=", "extra": None})
        rows["stream"] = []
        for lines in (10_000, 300_000 if short else 1_000_000):
            file = self.folder / "lines.ndjson"
            # Never whole in memory: what this process has had at most counts as its child's, too.
            with file.open("w") as out:
                out.writelines(itertools.repeat(f"{line}\n", lines))
            command = self.cores.on(self.cores.client, [self.args.kinde_migrate, "hash", "map", file])
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise SystemExit(f"bench: {' '.join(command)} ended with {process.returncode}")
            took = used.ru_utime + used.ru_stime
            rows["stream"].append({"lines": lines, "a_second": lines / took, "mb": used.ru_maxrss / 1024})
            file.unlink()

    # Others' libraries.

    def peer_package(self) -> Path:
        package = Path(self.args.peer_node) / "node_modules/@kinde/management-api-js"
        if not package.is_dir():
            raise Skip(f"@kinde/management-api-js is not in {self.args.peer_node}")
        return package

    def peers(self) -> None:
        rows = self.report["peers"] = []
        users = "30" if self.args.quick else "200"
        for name, make in [
            (
                "kinde-python-sdk",
                lambda: imports(self.args.peer_python, "kinde_sdk") or [self.args.peer_python, BENCH / "peer_python.py"],
            ),
            (
                "@kinde/management-api-js",
                lambda: self.peer_package() and [self.args.node, BENCH / "peer_node.mjs"],
            ),
        ]:
            try:
                command = make()
                last = [str(Path(self.args.peer_node).resolve())] if "node" in str(command[1]) else []
                say(f"peer: {name}")
                with self.sandbox(0) as sandbox:
                    report = self.client([*command, sandbox.url, users, *last], True)
                rows.append({"name": name, "new": pooled([report["new"]])})
            except Skip as why:
                self.skip(name, why)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def program(name: str | Path, what: str) -> None:
    if shutil.which(str(name)) is None:
        raise Skip(f"{what} ({name}) is not installed")


def imports(python: Path, module: str) -> None:
    program(python, "Python")
    search = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    if subprocess.run([str(python), "-c", search], cwd="/", check=False).returncode != 0:
        raise Skip(f"{module} is not installed for {python}")


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    took = (time.perf_counter() - began) * 1000
    if done.returncode != 0:
        raise Skip(f"{command[0]} ended with {done.returncode}: {last_line(done.stderr)}")
    return took


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def pooled(reports: Any) -> dict[str, Any]:
    """Samples of several rounds as one set. The rounds' median of processor time."""
    reports = list(reports)
    us = sorted(value for report in reports for value in report["us"])
    return {
        "samples": len(us),
        "median_us": median(us),
        "p99_us": us[min(len(us) - 1, len(us) * 99 // 100)] if us else 0.0,
        "cpu_us": statistics.median(report["cpu_us"] for report in reports),
        "calls": statistics.median(report["calls"] for report in reports),
    }


def machine() -> dict[str, Any]:
    cpu = ""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        pass
    return {
        "system": platform.platform(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


# The table.


def table(report: dict[str, Any]) -> str:
    lines: list[str] = []

    def section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not rows:
            return
        widths = [max(len(row[n]) for row in [header, *rows]) for n in range(len(header))]
        lines.append(f"\n{title}")
        for row in [header, *rows]:
            cells = [cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  " + "  ".join(cells).rstrip())

    def held(value: float, target: float | None) -> str:
        if target is None:
            return ""
        return f"<= {target:g} {'ok' if value <= target else 'MISSED'}"

    def at_least(value: float, target: float) -> str:
        return f">= {target:,.0f} {'ok' if value >= target else 'MISSED'}"

    on = report["machine"]
    lines.append(f"{on['cpu'] or on['system']}, {on['cores']} cores, load {on['load']:.1f}")
    section(
        "A new user: migrate against a minimal client's same three calls (medians, us)",
        ["sandbox, credential", "ours", "minimal", "reqwest", "ratio", "CPU ours", "CPU minimal", "target"],
        [
            [
                f"{row['latency_ms']} ms, {row['credential']}{', all on one core' if row['together'] else ''}",
                f"{row['ours']['median_us']:.0f}",
                f"{row['bare']['median_us']:.0f}",
                f"{row['reqwest']['median_us']:.0f}",
                f"{row['ratio']:.3f}",
                f"{row['ours']['cpu_us']:.0f}",
                f"{row['bare']['cpu_us']:.0f}",
                held(row["ratio"], row["target"]),
            ]
            for row in report.get("ways", [])
        ],
    )
    for kind, title, target in [
        ("new", "A new user through each language (0 ms, one core, us)", BINDING_NEW_US),
        ("again", "A repeated sign-in through each language (us)", BINDING_AGAIN_US),
    ]:
        section(
            title,
            ["", "median", "p99", "CPU", "over Rust", "calls", "target"],
            [
                [
                    row["name"],
                    f"{row[kind]['median_us']:.1f}",
                    f"{row[kind]['p99_us']:.1f}",
                    f"{row[kind]['cpu_us']:.1f}",
                    f"{row[kind]['over_rust_us']:+.1f}",
                    f"{row['calls'][kind]:g}",
                    held(row[kind]["over_rust_us"] if kind == "new" else row[kind]["median_us"], target)
                    if row["name"] != "rust" or kind == "again"
                    else "",
                ]
                for row in report.get("languages", [])
            ],
        )
    section(
        "Others' libraries, a new user by three calls (0 ms, one core, us)",
        ["", "median", "p99", "CPU"],
        [
            [
                row["name"],
                f"{row['new']['median_us']:.0f}",
                f"{row['new']['p99_us']:.0f}",
                f"{row['new']['cpu_us']:.0f}",
            ]
            for row in report.get("peers", [])
        ],
    )
    section(
        "What loading adds to a start (ms)",
        ["", "median", "target"],
        [[row["name"], f"{row['ms']:.1f}", held(row["ms"], row["target"])] for row in report.get("starts", [])],
    )
    if costs := report.get("ledger"):
        queued, shared, many, drain = (costs[name] for name in ("queued", "shared", "many", "drain"))
        decision = costs["decisions"]
        grown = many["large_us"] / many["small_us"]
        section(
            "The ledger",
            ["", "figure", "target"],
            [
                [
                    f"queued while Kinde is down ({queued['us']:.0f} us), over one insert",
                    f"{queued['ratio']:.2f}",
                    held(queued["ratio"], 1.3),
                ],
                ["queued while Kinde is down, median (ms)", f"{queued['us'] / 1e3:.2f}", held(queued["us"] / 1e3, 5)],
                [
                    "a decision of the pacer, 8 processes on one ledger, median (us)",
                    f"{decision['asked']['median_us']:.1f}",
                    held(decision["asked"]["median_us"], SHARED_DECISION_US),
                ],
                ["  and telling it that the call has ended", f"{decision['ended']['median_us']:.1f}", ""],
                ["repeated sign-in, one process (us)", f"{many['small_us']:.1f}", held(many["small_us"], 20)],
                ["the same, 16 processes on one ledger, p99 (us)", f"{shared['p99_us']:.1f}", held(shared["p99_us"], 60)],
                [f"the same with {many['users']:,} users (us)", f"{many['large_us']:.1f}", held(many["large_us"], 20)],
                ["  over the small ledger's", f"{grown:.2f}", ""],
                ["a user on the disk (bytes)", f"{many['bytes_a_user']:.0f}", held(many["bytes_a_user"], 150)],
                [f"a worker and {drain['entries']:,} entries (entries a second)", f"{drain['entries_a_second']:.0f}", ""],
                [
                    "  its memory at the start, in the end, at most (MB)",
                    f"{drain['first_mb']:.0f} {drain['last_mb']:.0f} {drain['most_mb']:.0f}",
                    held(drain["most_mb"], 40),
                ],
            ],
        )
    if classes := report.get("classes"):
        alone, over = classes["alone"], classes["over"]
        section(
            "Sign-ins of new users while a worker uses every call that Kinde takes (3,000 a minute, 50 ms a call; ms)",
            ["", "by themselves", "over the worker", "ratio", "target"],
            [
                [
                    what,
                    f"{alone[name] / 1e3:.1f}",
                    f"{over[name] / 1e3:.1f}",
                    f"{over[name] / alone[name]:.2f}",
                    held(over[name] / alone[name], target),
                ]
                for what, name, target in (("median", "median_us", 1.2), ("99th percentile", "p99_us", 2))
            ]
            + [["delivered a minute meanwhile", "", f"{classes['delivered_a_minute']:.0f}", "", ""]],
        )
    if bursts := report.get("bursts"):
        section(
            "Users who all sign in at the same moment (a deadline of 2 s; the middle one of three runs by its longest call)",
            ["", "longest (ms)", "a change (ms)", "median (ms)", "sign-ins", "changes", "threads", "missing", "target"],
            [
                [
                    f"{burst['count']} in {burst['name']}",
                    str(burst["max_ms"]),
                    str(burst.get("changes_max_ms") or ""),
                    str(burst["median_ms"]),
                    ", ".join(f"{count} {what}" for what, count in burst["sign_ins"].items()),
                    ", ".join(f"{count} {what}" for what, count in burst["changes"].items()),
                    str(burst["threads"] or ""),
                    str(burst["missing"] + burst["left"]),
                    held(burst["max_ms"], burst["deadline_ms"] + BURST_OVER_MS),
                ]
                for burst in bursts
            ],
        )
    if pacing := report.get("pacing"):
        for part in pacing["sections"]:
            section(part["title"], part["header"], part["rows"])
        section(
            "The pacer's cost",
            ["", "figure", "target"],
            [["one decision: read, ask, write (us)", f"{pacing['decision_us']:.1f}", held(pacing["decision_us"], DECISION_US)]],
        )
        lines.append(f"\na picture of it: {pacing['picture']}")
    if costs := report.get("hashes"):
        checked, small, large = costs["checked"], *costs["stream"]
        rows = [
            [
                f"recognised and mapped a second, {what} (one core)",
                f"{costs['mapped'][name]:,.0f}",
                at_least(costs["mapped"][name], 1e6),
            ]
            for name, what in (("all", "every format"), ("importable", "the importable ones"), ("django", "Django's"))
        ]
        for method in ("sha256", "sha512", "bcrypt"):
            peers = {name.split()[1]: ms for name, ms in checked.items() if name.startswith(method) and not name.endswith("ours")}
            fastest = min(peers, key=lambda name: peers[name])
            ratio = checked[f"{method} ours"] / peers[fastest]
            shown = ", ".join(f"{name} {ms:.1f}" for name, ms in peers.items())
            what = "bcrypt, cost 10" if method == "bcrypt" else f"PBKDF2-{method.upper()}, 100,000 iterations"
            rows.append(
                [f"{what}: {checked[f'{method} ours']:.1f} ms ({shown}), over {fastest}", f"{ratio:.2f}", held(ratio, 1.1)]
            )
        rows.append([f"hash map: lines a second, of {large['lines']:,}", f"{large['a_second']:,.0f}", ""])
        rows.append(
            [
                f"  its memory over that with {small['lines']:,} lines (MB)",
                f"{large['mb'] - small['mb']:.1f}",
                held(large["mb"] - small["mb"], 1),
            ]
        )
        section("Stored hashes (processor time, the best of each)", ["", "figure", "target"], rows)
    lines += ["", *(f"note: {note}" for note in report["notes"])]
    lines += [*(f"skipped: {skipped['what']}: {skipped['why']}" for skipped in report["skipped"])]
    return "\n".join(lines).rstrip()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"

    def path(option: str, variable: str, default: Path | str, text: str) -> None:
        default = os.environ.get(variable) or default
        parser.add_argument(option, type=Path, default=Path(default), help=f"{text} [{variable}; {default}]")

    parser.add_argument("--quick", action="store_true", help="fewer samples: half a minute")
    parser.add_argument("--json", type=Path, default=BUILD / "bench.json", help="where the figures go")
    parser.add_argument("--only", help="some of ways,verbs,ledgers,classes,bursts,pacing,hashes,peers,starts")
    path("--kinde-migrate", "KINDE_MIGRATE_BIN", target / "kinde-migrate", "the command, for its sandbox")
    path("--rust", "KINDE_MIGRATE_BENCH", target / "kinde-migrate-bench", "the Rust part")
    path("--python", "BENCH_PYTHON", BUILD / "venv/bin/python", "a Python that has the wheel")
    path("--node", "BENCH_NODE", "node", "Node")
    path("--node-package", "BENCH_NODE_PACKAGE", ROOT / "bindings-node", "the npm package, with its addon")
    path("--cc", "CC", "cc", "a C compiler")
    path("--prefix", "BENCH_PREFIX", BUILD / "prefix", "where the C library is installed")
    path("--php", "BENCH_PHP", "php", "PHP")
    path("--php-extension", "BENCH_PHP_EXTENSION", BUILD / "php/modules/kinde_migrate.so", "the PHP extension")
    path("--peer-python", "BENCH_PEER_PYTHON", BUILD / "peers/venv/bin/python", "a Python that has kinde-python-sdk")
    path("--peer-node", "BENCH_PEER_NODE", BUILD / "peers", "the folder whose node_modules has @kinde/management-api-js")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    if not args.rust.is_file():
        raise SystemExit(f"bench: there is no {args.rust}; run `cargo build --release -p kinde-migrate-bench`")
    bench = Bench(args)
    try:
        parts = (args.only or "ways,verbs,ledgers,classes,bursts,pacing,hashes,peers,starts").split(",")
        for part in parts:
            getattr(bench, part)()
    finally:
        bench.close()
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(bench.report, indent=1) + "\n")
    print(table(bench.report))
    print(f"\nfigures: {args.json}")


if __name__ == "__main__":
    main()
