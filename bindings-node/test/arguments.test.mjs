// What the application hands over: wrong types are misuse and raised with a code; wrong data is an outcome.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { HashNotImportableError, Migrator, MigratorError, explainHash, requireImportable } from 'kinde-migrate';
import { CLIENT_SECRET, Sandbox } from './sandbox.mjs';

const EMAIL = 'ann@example.org';
const PASSWORD = 'correct horse battery';

let sandbox;
let migrator;
before(async () => {
  sandbox = await Sandbox.start();
  migrator = new Migrator(sandbox.settings());
});
after(async () => {
  await migrator.close();
  await sandbox.stop();
});

const raises = (call, code, words) =>
  assert.rejects(call, (error) => {
    assert.ok(error instanceof MigratorError, inspect(error));
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'MigratorError');
    assert.equal(error.code, code, inspect(error));
    assert.match(error.message, words);
    assert.doesNotMatch(inspect(error), new RegExp(`${PASSWORD}|${EMAIL}|${CLIENT_SECRET}`));
    return true;
  });

test('a user is an object of texts', async () => {
  await raises(migrator.migrate(), 'argument_missing', /user is missing/);
  await raises(migrator.migrate(null), 'argument_missing', /user is missing/);
  await raises(migrator.migrate(EMAIL), 'argument_type', /user is a string: pass an object such as \{ email \}/);
  await raises(migrator.migrate([EMAIL]), 'argument_type', /user is an array/);
  await raises(migrator.migrate(Buffer.from(EMAIL)), 'argument_type', /user is bytes/);
  await raises(migrator.migrate(Promise.resolve({ email: EMAIL })), 'argument_type', /await it first/);
  await raises(
    migrator.migrate(() => EMAIL),
    'argument_type',
    /user is a function/,
  );
  await raises(migrator.migrate({ email: true }), 'argument_type', /user\.email is a boolean/);
  await raises(migrator.migrate({ email: { toString: () => EMAIL } }), 'argument_type', /user\.email is an object/);
  await raises(migrator.migrate({ email: EMAIL, email_verified: {} }), 'argument_type', /pass true or false/);
  await raises(
    migrator.migrate({ email: EMAIL, provided_id: new Date() }),
    'argument_type',
    /provided_id is an object/,
  );
  await raises(migrator.migrate({ email: EMAIL, provided_id: true }), 'argument_type', /provided_id is a boolean/);
  await raises(migrator.migrate({ email: new Uint16Array(4) }), 'argument_type', /user\.email is an object/);
  await raises(migrator.migrate({ eMail: EMAIL }), 'user_field_unknown', /no field "eMail"/);
  await raises(
    migrator.migrate({ email: EMAIL, providedID: undefined }),
    'user_field_unknown',
    /no field "providedID"/,
  );
  await raises(migrator.requestReset(EMAIL), 'argument_type', /user is a string/);
});

test('a bare string as a credential is refused with the cure', async () => {
  const user = { email: EMAIL };
  const cure = /credential is a string: pass \{ password \} for what the user typed, \{ hash \}/;
  await raises(migrator.migrate(user, PASSWORD), 'argument_type', cure);
  await raises(migrator.changePassword(user, PASSWORD), 'argument_type', cure);
  await raises(
    migrator.migrate(user, Buffer.from(PASSWORD)),
    'argument_type',
    /credential is bytes: pass \{ password \}/,
  );
  await raises(migrator.migrate(user, { pasword: PASSWORD }), 'credential_field_unknown', /no field "pasword"/);
  await raises(migrator.migrate(user, { password: 12.5 }), 'argument_type', /credential\.password is a number/);
  await raises(migrator.migrate(user, { hash: 'x', extra: 'salt' }), 'argument_type', /credential\.extra is a string/);
  await raises(migrator.migrate(user, { pasword: undefined }), 'credential_field_unknown', /no field "pasword"/);
  await raises(
    migrator.migrate(user, { hash: 'x', extra: { salt: true } }),
    'argument_type',
    /credential\.extra\.salt is a boolean/,
  );
});

