// The event loop: many calls at once, and nothing held up.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import path from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { Migrator } from 'kinde-migrate';
import { Sandbox, folder } from './sandbox.mjs';

const PASSWORD = 'correct horse battery';

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

test('200 verbs at once, and the event loop stays responsive', async () => {
  await sandbox.reset({ options: { latency_ms: 20 } });
  const migrator = new Migrator({ ...sandbox.settings(), deadline: 60, bcrypt_cost: 4 });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const users = Array.from({ length: 200 }, (_, number) => ({ email: `user${number}@example.org` }));
  const outcomes = await Promise.all(
    users.map((user) => migrator.migrate(user, { password: PASSWORD, version: 'v1' })),
  );
  delay.disable();
  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['created']));
  assert.equal(new Set(outcomes.map(({ kinde_id }) => kinde_id)).size, 200, 'every promise has its own answer');
  assert.deepEqual(await sandbox.calls().then(({ create }) => create), 200);
  assert.ok(delay.max / 1e6 < 500, `the event loop was held up for ${delay.max / 1e6} ms`);
  await migrator.close();
});

test('timers run while Kinde does not answer', async () => {
  await sandbox.reset({ options: { latency_ms: 1000 } });
  const migrator = new Migrator({ ...sandbox.settings(), deadline: 20 });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await migrator.migrate({ email: 'slow@example.org' }, { password: PASSWORD });
  clearInterval(timer);
  assert.ok(ticks >= 50, `${ticks} ticks in three seconds`);
  await migrator.close();
});

test('a repeated sign-in costs no call and microseconds', async (t) => {
  await sandbox.reset();
  const migrator = new Migrator(sandbox.settings(path.join(await folder(t), 'ledger.db')));
  const user = { email: 'again@example.org', provided_id: '42' };
  const credential = { password: PASSWORD, version: 'stored hash' };
  assert.equal((await migrator.migrate(user, credential)).status, 'created');
  const before = await sandbox.calls();
  const rounds = 2000;
  const began = performance.now();
  for (let round = 0; round < rounds; round++) {
    const { status, calls } = await migrator.migrate(user, credential);
    assert.ok(status === 'unchanged' && calls === 0);
  }
  const micros = ((performance.now() - began) * 1000) / rounds;
  t.diagnostic(`a repeated sign-in: ${micros.toFixed(1)} µs`);
  // The target is 20 µs and measured by bench/; this only notices a wait for another thread.
  assert.ok(micros < 500, `${micros} µs`);
  assert.deepEqual(await sandbox.calls(), before);
  await migrator.close();
});

test('AsyncLocalStorage survives', async () => {
  await sandbox.reset();
  const migrator = new Migrator(sandbox.settings());
  const storage = new AsyncLocalStorage();
  await storage.run('request 1', async () => {
    await migrator.migrate({ email: 'context@example.org' }, { password: PASSWORD });
    assert.equal(storage.getStore(), 'request 1');
  });
  await migrator.close();
});

test('what is said once comes as a warning', async () => {
  await sandbox.reset();
  const migrator = new Migrator(sandbox.settings('/dev/null/ledger.db'));
  const warned = once(process, 'warning');
  const outcome = await migrator.migrate({ email: 'warned@example.org' }, { password: PASSWORD });
  assert.equal(outcome.status, 'created', 'the sign-in goes on');
  const [warning] = await warned;
  assert.equal(warning.name, 'KindeMigrateWarning');
  assert.equal(warning.code, 'ledger_unavailable');
  const again = [];
  process.on('warning', (warning) => again.push(warning));
  await migrator.migrate({ email: 'warned2@example.org' }, { password: PASSWORD });
  await new Promise(setImmediate);
  assert.deepEqual(again, []);
  process.removeAllListeners('warning');
  await migrator.close();
});
