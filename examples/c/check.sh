#!/bin/sh
# Drives the example against a sandbox of its own: check.sh PROGRAM. WRAPPER is put before the program (valgrind).
set -eu

program=$1
here=$(cd "$(dirname "$0")" && pwd)
bin=${KINDE_MIGRATE_BIN:-}
for place in "$here/../../target/release/kinde-migrate" "$here/../../target/debug/kinde-migrate"; do
    [ -n "$bin" ] || [ ! -x "$place" ] || bin=$place
done
[ -n "$bin" ] || { echo "no kinde-migrate in target/; build it or set KINDE_MIGRATE_BIN" >&2; exit 1; }
work=$(mktemp -d)
started=
finish() {
    for pid in $started; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAILED $1" >&2
    cat "$work/log" >&2
    exit 1
}
# start LOG COMMAND...: waits for the line that says where it listens.
start() {
    out=$1
    shift
    # It is looked into before the program, in a process of its own, may have come to open it.
    : >"$out"
    "$@" >"$out" 2>>"$work/log" &
    started="$started $!"
    last=$!
    for _ in $(seq 300); do
        url=$(sed -n 's/^listening on //p' "$out")
        [ -z "$url" ] || return 0
        sleep 0.1
    done
    fail "$* does not start"
}
login() { ${WRAPPER:-} "$program" --users "$work/users.crypt" "$@" 2>>"$work/log"; }
# said TEXT: the last line of the log has it.
said() { tail -n 1 "$work/log" | grep -q -- "$1" || fail "the log should say: $1"; }
at_kinde() {
    curl -s --noproxy '*' -H 'Content-Type: application/json' -d "{\"email\":\"$1\",\"password\":\"$2\"}" \
        "$sandbox/sandbox/sign-in" | grep -q "\"ok\":$3" || fail "sign-in of $1 at Kinde should be $3"
}
post() { curl -s --noproxy '*' -o "$work/answer" -w '%{http_code}' "$server/$1" --data-urlencode "email=$2" \
    --data-urlencode "password=$3" --data-urlencode "new_password=${4:-}"; }
expect() { [ "$2" = "$1" ] || fail "status $2, not $1: $3"; }

for name in $(env | sed -n 's/^\(KINDE_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done
: >"$work/log"
start "$work/sandbox.out" "$bin" sandbox --port 0 --client-id example --client-secret example-secret
sandbox=$url sandbox_pid=$last
export KINDE_DOMAIN="$sandbox" KINDE_MANAGEMENT_CLIENT_ID=example KINDE_MANAGEMENT_CLIENT_SECRET=example-secret \
    KINDE_MIGRATE_LEDGER="$work/state/ledger.db" KINDE_MIGRATE_DEADLINE=10

# The command line: sign in twice, sign up, change the password.
echo 'correct horse' | login seed ada@example.org >/dev/null
echo 'correct horse' | login login ada@example.org >/dev/null || fail "a right password"
said 'created calls=3'
at_kinde ada@example.org 'correct horse' true
echo 'correct horse' | login login ada@example.org >/dev/null
said 'unchanged calls=0'
if echo 'wrong' | login login ada@example.org >/dev/null; then fail "a wrong password"; fi
if echo 'x' | login login nobody@example.org >/dev/null; then fail "nobody"; fi
echo 'battery staple' | login signup bob@example.org >/dev/null || fail "signing up"
said 'created'
at_kinde bob@example.org 'battery staple' true
if echo 'x y z' | login signup bob@example.org >/dev/null; then fail "signing up twice"; fi
printf 'battery staple\nnew words\n' | login passwd bob@example.org >/dev/null || fail "changing the password"
said 'updated'
at_kinde bob@example.org 'new words' true
at_kinde bob@example.org 'battery staple' false
echo "ok the command line"

# The same over HTTP.
start "$work/server.out" ${WRAPPER:-} "$program" --users "$work/users.crypt" serve --port 0
server=$url server_pid=$last
echo 'grüße & co' | login seed eve+1@example.org >/dev/null
expect 200 "$(post login eve+1@example.org 'grüße & co')" "a login"
said 'created calls=3'
expect 200 "$(post login eve+1@example.org 'grüße & co')" "a login again"
said 'unchanged calls=0'
expect 401 "$(post login eve+1@example.org wrong)" "a wrong password"
expect 401 "$(post password eve+1@example.org wrong new)" "a change with a wrong password"
expect 400 "$(post login '' '')" "an empty form"
expect 404 "$(post elsewhere a@example.org x)" "another address"
expect 200 "$(post signup dan@example.org 'open sesame')" "a sign-up"
expect 409 "$(post signup dan@example.org 'open sesame')" "a second sign-up"
expect 200 "$(post password dan@example.org 'open sesame' 'shut sesame')" "a new password"
said 'updated'
at_kinde eve+1@example.org 'grüße & co' true
at_kinde dan@example.org 'shut sesame' true
at_kinde dan@example.org 'open sesame' false
echo "ok over HTTP"

# Wrong settings: said, and nobody is kept out.
KINDE_DOMAIN=http://team.kinde.com start "$work/wrong.out" ${WRAPPER:-} "$program" --users "$work/users.crypt" serve --port 0
right=$server server=$url
expect 200 "$(post login eve+1@example.org 'grüße & co')" "a login with wrong settings"
said 'passwords go over https only'
kill "$last"
server=$right
echo "ok with wrong settings"

# A ledger that cannot be written: said once, and nobody is kept out.
echo 'correct horse' | KINDE_MIGRATE_LEDGER="$work/log/below/ledger.db" login login ada@example.org >/dev/null ||
    fail "a login without a ledger"
[ "$(grep -c 'kinde: .*\[ledger_unavailable\]' "$work/log")" = 1 ] || fail "the log should say once: ledger_unavailable"
if grep -q '^kinde_migrate: ' "$work/log"; then fail "the library should leave standard error to the callback"; fi
echo "ok without a ledger"

# Kinde is down: the login works, and what is owed arrives later.
echo 'still here' | login seed fay@example.org >/dev/null
kill "$sandbox_pid"
wait "$sandbox_pid" 2>/dev/null || true
expect 200 "$(post login fay@example.org 'still here')" "a login while Kinde is down"
said 'queued'
start "$work/sandbox.out" "$bin" sandbox --port "${sandbox##*:}" --client-id example --client-secret example-secret
for _ in $(seq 60); do
    [ "$(login drain | sed 's/.*, //')" != "0 left" ] || break
    sleep 1
done
at_kinde fay@example.org 'still here' true
echo "ok while Kinde is down"

kill "$server_pid"
wait "$server_pid" || fail "the server does not end well"
if grep -E 'correct horse|battery staple|sesame|still here|example-secret' "$work/log"; then fail "a secret in the log"; fi
echo "ok the end"