test('a change of password without one is misuse, and an empty one is data', async () => {
  await sandbox.reset();
  const user = { email: 'unchanged@example.org' };
  const missing = [undefined, null, {}, { password: undefined }, { password: null }, { hash: null, version: 'v' }];
  for (const credential of missing) {
    await raises(migrator.changePassword(user, credential), 'credential_missing', /`password` or `hash`/);
  }
  await raises(migrator.changePassword(user, { pasword: PASSWORD }), 'credential_field_unknown', /"pasword"/);
  await raises(migrator.changePassword(user, { pasword: undefined }), 'credential_field_unknown', /"pasword"/);
  assert.deepEqual(await sandbox.calls().then((calls) => Object.values(calls).reduce((a, b) => a + b, 0)), 0);
  const { status, reason } = await migrator.changePassword(user, { password: '' });
  assert.deepEqual([status, reason], ['rejected', 'password_empty']);
  for (const credential of [undefined, null, {}, { password: null }]) {
    assert.match((await migrator.migrate(user, credential)).status, /created|unchanged/);
  }
});

test('whole numbers are taken as their text, and what JavaScript cannot hold is refused with the cure', async () => {
  await sandbox.reset();
  const ids = [7, 0, -7, Number.MAX_SAFE_INTEGER, 8n, 2n ** 70n];
  for (const [index, provided_id] of ids.entries()) {
    const email = `number${index}@example.org`;
    const outcome = await migrator.migrate({ email, provided_id }, { password: PASSWORD, version: index });
    assert.equal(outcome.status, 'created', inspect(outcome));
    assert.equal((await migrator.migrate({ email }, { version: String(index) })).status, 'unchanged');
  }
  const users = await sandbox.users();
  assert.deepEqual(users.map((user) => user.provided_id).sort(), ids.map(String).sort());
  const unsafe = [2 ** 53, -(2 ** 53), 1e21, Number.MAX_VALUE];
  for (const provided_id of [...unsafe, 1.5, NaN, Infinity, -Infinity]) {
    const cure = /user\.provided_id is a number.*: pass a string or a BigInt/;
    await raises(migrator.migrate({ email: EMAIL, provided_id }), 'argument_type', cure);
  }
  await raises(migrator.migrate({ email: EMAIL, email_verified: 0.5 }), 'argument_type', /email_verified is a number/);
  const extra = { salt: 'pepper', iterations: 2 ** 60 };
  await raises(
    migrator.migrate({ email: EMAIL }, { hash: 'x', extra }),
    'argument_type',
    /extra\.iterations is a number/,
  );
  assert.throws(() => new Migrator({ ...sandbox.settings(), max_in_flight: 2 ** 53 }), /a string or a BigInt/);
  await new Migrator({ ...sandbox.settings(), maxInFlight: 5n }).close();
  // A password that the old system has checked as a number.
  const outcome = await migrator.migrate({ email: EMAIL }, { password: 31415926535n });
  assert.equal(outcome.status, 'created', inspect(outcome));
  assert.ok(await sandbox.signIn(EMAIL, '31415926535'));
});

test('the numbers beside a hash may be numbers', () => {
  const explained = (iterations, keylen) =>
    explainHash('88e4ddd2402d92d50e1879d6ecd9ffd4'.repeat(32), {
      format: 'passport_local_mongoose_pbkdf2_sha256',
      extra: { salt: '9a5df8afda6e98cb', iterations, keylen, digest: 'sha256', encoding: 'hex' },
    });
  const asTexts = explained('25000', '512');
  assert.equal(asTexts.importable, true, asTexts.reason);
  assert.deepEqual(explained(25000, 512n), asTexts);
  assert.equal(explained('many', 512).code, 'hash_extra_invalid');
});

test('email_verified is a boolean in any writing', async () => {
  await sandbox.reset();
  const strict = new Migrator({ ...sandbox.settings(), require_verified_email: true });
  const ask = async (email_verified, number) =>
    (await strict.migrate({ email: `flag${number}@example.org`, email_verified }, { password: PASSWORD })).reason;
  for (const [number, flag] of [true, 1, 1n, 'true', '1'].entries()) {
    assert.equal(await ask(flag, number), null, inspect(flag));
  }
  for (const [number, flag] of [false, 0, 0n, 'false', '0', null, undefined].entries()) {
    assert.equal(await ask(flag, number), 'email_not_verified', inspect(flag));
  }
  await strict.close();
});

