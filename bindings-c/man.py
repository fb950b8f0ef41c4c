#!/usr/bin/env python3
"""Writes a man page for each group of functions, out of the header: its prototypes, members and comments.

man.py include/kinde_migrate.h FOLDER writes kinde_migrator.3 and the others, and for every function a page of its
name that refers to its group's.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# The page, what it is about, and the types and functions that are in it.
GROUPS = [
    (
        "kinde_migrator",
        "carry users into Kinde",
        r"kinde_migrator(_\w+)?|kinde_drained|kinde_ledger_status|kinde_notice_callback|kinde_(dead|pending)_count",
    ),
    ("kinde_outcome", "the answer of a verb", r"kinde_outcome(_\w+)?"),
    ("kinde_settings", "what a migrator is built from", r"kinde_settings(_\w+)?"),
    ("kinde_user", "a user as the application knows them", r"kinde_user(_\w+)?"),
    ("kinde_credential", "a typed password, a stored hash, or both", r"kinde_credential(_\w+)?"),
    (
        "kinde_explanation",
        "what is known of a stored hash",
        r"kinde_explanation(_\w+)?|kinde_explain_hash|kinde_require_importable",
    ),
    ("kinde_status_json", "how the ledger and Kinde stand, as JSON", r"kinde_status_json(_\w+)?"),
    ("kinde_error", "what went wrong", r"kinde_error(_\w+)?"),
    (
        "kinde_code",
        "codes, statuses and states by their names, and the version",
        r"kinde_(code|status|state)(_name)?|kinde_version",
    ),
]


def roff(text: str) -> str:
    """Text as roff takes it."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def paragraphs(comment: str) -> list[str]:
    lines = [re.sub(r"^\s*\* ?", "", line) for line in comment.strip().splitlines()]
    return [" ".join(part.split()) for part in "\n".join(lines).split("\n\n") if part.strip()]


def described(comment: str) -> str:
    """The paragraphs, each sentence on a line of its own."""
    text = "\n.PP\n".join(roff(part) for part in paragraphs(comment))
    return re.sub(r"(?<=[.:;]) (?=[A-Z])", "\n", text)


Function = tuple[str, str, str]  # name, prototype, comment
Type = tuple[str, str, list[tuple[str, str, str]]]  # name, comment, members (comment, type, name)


def one(pattern: str, text: str) -> str:
    """What the first group that has matched holds."""
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"man.py: {text!r} is not understood")
    return next(group for group in found.groups() if group)


def declarations(header: str) -> tuple[list[Function], list[Type]]:
    functions: list[Function] = []
    types: list[Type] = []
    for comment, code in re.findall(r"^/\*\*\n(.*?)^ \*/\n((?:typedef struct \w+ \{\n.*?^\} \w+|[^;{]*);)", header, re.M | re.S):
        if code.startswith("typedef"):
            name = one(r"(?:\(\*(\w+)\)[^;]*|\b(\w+));$", code)
            members = re.findall(r"/\*\*\n(.*?)\*/\n\s+([^;]*?)(\w+);", code, re.S) if "{" in code else []
            types.append((name, comment, members))
        else:
            functions.append((one(r"(\w+)\(", code), code, comment))
    return functions, types


def prototype(code: str) -> str:
    code = re.sub(r"\s+", " ", code.replace("struct ", ""))
    lines, indent = [], " " * 4
    head, arguments = code.split("(", 1)
    line = f"{head}("
    for argument in arguments.split(", "):
        if len(line) + len(argument) > 76:
            lines.append(line.rstrip())
            line = indent
        line += argument + (", " if not argument.endswith(";") else "")
    return "\n".join(roff(part) for part in [*lines, line])


def page(name: str, about: str, functions: list[Function], types: list[Type], version: str) -> str:
    out = [f'.TH {name.upper()} 3 "" "kinde\\-migrate {version}" "Library Functions"']
    names = [function for function, _, _ in functions]
    out += [".SH NAME", ", ".join(dict.fromkeys([name, *names])) + f" \\- {about}"]
    out += [".SH SYNOPSIS", ".nf", ".B #include <kinde_migrate.h>"]
    for _, code, _ in functions:
        out += [".PP", ".B", prototype(code).replace("\n", "\n.B\n")]
    out += [".fi", ".PP", "Link with \\fIpkg\\-config \\-\\-cflags \\-\\-libs kinde_migrate\\fP.", ".SH DESCRIPTION"]
    for type_name, comment, members in types:
        if type_name != name or members:
            out += [".SS " + type_name]
        out += [described(comment)]
        for member_comment, member_type, member in members:
            out += [".TP", f'.BI "{roff(member_type)}" {member}', described(member_comment)]
    for function, _, comment in functions:
        out += [f".SS {function}()", described(comment)]
    others = [other for other, _, _ in GROUPS if other != name]
    out += [
        ".SH SEE ALSO",
        ".BR kinde_migrate (3)," + "".join(f"\n.BR {other} (3)" + ("," if other != others[-1] else "") for other in others),
    ]
    return "\n".join(line for line in out if line) + "\n"


def main() -> None:
    header, folder = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    version = one(r'KINDE_MIGRATE_VERSION "([^"]+)"', header)
    functions, types = declarations(header)
    declared = set(re.findall(r"^[a-z][\w *]*?\b(kinde_\w+)\(", header, re.M))
    left = declared - {function for function, _, _ in functions}
    if left:
        raise SystemExit(f"man.py: no comment is found for {', '.join(sorted(left))}")
    for name, about, pattern in GROUPS:
        own = [function for function in functions if re.fullmatch(pattern, function[0])]
        # The longer name's group comes first where two would take it.
        own = [f for f in own if name == next(n for n, _, p in sorted(GROUPS, key=lambda g: -len(g[0])) if re.fullmatch(p, f[0]))]
        own_types = [kind for kind in types if re.fullmatch(pattern, kind[0])]
        if not own:
            raise SystemExit(f"man.py: {name} has no function")
        (folder / f"{name}.3").write_text(page(name, about, own, own_types, version))
        declared -= {function for function, _, _ in own}
        for function, _, _ in own:
            (folder / f"{function}.3").write_text(f".so man3/{name}.3\n")
    if declared:
        raise SystemExit(f"man.py: no page has {', '.join(sorted(declared))}")


main()
