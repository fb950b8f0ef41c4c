"""The package as it is installed: what it says where its native half is missing or another machine's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kinde_migrate

HOME = Path(kinde_migrate.__file__).parent


def imported(folder: Path) -> str:
    """What importing the package of that folder says on stderr, in an application that guards it."""
    guarded = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "try:\n    import kinde_migrate\nexcept ImportError as error:\n    print(error, file=sys.stderr)\n"
        "print('goes on')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", guarded, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == "goes on\n"
    return done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        HOME, tmp_path / "kinde_migrate", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    return tmp_path


def test_a_native_half_that_is_missing_is_named_with_the_cure(copy: Path) -> None:
    said = imported(copy)
    assert "kinde_migrate cannot load its native half on " in said
    assert "_native" in said
    assert "pip install --force-reinstall kinde-migrate" in said


def test_one_that_cannot_be_loaded_says_why(copy: Path) -> None:
    (copy / "kinde_migrate" / "_native.abi3.so").write_bytes(b"another machine's")
    said = imported(copy)
    assert "file too short" in said or "invalid ELF header" in said or "mach-o" in said
    assert "pip install --force-reinstall kinde-migrate" in said


def test_a_folder_that_cannot_be_written_to_is_enough(copy: Path) -> None:
    native = next(HOME.glob("_native*"))
    shutil.copy(native, copy / "kinde_migrate" / native.name)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert imported(copy) == ""
    finally:
        for path in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
            path.chmod(0o755)
