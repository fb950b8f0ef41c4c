// kinde-migrate/passport and kinde-migrate/express: the login goes on whatever happens.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { MigratorError } from 'kinde-migrate';
import { unbroken } from 'kinde-migrate/express';
import { migrating } from 'kinde-migrate/passport';

const ACCOUNT = { id: 7, email: 'ann@example.org', hash: 'stored' };
const OUTCOME = { status: 'created', kinde_id: 'kp_1', calls: 3, reason: null, message: null };
const describe = ({ email, hash }) => ({ user: { email }, version: hash });

class Migrator {
  asked = [];
  constructor(answer = async () => OUTCOME) {
    this.answer = answer;
  }
  migrate(...args) {
    this.asked.push(args);
    return this.answer();
  }
}

const ask = (verify, ...args) => new Promise((resolve) => verify(...args, (...told) => resolve(told)));

test('an accepted password is carried over before passport is told', async () => {
  const migrator = new Migrator();
  const seen = [];
  const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT, { message: 'hello' }), describe, {
    onOutcome: (...args) => seen.push(args),
  });
  assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT, { message: 'hello' }]);
  assert.deepEqual(migrator.asked, [[{ email: 'ann@example.org' }, { version: 'stored', password: 'typed' }]]);
  assert.deepEqual(seen, [[OUTCOME, ACCOUNT]]);
});

test('the password is found with passReqToCallback too, and `this` is kept', async () => {
  const migrator = new Migrator();
  const self = {};
  const verify = migrating(
    migrator,
    function (request, name, password, done) {
      assert.equal(this, self);
      done(null, ACCOUNT);
    },
    describe,
  ).bind(self);
  await ask(verify, {}, 'ann', 'typed');
  assert.equal(migrator.asked[0][1].password, 'typed');
});

test('a refused password and an error are nobody else’s business', async () => {
  const migrator = new Migrator();
  const failure = new Error('database');
  const refusing = migrating(migrator, (name, password, done) => done(null, false, { message: 'no' }), describe);
  assert.deepEqual(await ask(refusing, 'ann', 'typed'), [null, false, { message: 'no' }]);
  const failing = migrating(migrator, (name, password, done) => done(failure), describe);
  assert.deepEqual(await ask(failing, 'ann', 'typed'), [failure, undefined]);
  assert.deepEqual(migrator.asked, []);
});

test('an account may be left alone', async () => {
  const migrator = new Migrator();
  const verify = migrating(
    migrator,
    (name, password, done) => done(null, ACCOUNT),
    () => null,
  );
  assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT]);
  assert.deepEqual(migrator.asked, []);
});

test('whatever is raised becomes a warning, and the login goes on', async () => {
  for (const [migrator, describing] of [
    [new Migrator(() => Promise.reject(new MigratorError('closed', 'the migrator has been closed'))), describe],
    [
      new Migrator(),
      () => {
        throw new MigratorError('closed', 'thrown by the application');
      },
    ],
  ]) {
    const warned = once(process, 'warning');
    const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT), describing);
    assert.deepEqual(await ask(verify, 'ann', 'typed'), [null, ACCOUNT]);
    const [warning] = await warned;
    assert.deepEqual([warning.name, warning.code], ['KindeMigrateWarning', 'closed']);
  }
});

test('without waiting, passport is told at once', () => {
  const migrator = new Migrator(() => new Promise(() => {}));
  const verify = migrating(migrator, (name, password, done) => done(null, ACCOUNT), describe, { wait: false });
  let told;
  verify('ann', 'typed', (...args) => (told = args));
  assert.deepEqual(told, [null, ACCOUNT]);
});

test('what is no function is told when it is wrapped', () => {
  assert.throws(() => migrating(new Migrator(), undefined, describe), TypeError);
  assert.throws(() => migrating(new Migrator(), () => {}), TypeError);
});

test('a verb may wait for the response', async () => {
  const response = Object.assign(new EventEmitter(), { writableFinished: false });
  let called = false;
  const answer = unbroken(async () => {
    called = true;
    return OUTCOME;
  }, response);
  await new Promise(setImmediate);
  assert.equal(called, false);
  response.emit('close');
  assert.equal(await answer, OUTCOME);
  assert.equal(await unbroken(async () => OUTCOME, { writableFinished: true }), OUTCOME);
});
