#!/bin/sh
# Builds the Node addon and puts it where the package looks for it. `npm run build` does the same through napi's
# own command, which also writes native.d.ts, but builds every dependency once more.
set -eu
cd "$(dirname "$0")/.."
cargo build --release -p kinde-migrate-node
platform=$(node -p 'process.platform + "-" + process.arch')
[ "${platform%%-*}" != linux ] || platform=$platform-$(node -p 'process.report.getReport().header.glibcVersionRuntime ? "gnu" : "musl"')
for built in target/release/libkinde_migrate_node.so target/release/libkinde_migrate_node.dylib; do
    [ ! -f "$built" ] || { cp "$built" bindings-node/.new.node && mv bindings-node/.new.node "bindings-node/kinde-migrate.$platform.node"; }
done
