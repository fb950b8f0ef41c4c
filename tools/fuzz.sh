#!/usr/bin/env bash
# Runs each fuzzer of fuzz/ for so many minutes (1 unless given), on a plain stable toolchain: the flags are the ones
# that cargo-fuzz passes for its coverage counters. What reaches new code is kept in fuzz/target/corpus/ for the next
# run, beside the small corpus of the repository; a finding goes to fuzz/artifacts/ and ends it.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
minutes=${1:-1}

export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 --cfg fuzzing"
# With a target named, build scripts are built without the counters.
host=$(rustc -vV | sed -n 's/^host: //p')
cargo build --quiet --release --locked --target "$host"

for fuzzer in recognise to_kinde extra map_line; do
    grown=target/corpus/$fuzzer log=target/$fuzzer.log
    mkdir -p "$grown" "artifacts/$fuzzer"
    "target/$host/release/$fuzzer" "$grown" "corpus/$fuzzer" -dict=hashes.dict -max_len=1200 -timeout=10 \
        -rss_limit_mb=1024 -artifact_prefix="artifacts/$fuzzer/" -max_total_time=$((minutes * 60)) \
        -print_final_stats=1 2>"$log" || { tail -40 "$log" >&2; exit 1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "ok fuzz $fuzzer: $minutes min, $runs inputs, no finding"
done
