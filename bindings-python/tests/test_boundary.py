"""What must hold between Rust and Python, whatever the core does."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kinde_migrate
from kinde_migrate import InternalError, _native

SOURCES = Path(__file__).parents[1] / "src"

# They hand out a field and do nothing that could go wrong.
PLAIN = {
    *kinde_migrate.USER_FIELDS,
    "__eq__",
    "__repr__",
    "__enter__",
    "__match_args__",
}


def test_a_panic_is_an_ordinary_exception() -> None:
    with pytest.raises(InternalError) as raised:
        _native._provoke_panic()
    assert isinstance(raised.value, Exception)
    assert raised.value.code == "internal"


def test_every_function_that_python_calls_is_guarded() -> None:
    guarded = 0
    for path in SOURCES.glob("*.rs"):
        source = path.read_text()
        blocks = re.findall(r"#\[pymethods\]\nimpl \w+ \{\n(.*?)^\}", source, re.S | re.M)
        blocks += re.findall(r"#\[pyfunction\]\n(.*?)^\}", source, re.S | re.M)
        for block in blocks:
            for function in re.split(r"^(?=(?:    |pub\(crate\) )fn )", block, flags=re.M)[1:]:
                name = re.search(r"fn (\w+)", function)
                assert name
                if name[1] in PLAIN and "PyResult" not in function:
                    continue
                body = function[function.index("{") :]
                assert re.match(r"\{\s+guard\(\|\|", body), (
                    f"{path.name}: {name[1]} does not begin with guard"
                )
                guarded += 1
    assert guarded >= 15


def test_the_import_brings_nothing_heavy() -> None:
    code = """
import sys
import kinde_migrate
heavy = {"asyncio", "dataclasses", "typing", "logging", "inspect", "threading", "django"} & set(sys.modules)
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_second_interpreter_is_refused_plainly() -> None:
    # The name that this version of Python has for it.
    name = next(name for name in ("_interpreters", "_xxsubinterpreters") if name in _importable())
    interpreters = importlib.import_module(name)
    other = interpreters.create()
    code = """
import sys
sys.path[:] = %r
try:
    import kinde_migrate
except ImportError as error:
    assert "interpreter" in str(error), error
else:
    raise AssertionError("imported")
"""
    try:
        refused = interpreters.run_string(other, code % sys.path)
        assert refused is None, refused
    finally:
        interpreters.destroy(other)


def _importable() -> set[str]:
    return {name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)}


def test_the_version_is_the_package_s() -> None:
    from importlib.metadata import version

    assert version("kinde-migrate") == kinde_migrate.__version__
