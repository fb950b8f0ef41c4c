#!/usr/bin/env bash
# Makes the extension for the PHP whose php-config is in PATH: one object, with the library inside for PIE, which takes
# the one file out of the zip, and with the library beside it for Debian.
#
#   php.sh C OUT PHP: the folder of libkinde_migrate.a and .so, where the zip goes, and a folder to work in
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
c=$1 out=$2 work=$3
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
machine=$(uname -m)
zig="${ZIG:-$root/build/packaging/bin/python3 -m ziglang} cc -target $machine-linux-gnu.2.17"
mkdir -p "$work/pie" "$out"
cp bindings-php/*.c bindings-php/*.h include/kinde_migrate.h "$work/"
# shellcheck disable=SC2046,SC2086 # lists of words
(
    cd "$work"
    # The macros that declare a function have parameters which it may have no use for.
    includes=$(php-config --includes | sed 's/-I/-isystem /g')
    $zig -O2 -fPIC -fvisibility=hidden -ffunction-sections -DCOMPILE_DL_KINDE_MIGRATE -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1 \
        -Wall -Wextra -Werror -Wno-unused-parameter $includes -I. -c kinde_migrate.c -o kinde_migrate.o
    printf '{ global: get_module; local: *; };\n' > exports.map
    link="$zig -shared -s -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,--gc-sections -Wl,--version-script=exports.map"
    $link -o inside.so kinde_migrate.o "$c/libkinde_migrate.a" -lunwind -lm -lpthread -ldl
    $link -o beside.so kinde_migrate.o "$c/libkinde_migrate.so"
)
php=$(php-config --php-binary)
name=php_kinde_migrate-${version}_php$(php-config --version | cut -d. -f1,2)-$machine-linux-glibc
name=$name$("$php" -n -r 'echo PHP_DEBUG ? "-debug" : "", PHP_ZTS ? "-zts" : "";').zip
cp "$work/inside.so" "$work/pie/kinde_migrate.so"
cp LICENSE-* bindings-php/README.md "$work/pie/"
find "$work/pie" -exec touch -d "@${SOURCE_DATE_EPOCH:-0}" {} +
rm -f "$out/$name"
(cd "$work/pie" && TZ=UTC zip -q -X -9 "$out/$name" kinde_migrate.so LICENSE-APACHE LICENSE-MIT README.md)
