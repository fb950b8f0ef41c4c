// A sandbox in a process of its own: `kinde-migrate sandbox`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CLIENT_ID = 'node-tests';
export const CLIENT_SECRET = 'node-tests-secret-51c7';

// A setting that a test leaves out must not come from whoever runs the tests.
for (const name of Object.keys(process.env)) {
  if (/^KINDE_(?!MIGRATE_BIN$)/.test(name)) {
    delete process.env[name];
  }
}

function binary() {
  const given = process.env.KINDE_MIGRATE_BIN;
  const places = given ? [given] : ['release', 'debug'].map((kind) => path.join(ROOT, 'target', kind, 'kinde-migrate'));
  const place = places.find((place) => existsSync(place));
  if (place === undefined) {
    throw new Error(
      `no kinde-migrate at ${places.join(' or ')}: \`cargo build -p kinde-migrate-cli\`, or set KINDE_MIGRATE_BIN`,
    );
  }
  return place;
}

/** Speaks to its own routes, which are never limited, delayed or faulted. */
export class Sandbox {
  #process;

  static async start() {
    const sandbox = new Sandbox();
    sandbox.#process = spawn(
      binary(),
      ['sandbox', '--port', '0', '--client-id', CLIENT_ID, '--client-secret', CLIENT_SECRET],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [first] = await once(createInterface(sandbox.#process.stdout), 'line');
    sandbox.url = first.replace(/^listening on /, '').trim();
    return sandbox;
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill();
      await once(this.#process, 'exit');
    }
  }

  async get(route) {
    const answer = await fetch(`${this.url}/sandbox/${route}`);
    if (!answer.ok) {
      throw new Error(`GET /sandbox/${route}: ${answer.status} ${await answer.text()}`);
    }
    return answer.json();
  }

  async post(route, body) {
    const answer = await fetch(`${this.url}/sandbox/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`POST /sandbox/${route}: ${answer.status} ${await answer.text()}`);
    }
    return answer.json();
  }

  async reset(body = {}) {
    const own = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
    await this.post('reset', { ...body, options: { ...own, ...body.options } });
  }

  async options(options) {
    await this.post('options', options);
  }

  async users() {
    const users = await this.get('users');
    return Array.isArray(users) ? users : users.users;
  }

  async calls() {
    return (await this.get('stats')).calls;
  }

  /** Whether this password works at Kinde now. */
  async signIn(email, password) {
    const answer = await fetch(`${this.url}/sandbox/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    return answer.ok && (await answer.json()).ok === true;
  }

  settings(ledger = 'memory') {
    // A busy machine changes nothing.
    return { domain: this.url, client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ledger, deadline: 20 };
  }
}

/** A new folder for the time of a test. */
export async function folder(test) {
  const made = await mkdtemp(path.join(tmpdir(), 'kinde-migrate-node-'));
  test.after(() => rm(made, { recursive: true, force: true }));
  return made;
}
