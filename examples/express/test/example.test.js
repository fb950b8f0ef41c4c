// The application as its users see it: a real server, real HTTP, and then a sign-in at Kinde.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
// The package's own tests have it.
import { CLIENT_ID, CLIENT_SECRET, Sandbox } from '../../../bindings-node/test/sandbox.mjs';

const EXAMPLE = fileURLToPath(new URL('..', import.meta.url));

let sandbox;
let site;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

beforeEach(async () => {
  await sandbox.reset();
  site = await Site.start(sandbox.url);
});
afterEach(() => site.stop());

/** The example's server, with its own database and ledger. */
class Site {
  static async start(kinde) {
    const site = new Site();
    site.folder = await mkdtemp(path.join(tmpdir(), 'kinde-migrate-express-'));
    site.environment = {
      ...process.env,
      PORT: '0',
      LEGACY_DATABASE: path.join(site.folder, 'legacy.db'),
      KINDE_DOMAIN: kinde,
      KINDE_MANAGEMENT_CLIENT_ID: CLIENT_ID,
      KINDE_MANAGEMENT_CLIENT_SECRET: CLIENT_SECRET,
      KINDE_MIGRATE_LEDGER: path.join(site.folder, 'ledger', 'ledger.db'),
      KINDE_MIGRATE_DEADLINE: '10',
    };
    await promisify(execFile)(process.execPath, ['seed.js'], { cwd: EXAMPLE, env: site.environment });
    await site.serve();
    return site;
  }

  async serve() {
    this.process = spawn(process.execPath, ['server.js'], {
      cwd: EXAMPLE,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(this.process.stdout), 'line');
    this.url = line.replace('listening on ', '');
  }

  /** The exit code. */
  async leave() {
    this.process.kill('SIGTERM');
    const [code] = await once(this.process, 'exit');
    return code;
  }

  async stop() {
    if (this.process.exitCode === null) {
      await this.leave();
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Keeps its cookie and follows one redirect. */
class Browser {
  #cookie = '';

  async post(page, fields) {
    return this.#follow(
      await fetch(site.url + page, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: this.#cookie },
        body: new URLSearchParams(fields),
      }),
    );
  }

  async #follow(answer) {
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie;
    if (answer.status === 303) {
      const next = new URL(answer.headers.get('location'), site.url);
      const followed = await fetch(next, { redirect: 'manual', headers: { cookie: this.#cookie } }).catch(() => null);
      // The server has gone since.
      return followed ? this.#follow(followed) : { status: 303, text: '' };
    }
    return { status: answer.status, text: await answer.text() };
  }

  async signIn(email, password) {
    const { status, text } = await this.post('/login', { email, password });
    return status === 200 && text.includes(`<strong id="user">${email}</strong>`);
  }
}

async function calls() {
  return Object.values(await sandbox.calls()).reduce((sum, number) => sum + number, 0);
}

test('a sign-in carries a user over, and the next one costs no call', async () => {
  assert.ok(await new Browser().signIn('user1@express.example', 'legacy password 1'));
  assert.ok(await sandbox.signIn('user1@express.example', 'legacy password 1'));
  const [user] = await sandbox.users();
  assert.equal(user.provided_id, '1');
  const before = await calls();
  assert.equal(before, 3);
  assert.ok(await new Browser().signIn('user1@express.example', 'legacy password 1'));
  assert.equal(await calls(), before);
});

test('a wrong password is carried nowhere', async () => {
  assert.equal(await new Browser().signIn('user1@express.example', 'wrong'), false);
  assert.equal(await new Browser().signIn('nobody@express.example', 'wrong'), false);
  assert.equal(await calls(), 0);
});

test('a sign-up arrives at Kinde', async () => {
  const [email, password] = ['new@express.example', 'brand new password'];
  const { status, text } = await new Browser().post('/signup', { email, name: 'New', password });
  assert.equal(status, 200);
  assert.match(text, /Signed in as <strong id="user">new@express\.example/);
  assert.ok(await sandbox.signIn(email, password));
  assert.equal((await new Browser().post('/signup', { email, name: 'New', password })).status, 409);
});

test('a change of password arrives at Kinde, and the old one is gone', async () => {
  const [email, old, wanted] = ['user2@express.example', 'legacy password 2', 'a better password'];
  const browser = new Browser();
  assert.ok(await browser.signIn(email, old));
  assert.equal((await browser.post('/password', { password: 'wrong', new_password: wanted })).status, 422);
  const { text } = await browser.post('/password', { password: old, new_password: wanted });
  assert.match(text, /has been changed/);
  assert.ok(await sandbox.signIn(email, wanted));
  assert.equal(await sandbox.signIn(email, old), false);
  const before = await calls();
  assert.ok(await new Browser().signIn(email, wanted));
  assert.equal(await calls(), before);
});

test('the login works while Kinde is down, and what is owed is delivered later', async () => {
  await site.leave();
  const alive = site.environment.KINDE_DOMAIN;
  // Nobody listens on port 1.
  Object.assign(site.environment, { KINDE_DOMAIN: 'http://127.0.0.1:1', KINDE_MIGRATE_DEADLINE: '0.5' });
  await site.serve();
  const began = performance.now();
  assert.ok(await new Browser().signIn('user3@express.example', 'legacy password 3'));
  assert.ok(performance.now() - began < 5000, 'the deadline holds');
  await site.leave();
  Object.assign(site.environment, { KINDE_DOMAIN: alive, KINDE_MIGRATE_DEADLINE: '10' });
  await site.serve();
  assert.ok(await new Browser().signIn('user3@express.example', 'legacy password 3'));
  assert.ok(await sandbox.signIn('user3@express.example', 'legacy password 3'));
});

test('SIGTERM drops no sign-in that is under way, and what it owes reaches Kinde', async () => {
  const [email, password] = ['user3@express.example', 'legacy password 3'];
  Object.assign(site.environment, { KINDE_MIGRATE_DEADLINE: '60' });
  await site.leave();
  await site.serve();
  await sandbox.options({ latency_ms: 1000 });
  // The browser keeps its connection, and signs in while another tab asks on and on.
  const browser = new Browser();
  let over = false;
  const asking = (async () => {
    while (!over) {
      await fetch(site.url + '/login').then(
        (answer) => answer.text(),
        () => new Promise(setImmediate),
      );
    }
  })();
  const signedIn = browser.post('/login', { email, password });
  while (Object.values(await sandbox.calls()).every((number) => number === 0)) {
    await new Promise(setImmediate);
  }
  const left = site.leave();
  const { status } = await signedIn;
  assert.ok([200, 303].includes(status), `${status}`);
  assert.equal(await left, 0);
  over = true;
  await asking;
  assert.ok(await sandbox.signIn(email, password));
});

test('the server ends when it is told to', async () => {
  assert.ok(await new Browser().signIn('user1@express.example', 'legacy password 1'));
  assert.equal(await site.leave(), 0);
});

test('the login works with wrong settings', async () => {
  await site.leave();
  site.environment.KINDE_DOMAIN = 'http://team.kinde.com';
  await site.serve();
  const browser = new Browser(site.url);
  const { status, text } = await browser.post('/login', {
    email: 'user1@express.example',
    password: 'legacy password 1',
  });
  assert.equal(status, 200);
  assert.match(text, /user1@express\.example/);
});
