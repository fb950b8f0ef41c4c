#!/usr/bin/env bash
# Makes packages of what packaging/build.sh has built: source distributions, npm, PHP, C and Debian, with checksums.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tools=$root/build/packaging/bin
out=$root/build/packages
stage=$root/build/stage
built=x86_64-unknown-linux-gnu/dist
dist=$root/target/packages/zigbuild/$built
command=$root/target/packages/maturin/$built/kinde-migrate
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
# What a package says of its time: the commit's, so that the same commit makes the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
umask 022
rm -rf "$stage"
mkdir -p "$stage" "$out"

"$tools/maturin" sdist -m bindings-python/Cargo.toml -o "$out" 2>/dev/null
"$tools/maturin" sdist -m cli/Cargo.toml -o "$out" 2>/dev/null

# npm.
binaries=$out/binaries/linux-x64-gnu
mkdir -p "$binaries/bin"
cp "$dist/libkinde_migrate_node.so" "$binaries/kinde-migrate.node"
cp "$command" "$binaries/bin/kinde-migrate"
node packaging/npm.mjs

# C: what `make install` installs, out of the same build.
c=$stage/c
mkdir -p "$c/man"
cp "$dist/libkinde_migrate.so" "$c/"
bindings-c/localise.sh "$dist/libkinde_migrate.a" "$c/libkinde_migrate.a"
strip --strip-debug --enable-deterministic-archives "$c/libkinde_migrate.a"
python3 bindings-c/man.py include/kinde_migrate.h "$c/man"
cp bindings-c/kinde_migrate.3 "$c/man/"
touch "$c/man/.made"
install_c() { make -s -f bindings-c/Makefile install ARTIFACTS="$c" PREFIX="$2" LIBDIR="$3" DESTDIR="$1"; }
prefix=libkinde_migrate-$version-linux-x86_64-gnu
install_c "$stage/tar" "/$prefix" "/$prefix/lib"
# A prefix of the user's own choosing: pkg-config finds where it lies.
sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|; s|^libdir=.*|libdir=${prefix}/lib|; s|^includedir=.*|includedir=${prefix}/include|' \
    "$stage/tar/$prefix/lib/pkgconfig/kinde_migrate.pc"
cp LICENSE-* "$stage/tar/$prefix/"
tar -C "$stage/tar" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$prefix" | gzip -9n > "$out/$prefix.tar.gz"

# PHP.
php_version=$(php-config --version | cut -d. -f1,2)
php_api=$(php-config --phpapi)
php=$stage/php
rm -f "$out"/php_kinde_migrate-*.zip
packaging/php.sh "$c" "$out" "$php"

# Debian.
deb=$stage/deb/kinde-migrate-$version
mkdir -p "$deb" && cp -r packaging/debian "$deb/debian"
lib=/usr/lib/x86_64-linux-gnu
install_c "$stage/all" /usr "$lib"
{
    echo "kinde-migrate ($version) unstable; urgency=medium"
    echo
    echo "  * Version $version: CHANGELOG.md says what has changed."
    echo
    echo " -- $(sed -n 's/^Maintainer: //p' "$deb/debian/control")  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} > "$deb/debian/changelog"
awk 'NR == FNR { text = text (text ? "\n" : "") ($0 == "" ? " ." : " " $0); next } /^@MIT@$/ { print text; next } { print }' \
    LICENSE-MIT packaging/debian/copyright > "$deb/debian/copyright"
sed -i "s/@PHP_VERSION@/$php_version/" "$deb"/debian/php-kinde-migrate.*
sed -f packaging/debian/unit.sed cli/systemd/kinde-migrate.service > "$deb/debian/kinde-migrate.service"
rm "$deb/debian/unit.sed"
layout=$stage/layout
move() { mkdir -p "$layout/$1$(dirname "$2")" && mv "$stage"/all$2 "$layout/$1$(dirname "$2")/"; }
move libkinde-migrate0 "$lib/libkinde_migrate.so.*"
for path in "$lib" /usr/include /usr/share; do move libkinde-migrate-dev "$path"; done
mkdir -p "$layout/php-kinde-migrate/usr/lib/php/$php_api" "$layout/php-kinde-migrate/etc/php/$php_version/mods-available"
cp "$php/beside.so" "$layout/php-kinde-migrate/usr/lib/php/$php_api/kinde_migrate.so"
printf '; carries users into Kinde\n; priority=20\nextension=kinde_migrate.so\n' > "$layout/php-kinde-migrate/etc/php/$php_version/mods-available/kinde_migrate.ini"
deb_command=$layout/kinde-migrate
mkdir -p "$deb_command"/usr/{bin,share/man/man1,share/bash-completion/completions,share/zsh/vendor-completions,share/fish/vendor_completions.d}
install -m 755 "$command" "$deb_command/usr/bin/"
install -d -m 1777 "$deb_command/var/lib/kinde-migrate"
"$command" man --into "$deb_command/usr/share/man/man1"
"$command" completions bash > "$deb_command/usr/share/bash-completion/completions/kinde-migrate"
"$command" completions zsh > "$deb_command/usr/share/zsh/vendor-completions/_kinde-migrate"
"$command" completions fish > "$deb_command/usr/share/fish/vendor_completions.d/kinde-migrate.fish"
(cd "$deb" && STAGE=$layout PHP_API=$php_api dpkg-buildpackage -b -us -uc > "$stage/deb.log" 2>&1) || { tail -40 "$stage/deb.log"; exit 1; }
rm -f "$out"/*.deb
cp "$stage"/deb/*.deb "$out/"

python3 packaging/sbom.py "$out"
(cd "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
