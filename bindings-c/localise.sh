#!/bin/sh
# Makes of the archive that cargo builds one that has the kinde_* functions and no other name to offer: with those of
# SQLite in it, a program would get that one in place of its own, or could not be linked at all.
#
#   localise.sh libkinde_migrate.a OUT.a
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only within one object can what is local be found by what uses it.
ld -r --whole-archive "$1" -o "$work/all.o"
# Without the bitcode that Rust leaves in it, on which `ar` fails where LLVM's plugin is installed.
objcopy --wildcard --keep-global-symbol='kinde_*' -R .llvmbc -R .llvmcmd "$work/all.o" "$work/kinde_migrate.o"
(cd "$work" && ar rcsD libkinde_migrate.a kinde_migrate.o)
others=$(nm -g --defined-only "$work/libkinde_migrate.a" 2>/dev/null | awk 'NF == 3 && $3 !~ /^kinde_/ { print $3 }')
[ -z "$others" ] || { echo "localise.sh: still global: $others" >&2; exit 1; }
mv "$work/libkinde_migrate.a" "$2"
