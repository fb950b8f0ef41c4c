#!/bin/sh
# Builds the wheel and installs it into build/venv, unless neither has changed.
set -eu
cd "$(dirname "$0")/.."
rm -rf build/wheels
build/venv/bin/maturin build --quiet --release --compatibility off -m bindings-python/Cargo.toml -o build/wheels
build/venv/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps build/wheels/*.whl
