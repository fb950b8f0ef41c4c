#!/usr/bin/env bash
# Builds the extension within an image that has a PHP and its headers, and carries a user over with it. The repository is
# the current folder; the C library is unpacked in build/c, the packages are in build/packages.
set -euo pipefail
cd "$(dirname "$0")/.."
apt-get update -qq
apt-get install -qq --yes --no-install-recommends ca-certificates python3-venv unzip zip
python3 -m venv /opt/zig
/opt/zig/bin/pip install --quiet "$(grep ^ziglang== packaging/requirements.txt)"
ZIG='/opt/zig/bin/python3 -m ziglang' packaging/php.sh "$PWD/build/c/lib" "$PWD/build/php-packages" /tmp/php

python3 -m venv /opt/command
/opt/command/bin/pip install --quiet --no-index build/packages/kinde_migrate_cli-*-manylinux2014_x86_64*.whl
coproc sandbox { exec /opt/command/bin/kinde-migrate sandbox --client-id me --client-secret secret; }
# shellcheck disable=SC2154 # the process that coproc has started
read -r _ _ url <&"${sandbox[0]}"
export KINDE_DOMAIN=$url KINDE_MANAGEMENT_CLIENT_ID=me KINDE_MANAGEMENT_CLIENT_SECRET=secret KINDE_MIGRATE_LEDGER=memory
mkdir /tmp/unzipped && unzip -q build/php-packages/*.zip -d /tmp/unzipped
said=$(php -n -d extension=/tmp/unzipped/kinde_migrate.so -r 'echo KindeMigrate\Migrator::fromEnv()->migrate(["email" => "ann@example.com"], ["password" => "correct horse"])->status;')
kill "$sandbox_PID"
[ "$said" = created ] || { echo "php-image.sh: $said" >&2; exit 1; }
echo "ok $(php -n -r 'echo PHP_VERSION, PHP_ZTS ? " ZTS" : " NTS";'): $said"
