// The end of a process: close(), signals, process.exit(), workers that end. Nothing that was accepted is lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Migrator } from 'kinde-migrate';
import { unbroken } from 'kinde-migrate/express';
import { Sandbox, folder } from './sandbox.mjs';

const SCRIPT = fileURLToPath(new URL('fixtures/leaving.cjs', import.meta.url));
const PASSWORD = 'correct horse battery';
const STALLED = { options: { latency_ms: 60_000 } };

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

/** Verbs take as long as they are let. */
const patient = (ledger) => ({ ...sandbox.settings(ledger), deadline: 60, bcrypt_cost: 4 });
const ledger = async (t) => path.join(await folder(t), 'ledger.db');
const closed = (call) => assert.rejects(call, { name: 'MigratorError', code: 'closed' });

/** Delivers what the ledger holds; the users who then sign in at Kinde. */
async function delivered(file, emails) {
  await sandbox.options({ latency_ms: 0 });
  const migrator = new Migrator(patient(file));
  const end = Date.now() + 60_000;
  // The turn of a user whose process was ended is free when its lease is over.
  while ((await migrator.drain({ deadline: 5 })).left > 0 && Date.now() < end) {
    await pause(50);
  }
  const { owed, dead } = await migrator.status();
  assert.deepEqual({ owed, dead }, { owed: 0, dead: 0 });
  await migrator.close();
  for (const email of emails) {
    assert.ok(await sandbox.signIn(email, PASSWORD), email);
  }
}

test('close waits for what is under way, and for nothing else', async () => {
  await sandbox.reset({ options: { latency_ms: 200 } });
  const migrator = new Migrator(patient('memory'));
  const call = migrator.changePassword({ email: 'ann@example.org' }, { password: PASSWORD });
  const closing = migrator.close({ timeout: 60 });
  await closed(migrator.migrate({ email: 'ann@example.org' }));
  await closed(migrator.status());
  assert.equal(migrator.close(), closing);
  assert.deepEqual(await closing, { left: 0 });
  assert.equal((await call).status, 'created');
  assert.deepEqual(await migrator.close({ timeout: 0 }), { left: 0 });
  await closed(migrator.changePassword({ email: 'ann@example.org' }, { password: PASSWORD }));
});

test('what has not arrived in time is in the outbox', async (t) => {
  await sandbox.reset(STALLED);
  const file = await ledger(t);
  const migrator = new Migrator(patient(file));
  const emails = Array.from({ length: 20 }, (_, number) => `late${number}@example.org`);
  const calls = emails.map((email) => migrator.changePassword({ email }, { password: PASSWORD }));
  const began = performance.now();
  assert.deepEqual(await migrator.close({ timeout: 0.3 }), { left: 20 });
  assert.ok(performance.now() - began < 20_000, 'their deadline is not waited for');
  for (const { status, reason, durable } of await Promise.all(calls)) {
    assert.deepEqual({ status, reason, durable }, { status: 'queued', reason: 'interrupted', durable: true });
  }
  await delivered(file, emails);
});

test('a second close may be in a greater hurry, and a drain is cut short, too', async (t) => {
  await sandbox.reset(STALLED);
  const file = await ledger(t);
  const migrator = new Migrator(patient(file));
  const call = migrator.migrate({ email: 'hurry@example.org' }, { password: PASSWORD });
  const drain = migrator.drain({ deadline: 600 });
  const began = performance.now();
  const closing = migrator.close({ timeout: 600 });
  assert.equal((await migrator.close({ timeout: 0 })).left, 1);
  await closing;
  assert.equal((await call).status, 'queued');
  assert.equal(typeof (await drain).left, 'number');
  assert.ok(performance.now() - began < 20_000);
  await delivered(file, ['hurry@example.org']);
});

test('what unbroken holds back is begun by close, even if it asks its database first', async (t) => {
  await sandbox.reset();
  const migrator = new Migrator(patient(await ledger(t)));
  const response = () => Object.assign(new EventEmitter(), { writableFinished: false });
  const change = (email) => migrator.changePassword({ email }, { password: PASSWORD });
  const answers = [
    unbroken(() => change('held@example.org'), response()),
    unbroken(async () => {
      await pause(100);
      return change('held2@example.org');
    }, response()),
    unbroken(async () => {
      await pause(200);
      return change('begun@example.org');
    }),
  ];
  await migrator.close({ timeout: 60 });
  const statuses = (await Promise.all(answers)).map((outcome) => outcome?.status);
  assert.deepEqual(statuses, ['created', 'created', 'created']);
  await closed(change('held@example.org'));
});