test('a stored hash is a text, and what is known of it an object', () => {
  const stored = '88e4ddd2402d92d50e1879d6ecd9ffd4';
  const misuses = [
    [[], 'argument_missing', /no stored hash/],
    [[null], 'argument_missing', /no stored hash/],
    [[7], 'argument_type', /stored\.hash is a number/],
    [[stored, 'raw_md5_hex'], 'argument_type', /options is a string: pass an object such as \{ format \}/],
    [[stored, { fromat: 'raw_md5_hex' }], 'argument_type', /no fromat; there are format, extra, allowGuesses/],
    [[stored, { format: 7 }], 'argument_type', /options\.format is a number/],
    [[stored, { extra: stored }], 'argument_type', /options\.extra is a string/],
    [[stored, { extra: { salt: true } }], 'argument_type', /options\.extra\.salt is a boolean/],
    [[stored, { allowGuesses: 'bcrypt' }], 'setting_invalid', /no format has this id/],
  ];
  for (const [given, code, words] of misuses) {
    for (const ask of [explainHash, requireImportable]) {
      assert.throws(
        () => ask(...given),
        (error) => {
          assert.ok(error instanceof MigratorError && !(error instanceof HashNotImportableError), inspect(error));
          assert.equal(error.code, code, inspect(error));
          assert.match(error.message, words);
          return !inspect(error).includes(stored);
        },
      );
    }
  }
  assert.equal(explainHash(Buffer.from(stored), { format: 'raw_md5_hex', extra: null }).importable, true);
  assert.equal(explainHash('\ud800').code, 'hash_malformed');
  assert.throws(
    () => requireImportable(stored, null),
    (error) => {
      assert.ok(error instanceof HashNotImportableError && error instanceof MigratorError);
      const { name, code, format } = error;
      assert.deepEqual(
        { name, code, format },
        { name: 'HashNotImportableError', code: 'hash_ambiguous', format: null },
      );
      return true;
    },
  );
});

test('what a getter of the caller throws is their own', async () => {
  const own = new RangeError('mine');
  const user = {
    get email() {
      throw own;
    },
  };
  await assert.rejects(migrator.migrate(user), (error) => error === own);
});

test('settings are checked when the migrator is built', () => {
  const build = (settings) => () => new Migrator({ ...sandbox.settings(), ...settings });
  const raised = (code) => (error) => error instanceof MigratorError && error.code === code;
  assert.throws(() => new Migrator('team.kinde.com'), raised('argument_type'));
  assert.throws(() => new Migrator({}), raised('domain_missing'));
  assert.throws(() => Migrator.fromEnv(), raised('domain_missing'));
  assert.throws(build({ client_secret: null }), raised('client_secret_missing'));
  assert.throws(build({ domain: { host: 'x' } }), raised('argument_type'));
  assert.throws(build({ domian: 'x' }), raised('setting_unknown'));
  assert.throws(build({ domian: undefined }), raised('setting_unknown'));
  assert.throws(build({ clientSecert: CLIENT_SECRET }), (error) => {
    assert.equal(error.code, 'setting_unknown');
    return !inspect(error).includes(CLIENT_SECRET);
  });
  assert.throws(build({ deadline: NaN }), raised('setting_invalid'));
  assert.throws(build({ client_id: '\ud800' }), raised('setting_invalid'));
});

test('settings and fields may be written in camel case, and settings as numbers and booleans', async () => {
  await sandbox.reset();
  const { client_id: clientId, client_secret: clientSecret, ...rest } = sandbox.settings();
  const camel = new Migrator({ ...rest, clientId, clientSecret, sendPlaintext: true, bcryptCost: 4, onExisting: null });
  const user = { email: EMAIL, givenName: 'Ann', providedId: '7', emailVerified: true, phone: undefined };
  assert.equal((await camel.migrate(user, { password: PASSWORD })).status, 'created');
  await camel.close();
  const [found] = await sandbox.users();
  assert.equal(found.provided_id, '7');
  assert.equal(found.password_method, 'plaintext');
});

