// The scenarios that every language runs: tests/scenarios/*.json. Its README says what the members mean.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { HashNotImportableError, Migrator, MigratorError, explainHash, requireImportable } from 'kinde-migrate';
import { CLIENT_ID, CLIENT_SECRET, ROOT, Sandbox } from './sandbox.mjs';

const FOLDER = process.env.SCENARIOS ?? path.join(ROOT, 'tests', 'scenarios');
// What is waited for in bad weather is mostly the clock.
const AT_ONCE = 24;
// An entry is put off by 20 s at most, and seldom that far.
const SETTLED_WITHIN_MS = 300_000;
const VERBS = { migrate: 'migrate', change_password: 'changePassword', request_reset: 'requestReset' };

const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.json') && name !== 'schema.json').sort();
const scenarios = (
  await Promise.all(files.map(async (name) => JSON.parse(await readFile(path.join(FOLDER, name), 'utf8')).scenarios))
).flat();

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

test('there are enough scenarios', () => {
  assert.ok(scenarios.length >= 40, `only ${scenarios.length} scenarios were found`);
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
});

for (const scenario of scenarios) {
  test(scenario.name, () => comesOutAsItSays(scenario, sandbox));
}

// tests/weather.py says how to choose one of these runs.
test('bad weather changes no end', async () => {
  const written = execFileSync('python3', [path.join(ROOT, 'tests', 'weather.py')], { maxBuffer: 1 << 28 });
  const turned = JSON.parse(written);
  const failures = [];
  let next = 0;
  async function some() {
    const own = await Sandbox.start();
    try {
      while (next < turned.length) {
        const scenario = turned[next++];
        await comesOutAsItSays(scenario, own).catch((error) => failures.push(`${scenario.name}: ${error.message}`));
      }
    } finally {
      await own.stop();
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  assert.equal(failures.length, 0, `${failures.length} of ${turned.length} failed:\n${failures.join('\n')}`);
});

async function comesOutAsItSays(scenario, sandbox) {
  const place = await mkdtemp(path.join(tmpdir(), 'kinde-migrate-scenario-'));
  try {
    await new Run(scenario, sandbox, place).all();
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** One scenario on its way. */
class Run {
  #scenario;
  #sandbox;
  #place;
  #fresh = 0;
  #settings = { domain: '@sandbox', client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ledger: '@fresh' };
  #migrator;

  constructor(scenario, sandbox, place) {
    this.#scenario = scenario;
    this.#sandbox = sandbox;
    this.#place = place;
  }

  async all() {
    const { sandbox: state, settings, build_error, secret = [], steps, end } = this.#scenario;
    await this.#sandbox.reset(state);
    await this.#set(settings);
    if (build_error !== undefined) {
      assert.throws(
        () => this.#build(),
        (error) => {
          assert.ok(error instanceof MigratorError, inspect(error));
          assert.equal(error.code, build_error);
          showsNone(error, [...secret, CLIENT_SECRET]);
          return true;
        },
      );
      return;
    }
    this.#build();
    try {
      for (const [index, step] of steps.entries()) {
        try {
          await this.#step(step);
        } catch (error) {
          error.message = `step ${index + 1}: ${error.message}`;
          throw error;
        }
      }
      assert.equal((await this.#migrator.status()).owed, end.owed ?? 0, 'owed');
    } finally {
      await this.#migrator.close();
    }
    await this.#end(end);
  }

  async #set(settings = {}) {
    Object.assign(this.#settings, settings);
    const { domain, ledger, client_secret } = this.#settings;
    if (client_secret === '@secret') {
      this.#settings.client_secret = CLIENT_SECRET;
    }
    if (domain === '@sandbox') {
      this.#settings.domain = this.#sandbox.url;
    } else if (domain === '@closed') {
      this.#settings.domain = `http://127.0.0.1:${await closedPort()}`;
    }
    if (ledger === '@fresh') {
      this.#settings.ledger = path.join(this.#place, `fresh-${++this.#fresh}`, 'ledger.db');
    } else if (ledger === '@unwritable') {
      const file = path.join(this.#place, 'file');
      await writeFile(file, '');
      this.#settings.ledger = path.join(file, 'ledger.db');
    }
  }

  #build() {
    this.#migrator = new Migrator(this.#settings);
  }

  async #step(step) {
    if (step.verb !== undefined) {
      await this.#verb(step);
    } else if (step.sandbox !== undefined) {
      for (const [route, body] of Object.entries(step.sandbox)) {
        await (route === 'reset' ? this.#sandbox.reset(body) : this.#sandbox.post(route, body));
      }
    } else if (step.restart) {
      await this.#migrator.close();
      await this.#set(step.settings);
      this.#build();
    } else if (step.drain !== undefined) {
      has(await this.#migrator.drain(step.drain), step.expect);
    } else if (step.status !== undefined) {
      has(await this.#migrator.status(), step.expect);
    } else if (step.explain_hash !== undefined) {
      explainedAsItSays(step);
    } else if (step.settle !== undefined) {
      const ends = Date.now() + SETTLED_WITHIN_MS;
      while ((await this.#migrator.status()).owed > step.settle.owed) {
        assert.ok(Date.now() < ends, `more is owed after ${SETTLED_WITHIN_MS} ms of drains`);
        await this.#migrator.drain({ max: 100, deadline: 10 });
        await sleep(20);
      }
    } else {
      assert.fail(`no step is known by ${Object.keys(step)}`);
    }
  }

  async #verb(step) {
    const user = texts(step.user);
    const credential = texts(step.credential);
    const secrets = [credential?.password, credential?.hash, user.email, this.#settings.client_secret];
    const call = this.#migrator[VERBS[step.verb]](...(step.verb === 'request_reset' ? [user] : [user, credential]));
    if (step.misuse !== undefined) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof MigratorError, inspect(error));
        assert.equal(error.code, step.misuse);
        showsNone(error, secrets);
        return true;
      });
      return;
    }
    const outcome = await call;
    showsNone(outcome, secrets);
    const { calls, has_kinde_id, message_has, message_lacks, ...same } = step.expect;
    has(outcome, same);
    assert.ok(outcome.durable || outcome.status === 'queued', inspect(outcome));
    fits(outcome.calls, calls, inspect(outcome));
    if (has_kinde_id !== undefined) {
      assert.equal(outcome.kinde_id !== null, has_kinde_id, inspect(outcome));
    }
    if (message_has !== undefined) {
      assert.ok(outcome.message?.includes(message_has), inspect(outcome));
    }
    if (message_lacks !== undefined) {
      assert.ok(!outcome.message?.includes(message_lacks), inspect(outcome));
    }
    if (['queued', 'skipped', 'rejected'].includes(outcome.status)) {
      assert.ok(outcome.reason && outcome.message, inspect(outcome));
    }
  }

  async #end({ users: number, calls = {}, tokens, user = [], sign_ins = [] }) {
    const users = await this.#sandbox.users();
    if (number !== undefined) {
      assert.equal(users.length, number, 'users');
    }
    const stats = await this.#sandbox.get('stats');
    for (const [call, expected] of Object.entries(calls)) {
      fits(stats.calls[call], expected, `${call} of ${inspect(stats.calls)}`);
    }
    fits(stats.tokens, tokens, 'tokens');
    for (const { email, ...expected } of user) {
      const found = users.filter((user) => user.email?.toLowerCase() === email.toLowerCase());
      assert.equal(found.length, 1, 'users of that e-mail');
      has(found[0], expected);
    }
    for (const { email, password, ok } of sign_ins) {
      assert.equal(await this.#sandbox.signIn(email, password), ok, 'sign-in at Kinde');
    }
  }
}

function explainedAsItSays({ explain_hash, hides = [], misuse, expect }) {
  const { hash, ...options } = texts(explain_hash);
  const secrets = [hash, ...hides];
  const refusal = (ask) => {
    try {
      return void ask(hash, options);
    } catch (error) {
      showsNone(error, secrets);
      return error;
    }
  };
  if (misuse !== undefined) {
    for (const error of [refusal(explainHash), refusal(requireImportable)]) {
      assert.ok(error instanceof MigratorError && !(error instanceof HashNotImportableError), inspect(error));
      assert.equal(error.code, misuse);
    }
    return;
  }
  const explained = explainHash(hash, options);
  showsNone(explained, secrets);
  has(explained, expect);
  const error = refusal(requireImportable);
  if (explained.importable && !explained.import_file_only) {
    assert.equal(error, undefined);
    assert.deepEqual(requireImportable(hash, options), explained);
    return;
  }
  assert.ok(error instanceof HashNotImportableError, inspect(error));
  const { code, format, reason, advice } = explained.import_file_only
    ? { ...error, code: 'hash_not_importable', format: explained.format }
    : explained;
  has(error, { name: 'HashNotImportableError', code, format, reason, advice });
}

/** A user or a credential with its texts written out. */
function texts(value) {
  return value && Object.fromEntries(Object.entries(value).map(([name, value]) => [name, text(value)]));
}

function text(value) {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (value.base64 !== undefined) {
    return Buffer.from(value.base64, 'base64');
  }
  return value.repeat === undefined ? texts(value) : value.repeat.repeat(value.times) + (value.then ?? '');
}

function has(found, expected) {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(found[name], value, `${name} of ${inspect(found)}`);
  }
}

function fits(number, expected, what) {
  if (typeof expected === 'object') {
    assert.ok(expected.least <= number && number <= expected.most, what);
  } else if (expected !== undefined) {
    assert.equal(number, expected, what);
  }
}

function showsNone(shown, secrets) {
  const said = `${shown} ${shown.message} ${shown.stack ?? ''} ${JSON.stringify(shown)} ${inspect(shown)}`;
  for (const secret of secrets.map((secret) => secret?.toString()).filter((secret) => secret?.length >= 4)) {
    assert.ok(!said.includes(secret), 'a secret or an e-mail is shown');
  }
}

/** Of the loopback interface, where nobody listens. */
async function closedPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
