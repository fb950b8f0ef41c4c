// Processes and threads: exits, workers, clusters.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Sandbox, folder } from './sandbox.mjs';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
const PASSWORD = 'correct horse battery';
const run = promisify(execFile);

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

/** A script in a process of its own, which must end by itself. */
async function node(script, input = {}, ...options) {
  const { stdout } = await run(process.execPath, [...options, path.join(FIXTURES, script)], {
    env: { ...process.env, INPUT: JSON.stringify({ settings: sandbox.settings(), ...input }) },
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  return stdout.trim().split('\n');
}

test('a process waits for its calls, and then ends by itself', async () => {
  await sandbox.reset({ options: { latency_ms: 100 } });
  assert.deepEqual(await node('unclosed.cjs'), ['created', 'unchanged', 'exit 0']);
});

test('await using closes', async () => {
  await sandbox.reset();
  assert.deepEqual(await node('dispose.mjs'), ['created', 'closed']);
});

test('process.exit while a call is under way does no harm', async () => {
  await sandbox.reset({ options: { latency_ms: 300 } });
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await node('exit.cjs'), ['leaving']);
  }
});

test('migrators that nobody holds are collected', async () => {
  await sandbox.reset();
  assert.deepEqual(await node('collected.cjs', {}, '--expose-gc'), ['collected']);
});

test('the addon is loaded and unloaded by 200 workers', async () => {
  await sandbox.reset();
  // In a process that has not loaded it itself, so that the last worker of each round unloads it.
  assert.deepEqual(await node('workers.cjs', { rounds: 25, workers: 8 }), ['200 workers']);
});

test('workers are ended while calls are under way', async () => {
  await sandbox.reset({ options: { latency_ms: 60 } });
  assert.deepEqual(await node('terminated.cjs', { rounds: 5, workers: 6 }), ['30 workers']);
});

test('workers and their parent share a ledger', async (t) => {
  await sandbox.reset();
  const workerData = {
    settings: sandbox.settings(path.join(await folder(t), 'ledger.db')),
    user: { email: 'shared@example.org' },
    credential: { password: PASSWORD, version: 'v1' },
  };
  const statuses = [];
  for (let number = 0; number < 3; number++) {
    const [status] = await once(new Worker(path.join(FIXTURES, 'worker.mjs'), { workerData }), 'message');
    statuses.push(status);
  }
  assert.deepEqual(statuses, ['created', 'unchanged', 'unchanged']);
});

test('a cluster shares a ledger: one user, one creation', async (t) => {
  await sandbox.reset({ options: { latency_ms: 20 } });
  const settings = sandbox.settings(path.join(await folder(t), 'ledger.db'));
  const statuses = await node('cluster.cjs', { settings, workers: 4 });
  assert.equal(statuses.length, 4);
  assert.equal(statuses.filter((status) => status === 'created').length, 1, statuses.join());
  assert.ok(
    statuses.every((status) => ['created', 'updated', 'unchanged'].includes(status)),
    statuses.join(),
  );
  assert.equal((await sandbox.users()).length, 1);
});

test('Ctrl-C ends a process that waits', async () => {
  await sandbox.reset({ options: { latency_ms: 5000 } });
  const child = spawn(process.execPath, [path.join(FIXTURES, 'unclosed.cjs')], {
    env: { ...process.env, INPUT: JSON.stringify({ settings: sandbox.settings() }) },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill('SIGINT');
  const [, signal] = await ended;
  assert.equal(signal, 'SIGINT');
});
