// The legacy system: a table of accounts with hashes of its own making. It knows nothing of Kinde.
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import sqlite from 'node-sqlite3-wasm';

const derive = promisify(pbkdf2);
const ROUNDS = 210_000;

/** Without an account, the same work is done, so that the time does not tell which e-mails there are. */
const NOBODY = `pbkdf2$sha512$${ROUNDS}$${'00'.repeat(16)}$${'00'.repeat(64)}`;

export class Accounts {
  #database;

  constructor(path) {
    this.#database = new sqlite.Database(path);
    this.#database.exec(`CREATE TABLE IF NOT EXISTS account (
      id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, password_hash TEXT NOT NULL)`);
  }

  find(email) {
    return this.#database.get('SELECT * FROM account WHERE email = ?', email) ?? null;
  }

  byId(id) {
    return this.#database.get('SELECT * FROM account WHERE id = ?', id) ?? null;
  }

  /** The account, if that is its password. */
  async check(email, password) {
    const account = this.find(email);
    return (await matches(password, account?.password_hash ?? NOBODY)) ? account : null;
  }

  /** The new account, or null if there is one of that e-mail. */
  async add(email, name, password) {
    const hash = await hashed(password);
    if (this.find(email)) {
      return null;
    }
    this.#database.run('INSERT INTO account (email, name, password_hash) VALUES (?, ?, ?)', [email, name, hash]);
    return this.find(email);
  }

  async setPassword(id, password) {
    this.#database.run('UPDATE account SET password_hash = ? WHERE id = ?', [await hashed(password), id]);
    return this.byId(id);
  }

  close() {
    this.#database.close();
  }
}

async function hashed(password) {
  const salt = randomBytes(16);
  return `pbkdf2$sha512$${ROUNDS}$${salt.toString('hex')}$${(await derive(password, salt, ROUNDS, 64, 'sha512')).toString('hex')}`;
}

async function matches(password, stored) {
  const [, digest, rounds, salt, key] = stored.split('$');
  const wanted = Buffer.from(key, 'hex');
  return timingSafeEqual(
    wanted,
    await derive(password, Buffer.from(salt, 'hex'), Number(rounds), wanted.length, digest),
  );
}
