#!/usr/bin/env bash
# Builds the packages of this commit once more, in another folder with nothing in it and under another HOME, and compares
# them with those of build/packages.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
[ -z "$(git status --porcelain)" ] || { echo 'reproduce: there are changes that are not committed' >&2; exit 1; }
[ -f build/packages/SHA256SUMS ] || { echo 'reproduce: there are no packages: run `make packages`' >&2; exit 1; }
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
git clone -q --no-hardlinks "$root" "$again/somewhere/else"
mkdir -p "$again/somewhere/else/build"
# The tools are the same, and so are the crates, which are found under another name.
ln -s "$root/build/packaging" "$again/somewhere/else/build/packaging"
mkdir -p "$again/home/.cargo"
ln -s "${CARGO_HOME:-$HOME/.cargo}/registry" "$again/home/.cargo/registry"
(
    cd "$again/somewhere/else"
    export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" CARGO_HOME="$again/home/.cargo" HOME="$again/home"
    packaging/build.sh
    packaging/pack.sh >/dev/null
)
if ! diff "$root/build/packages/SHA256SUMS" "$again/somewhere/else/build/packages/SHA256SUMS"; then
    mkdir -p build/again && cp -r "$again/somewhere/else/build/packages/." build/again/
    echo 'reproduce: built again, these packages are others; they are in build/again' >&2
    exit 1
fi
echo "ok reproduced: $(wc -l < build/packages/SHA256SUMS) files are the same, byte for byte"
