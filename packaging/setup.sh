#!/bin/sh
# Installs what `make packages` and `make test-packages` need beside the compilers. It says first what.
set -eu
cd "$(dirname "$0")/.."

missing=
for package in binutils cmake debhelper dpkg-dev lintian mmdebstrap php-dev unzip zip; do
    case "$(dpkg-query -W -f '${Status}\n' "$(printf '%s' "$package" | sed 's/^php-/php*-/')" 2>/dev/null)" in
        *'ok installed'*) ;;
        *) missing="$missing $package" ;;
    esac
done
if [ -n "$missing" ]; then
    echo "packaging: installing Debian packages:$missing"
    root=
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

stamp=build/packaging/.installed
if [ ! -f "$stamp" ] || [ packaging/requirements.txt -nt "$stamp" ]; then
    echo 'packaging: installing Python packages into build/packaging (packaging/requirements.txt)'
    python3 -m venv build/packaging
    build/packaging/bin/pip install --quiet --disable-pip-version-check -r packaging/requirements.txt
    touch "$stamp"
fi

# Bundlers are tried on the packages; one of them has the linter of the workflows, too.
stamp=packaging/node_modules/.installed
if [ ! -f "$stamp" ] || [ packaging/package.json -nt "$stamp" ]; then
    echo 'packaging: installing npm packages into packaging/node_modules'
    (cd packaging && npm install --no-save --no-audit --no-fund --loglevel=error)
    touch "$stamp"
fi
