// `drain_in_background`: a thread of the library's delivers what is owed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Migrator } from 'kinde-migrate';
import { Sandbox, folder } from './sandbox.mjs';

const SCRIPT = fileURLToPath(new URL('fixtures/draining.cjs', import.meta.url));
const PASSWORD = 'correct horse battery';
const DOWN = [{ call: 'check', nth: 'all', fault: 'error_503' }];
const run = promisify(execFile);

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

/** A hang is what is to be found, and not a busy machine. */
async function owesNothing(migrator) {
  for (const end = Date.now() + 60_000; (await migrator.status()).owed > 0; await pause(20)) {
    assert.ok(Date.now() < end, 'it is still owed');
  }
}

test('what is owed is delivered by itself', async (t) => {
  await sandbox.reset({ options: { script: DOWN } });
  const settings = sandbox.settings(path.join(await folder(t), 'ledger.db'));
  const migrator = new Migrator({ ...settings, drainInBackground: true });
  const { status } = await migrator.migrate({ email: 'ann@example.org' }, { password: PASSWORD });
  assert.equal(status, 'queued');
  assert.equal((await migrator.status()).owed, 1);
  await sandbox.options({ script: [] });
  await owesNothing(migrator);
  assert.ok(await sandbox.signIn('ann@example.org', PASSWORD));
  const stands = await migrator.status();
  assert.deepEqual(
    { ...stands, tokens_this_month: 0 },
    {
      carried: 1,
      owed: 0,
      pending_by_reason: {},
      sealed: 0,
      not_durable: 0,
      unproven: 0,
      oldest_owed_seconds: null,
      dead: 0,
      dead_by_reason: {},
      in_memory: false,
      left_behind: [],
      last_error: null,
      kinde: 'up',
      retry_in_seconds: null,
      rate_limited: 0,
      tokens_this_month: 0,
      limit_per_minute: null,
      limit_in_flight: null,
    },
  );
  await migrator.close();
});

test('a process ends by itself while it drains', async (t) => {
  await sandbox.reset({ options: { script: DOWN } });
  const settings = sandbox.settings(path.join(await folder(t), 'ledger.db'));
  for (let round = 0; round < 3; round++) {
    const { stdout } = await run(process.execPath, [SCRIPT], {
      env: { ...process.env, INPUT: JSON.stringify({ settings }) },
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    assert.equal(stdout, 'queued\n');
  }
});

test('workers are ended while they drain, and another goes on', async (t) => {
  await sandbox.reset({ options: { script: DOWN } });
  const settings = sandbox.settings(path.join(await folder(t), 'ledger.db'));
  for (let round = 0; round < 5; round++) {
    const workers = Array.from(
      { length: 4 },
      (_, number) => new Worker(SCRIPT, { workerData: { settings, number: 4 * round + number } }),
    );
    await Promise.all(
      workers.map(async (worker, number) => {
        const [status] = await once(worker, 'message');
        assert.equal(status, 'queued');
        await pause(40 * number);
        assert.equal(await worker.terminate(), 1);
      }),
    );
  }
  await sandbox.options({ script: [] });
  const migrator = new Migrator({ ...settings, drain_in_background: true });
  await owesNothing(migrator);
  assert.equal((await sandbox.users()).length, 20);
  await migrator.close();
});
