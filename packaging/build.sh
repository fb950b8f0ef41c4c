#!/usr/bin/env bash
# Builds what the packages are made of, with zig as compiler and linker, so that it loads with glibc 2.17 and later:
# the wheels, the Node addon, the command and the C library's archive.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/build/packaging/bin
out=$PWD/build/packages
target=x86_64-unknown-linux-gnu
export PATH=$tools:$PATH
# No package names the folders of the machine that built it, and two machines build the same.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)
export RUSTFLAGS="--remap-path-prefix=$cargo_home/registry/src=/cargo --remap-path-prefix=$PWD=/kinde-migrate --remap-path-prefix=$sysroot=/rust"
export CFLAGS="-ffile-prefix-map=$cargo_home/registry/src=/cargo -ffile-prefix-map=$PWD=/kinde-migrate"
mkdir -p "$out"

# Folders of their own, since each has a linker of its own: in one, each would have the other compile everything once more.
wheel() {
    CARGO_TARGET_DIR=$PWD/target/packages/maturin maturin build --quiet --profile dist --zig --compatibility manylinux2014 -m "$1" -o "$out"
}
library() {
    CARGO_TARGET_DIR=$PWD/target/packages/zigbuild cargo zigbuild --quiet --locked --profile dist --target $target.2.17 -p "$1"
}
wheel bindings-python/Cargo.toml
# Apart: together, one would be given the other's features of tokio.
wheel cli/Cargo.toml
library kinde-migrate-node
library kinde-migrate-c
