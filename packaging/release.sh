#!/usr/bin/env bash
# Makes a release of the commit that is checked out: sets the version everywhere, checks the changelog, builds all that this
# machine can, twice in two folders, and compares it. It commits and tags what it has set, and pushes and publishes nothing:
# the workflow of the tag does that, with what it builds itself.
#
#   packaging/release.sh 1.2.3
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?the version to release, as in VERSION=1.2.3}
fail() { echo "release: $*" >&2; exit 1; }

[ -z "$(git status --porcelain)" ] || fail 'there are changes that are not committed'
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || fail "there is a tag v$version already"
grep -qE "^## ${version//./\\.} \([0-9]{4}-[0-9]{2}-[0-9]{2}\)$" CHANGELOG.md ||
    fail "CHANGELOG.md has no section '## $version ($(date -u +%F))': rename 'Unreleased', and begin a new one above it"
awk -v heading="## $version " 'index($0, heading) == 1 { inside = 1; next } /^## / { inside = 0 } inside && /[^[:space:]]/ { found = 1 } END { exit !found }' CHANGELOG.md ||
    fail "the section of $version in CHANGELOG.md is empty"

packaging/version.py "$version"
packaging/version.py >/dev/null
git diff --quiet || git commit -qam "Release $version"
make packages
packaging/reproduce.sh
packaging/test.py
git tag -a "v$version" -m "kinde-migrate $version"
echo "release: tagged v$version; \`git push --follow-tags\` starts the workflow that publishes it"
