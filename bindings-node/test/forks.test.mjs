// Many processes and threads on one ledger: nobody is lost, nobody is created twice, nothing is left open.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ROOT, Sandbox, folder } from './sandbox.mjs';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
const run = promisify(execFile);

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

/** A script in a process of its own, which must end by itself: its lines. */
async function node(script, input) {
  const { stdout, stderr } = await run(process.execPath, [path.join(FIXTURES, script)], {
    env: { ...process.env, INPUT: JSON.stringify(input) },
    timeout: 180_000,
    killSignal: 'SIGKILL',
  });
  assert.equal(stderr, '');
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
}

/** See tests/landed.py. */
async function landed(ledger, names) {
  const check = spawn('python3', [path.join(ROOT, 'tests', 'landed.py'), sandbox.url, ledger], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const passwords = names.map((name) => [`${name}@example.org`, `password of ${name}`]);
  check.stdin.end(JSON.stringify(Object.fromEntries(passwords)));
  const said = check.stdout.toArray();
  await once(check, 'exit');
  assert.equal(Buffer.concat(await said).toString(), 'landed\n');
}

async function settings(t) {
  const ledger = path.join(await folder(t), 'ledger.db');
  return { ...sandbox.settings(ledger), bcrypt_cost: 4, deadline: 5 };
}

for (const parent of ['unused', 'used']) {
  test(`200 workers, each with a call, some ended in the midst of it (main thread ${parent})`, async (t) => {
    await sandbox.reset({ options: { latency_ms: 5 } });
    const own = await settings(t);
    const lines = await node('many_workers.cjs', { settings: own, workers: 200, parent });
    const [, grown, , ended, ...kinds] = lines.pop();
    assert.equal(lines.length, 201 + (parent === 'used'));
    assert.ok(
      lines.every(([, status]) => ['created', 'updated', 'unchanged'].includes(status)),
      lines.join('\n'),
    );
    assert.ok(Number(ended) > 0);
    assert.ok(Number(grown) <= 0, `${grown} descriptors were left open: ${kinds.join(' became ')}`);
    await landed(
      own.ledger,
      lines.map(([name]) => name),
    );
  });

  test(`a cluster that loses a worker (primary ${parent})`, async (t) => {
    await sandbox.reset({ options: { latency_ms: 10 } });
    const own = await settings(t);
    const names = Array.from({ length: 40 }, (_, number) => `user${number}`);
    const lines = await node('crowd.cjs', { settings: own, names, workers: 4, parent });
    assert.equal(lines.length, 40 + (parent === 'used'));
    assert.ok(
      lines.every(([, status]) => ['created', 'updated', 'unchanged'].includes(status)),
      lines.join('\n'),
    );
    await landed(
      own.ledger,
      lines.map(([name]) => name),
    );
  });
}
