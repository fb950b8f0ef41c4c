#!/usr/bin/env node
'use strict';
// Runs the command of this platform, which npm installs as an optional dependency.

const { spawn } = require('node:child_process');
const { version } = require('../package.json');

const BUILT = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-arm64-musl', 'linux-x64-gnu', 'linux-x64-musl'];

function target() {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') {
    return platform;
  }
  return `${platform}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}

const platform = target();
if (!BUILT.includes(platform)) {
  fail(`kinde-migrate-cli is not built for ${platform}, only for ${BUILT.join(', ')}`);
}
const name = `kinde-migrate-cli-${platform}`;
let binary;
try {
  binary = require.resolve(`${name}/bin/kinde-migrate`);
} catch {
  fail(
    `the package ${name} is not installed. Install it: \`npm install ${name}@${version}\`. It is an optional dependency, ` +
      'which --no-optional and --omit=optional leave out, and which is missing where package-lock.json or node_modules ' +
      'come from another platform: then remove both and run `npm install` on this one.',
  );
}

const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) =>
  fail(`${binary} cannot be run: ${error.message}. Install it again: \`npm install --force ${name}@${version}\``),
);
// A terminal sends Ctrl-C to both; what only this process is sent is passed on, and the command ends in its own way.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) {
      child.kill(signal);
    }
  });
}
child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
