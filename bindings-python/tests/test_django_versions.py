"""The oldest Django that is supported. The newest one on this Python is what all else is tried with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sandbox import ROOT

HERE = Path(__file__).resolve().parent


def test_the_oldest_django() -> None:
    oldest = ROOT / "build" / "older" / "django4.2.30"
    assert oldest.exists(), "run `make setup`"
    names = ("test_django.py", "test_django_transactions.py")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(str(HERE / name) for name in names),
        ],
        cwd=HERE.parent,
        env={**os.environ, "PYTHONPATH": str(oldest), "DJANGO_SETTINGS_MODULE": "django_project"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