test('a verb that never comes to its call keeps nobody waiting', async () => {
  const migrator = new Migrator(patient('memory'));
  void unbroken(() => new Promise(() => {}));
  const began = performance.now();
  assert.deepEqual(await migrator.close({ timeout: 0.2 }), { left: 0 });
  assert.ok(performance.now() - began < 20_000);
});

test('the options of close are checked', async () => {
  const migrator = new Migrator(sandbox.settings());
  for (const options of [{ timeout: -1 }, { timeout: '1' }, { timeout: NaN }, { timeOut: 1 }, 5]) {
    await assert.rejects(migrator.close(options), { code: 'argument_type' });
  }
  assert.deepEqual(await migrator.close({ timeout: Infinity }), { left: 0 });
});

/** The script, and what it printed. */
async function leaving(how, settings, signal) {
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, INPUT: JSON.stringify({ settings, how }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray());
  if (signal) {
    await once(child.stdout, 'readable');
    child.kill(signal);
  }
  const [code, by] = await ended;
  return { code, by, out: (await out).join(''), err: (await err).join('') };
}

const EMAILS = ['held@example.org', 'under.way@example.org', 'forgotten@example.org'];

for (const [how, code] of [
  ['exit', 3],
  ['throw', 1],
  ['reject', 1],
]) {
  test(`${how}: what was under way and what was held back is in the outbox`, async (t) => {
    await sandbox.reset(STALLED);
    const file = await ledger(t);
    const left = await leaving(how, patient(file));
    assert.equal(left.code, code, left.err);
    await delivered(file, EMAILS);
  });
}

test('SIGTERM with the recipe: everything is in the outbox, and the exit code is 0', async (t) => {
  await sandbox.reset(STALLED);
  const file = await ledger(t);
  const left = await leaving('sigterm', patient(file), 'SIGTERM');
  assert.deepEqual([left.code, left.by, left.err], [0, null, '']);
  await delivered(file, EMAILS);
});

test('a process that has nothing else to do begins what is held back and waits for it', async (t) => {
  await sandbox.reset({ options: { latency_ms: 50 } });
  const file = await ledger(t);
  const left = await leaving('end', patient(file));
  assert.deepEqual([left.code, left.err], [0, '']);
  await delivered(file, EMAILS);
});

test('a worker that ends or is ended loses nothing', async (t) => {
  for (const how of ['exit', 'throw', 'terminate']) {
    await sandbox.reset(STALLED);
    const file = await ledger(t);
    const settings = { ...patient(file), deadline: 3 };
    const worker = new Worker(SCRIPT, { workerData: { settings, how }, stdout: true });
    const ended = once(worker, 'exit');
    worker.on('error', () => {});
    if (how === 'terminate') {
      await once(worker, 'message');
      await worker.terminate();
    }
    await ended.catch(() => {});
    // What a terminated worker had begun ends by its deadline on the library's own thread; what it held back never began.
    const expected = how === 'terminate' ? EMAILS.slice(1) : EMAILS;
    const watching = new Migrator(patient(file));
    for (const end = Date.now() + 60_000; (await watching.status()).owed < expected.length; await pause(50)) {
      assert.ok(Date.now() < end, how);
    }
    await watching.close();
    await delivered(file, expected);
  }
});

test('calls that nobody looks at end no process, whatever Kinde and the data are', async () => {
  await sandbox.reset({ options: { script: [{ call: 'check', nth: 'all', fault: 'error_503' }] } });
  const left = await leaving('forget', { ...sandbox.settings('/dev/null/ledger.db'), deadline: 1 });
  assert.equal(left.code, 0, left.err);
  assert.match(left.err, /\[ledger_[a-z_]+\] KindeMigrateWarning: /, 'the warning shows with default settings');
  const strict = await leaving('forget', { ...sandbox.settings('/dev/null/ledger.db'), deadline: 1, strict: true });
  assert.equal(strict.code, 0, strict.err);
});
