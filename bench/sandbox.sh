#!/bin/sh
# How many calls a second the sandbox carries on one core; fewer than 15,000 is a failure, for then it would be what
# is measured. Server and client get a core each where taskset is there.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release -p kinde-migrate-sandbox --example load
load=target/release/examples/load
on() { core=$1; shift; if command -v taskset >/dev/null; then exec taskset -c "$core" "$@"; else exec "$@"; fi; }
said=$(mktemp)
(on 0 "$load" serve) >"$said" & server=$!
trap 'kill $server; rm -f "$said"' EXIT
for _ in $(seq 100); do [ -s "$said" ] && break; sleep 0.1; done
report=$( (on 1 "$load" "$(grep -o 'http://[0-9.:]*' "$said")" 16 5) )
echo "$report"
rate=$(echo "$report" | grep -oE '[0-9,]+ calls/s' | tr -dc '0-9')
[ "${rate:-0}" -ge 15000 ]
