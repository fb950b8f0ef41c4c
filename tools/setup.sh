#!/bin/sh
# Brings a Debian-like machine to where everything here can be built and tested. It says first what it
# installs. As root it asks nothing; otherwise it uses sudo, which may ask.
set -eu
cd "$(dirname "$0")/.."

debian='build-essential g++ binutils pkg-config curl valgrind clang-format
    php-cli php-dev php-fpm php-sqlite3
    libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev libcrypt-dev
    faketime'

say() { printf '%s\n' "setup: $*"; }

# at_least TOOL WANTED FOUND: whether a version is new enough.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$3" | sort -V | head -n 1)" = "$2" ] && return
    say "$1 ${3:-is missing}: $1 $2 or later is needed (Rust with rustfmt and clippy, Node with npm)" >&2
    exit 1
}
version() { "$@" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }
at_least cargo 1.90 "$(version cargo)"
at_least node 20.17 "$(version node)"
at_least npm 10 "$(version npm)"
at_least python3 3.11 "$(version python3)"

missing=
for package in $debian; do
    # php8.2-cli does where php-cli is asked for.
    pattern=$(printf '%s' "$package" | sed 's/^php-/php*-/')
    case "$(dpkg-query -W -f '${Status}\n' "$pattern" 2>/dev/null)" in
        *'ok installed'*) ;;
        *) missing="$missing $package" ;;
    esac
done
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
# uWSGI is compiled.
python3 -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null ||
    missing="$missing python3-dev"
if [ -n "$missing" ]; then
    say "installing Debian packages:$missing"
    root=
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

stamp=build/venv/.installed
if [ ! -f "$stamp" ] || [ tools/requirements.txt -nt "$stamp" ]; then
    say 'installing Python packages into build/venv (tools/requirements.txt)'
    python3 -m venv build/venv
    build/venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
    touch "$stamp"
fi

# Beside them, versions that are tried as well: Django's oldest, and gunicorn's last with eventlet workers.
for package in django==4.2.30 gunicorn==25.3.0; do
    folder=build/older/$(printf '%s' "$package" | tr -d =)
    [ -d "$folder" ] && continue
    say "installing $package into $folder"
    build/venv/bin/pip install --quiet --disable-pip-version-check --no-deps --target "$folder.new" "$package"
    mv "$folder.new" "$folder"
done

for folder in bindings-node examples/express; do
    stamp=$folder/node_modules/.installed
    if [ ! -f "$stamp" ] || [ "$folder/package-lock.json" -nt "$stamp" ]; then
        say "installing npm packages into $folder/node_modules"
        # Not `npm ci`: it refuses lock files from which npm left out other platforms' optional packages.
        (cd "$folder" && npm install --no-save --no-audit --no-fund --loglevel=error)
        touch "$stamp"
    fi
done