test('texts may be strings or bytes', async () => {
  await sandbox.reset();
  const bytes = new TextEncoder().encode(` ${PASSWORD}`).subarray(1);
  const outcome = await migrator.migrate({ email: Buffer.from('bytes@example.org') }, { password: bytes });
  assert.equal(outcome.status, 'created');
  assert.ok(await sandbox.signIn('bytes@example.org', PASSWORD));
});

test('a string with a lone surrogate is data that is refused, not replaced', async () => {
  await sandbox.reset();
  for (const [user, credential] of [
    [{ email: 'ann\ud800@example.org' }, { password: PASSWORD }],
    [{ email: EMAIL }, { password: 'correct \ud83d horse' }],
    [{ email: EMAIL }, { hash: 'x', extra: { salt: '\ud800' } }],
  ]) {
    const outcome = await migrator.migrate(user, credential);
    assert.deepEqual(
      [outcome.status, outcome.reason, outcome.calls],
      ['rejected', 'invalid_utf8', 0],
      inspect(outcome),
    );
  }
  // The replacement character itself, and pairs, are texts like any other.
  const outcome = await migrator.migrate({ email: 'fffd@example.org' }, { password: 'a\ufffdb \u{1f600} long' });
  assert.equal(outcome.status, 'created', inspect(outcome));
  assert.ok(await sandbox.signIn('fffd@example.org', 'a\ufffdb \u{1f600} long'));
});

test('an outcome is a plain object with every field', async () => {
  await sandbox.reset({ keep_tokens: true });
  const outcome = await migrator.migrate({ email: 'plain@example.org' }, { password: PASSWORD });
  const names = ['status', 'kinde_id', 'calls', 'reason', 'message', 'durable', 'notices'];
  assert.deepEqual(Object.keys(outcome), names);
  assert.deepEqual(
    { ...outcome, kinde_id: typeof outcome.kinde_id },
    {
      status: 'created',
      kinde_id: 'string',
      calls: 3,
      reason: null,
      message: null,
      durable: true,
      notices: [],
    },
  );
  assert.equal((await migrator.migrate({ email: '' })).reason, 'user_missing');
});

test('drain and status are checked, and answer', async () => {
  await raises(migrator.drain({ max: -1 }), 'argument_type', /max/);
  await raises(migrator.drain({ max: '1' }), 'argument_type', /max/);
  await raises(migrator.drain({ deadline: NaN }), 'argument_type', /deadline/);
  await raises(migrator.drain({ deadline: '5' }), 'argument_type', /deadline/);
  await raises(migrator.drain({ dead_line: 5 }), 'argument_type', /dead_line/);
  assert.deepEqual(await migrator.drain({ max: 1, deadline: 1 }), { delivered: 0, dropped: 0, left: 0 });
  const status = await migrator.status();
  assert.deepEqual(Object.keys(status), [
    'carried',
    'owed',
    'pending_by_reason',
    'sealed',
    'not_durable',
    'unproven',
    'oldest_owed_seconds',
    'dead',
    'dead_by_reason',
    'in_memory',
    'left_behind',
    'last_error',
    'kinde',
    'retry_in_seconds',
    'rate_limited',
    'tokens_this_month',
    'limit_per_minute',
    'limit_in_flight',
  ]);
  assert.equal(status.oldest_owed_seconds, null);
});

test('a migrator shows no secret', () => {
  for (const shown of [inspect(migrator, { showHidden: true, depth: 9 }), JSON.stringify(migrator), String(migrator)]) {
    assert.doesNotMatch(shown, new RegExp(CLIENT_SECRET));
  }
});

test('a closed migrator says so', async () => {
  const closed = new Migrator(sandbox.settings());
  const underWay = closed.migrate({ email: 'last@example.org' }, { password: PASSWORD });
  await Promise.all([closed.close(), closed.close()]);
  assert.equal((await underWay).status, 'created', 'what was under way has ended');
  await raises(closed.migrate({ email: EMAIL }), 'closed', /closed/);
  await raises(closed.drain(), 'closed', /closed/);
  assert.equal(typeof closed[Symbol.asyncDispose], 'function');
});
