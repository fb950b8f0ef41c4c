// New users who all sign in at the same moment in one Node process, and some changes of password among them.
//
//     node burst.mjs URL LEDGER COUNT CHANGES [FOLDER OF THE PACKAGE]
//
// COUNT calls, of which CHANGES are changes of password. Prints one line of JSON: the longest sign-in, the longest change (its
// promise goes before the deadline) and others in milliseconds, what became of them, the most threads that the process had,
// and, after the outbox has been delivered, how many of those that were accepted cannot sign in.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [url, ledger, count, changes, folder = new URL('../bindings-node', import.meta.url).pathname] =
  process.argv.slice(2);
const { Migrator } = createRequire(import.meta.url)(resolve(folder));
const DEADLINE = 2;

const migrator = new Migrator({
  domain: url,
  client_id: 'sandbox-client',
  client_secret: 'sandbox-secret',
  ledger,
  deadline: DEADLINE,
});

const email = (n) => `user-${n}@example.org`;
const password = (n) => `password of ${n}`;
const every = changes > 0 ? Math.floor(count / changes) : Infinity;
const changed = (n) => n % every === every - 1;

async function call(n) {
  const began = performance.now();
  const credential = { password: password(n), version: 'v1' };
  const outcome = await (changed(n)
    ? migrator.changePassword({ email: email(n) }, credential)
    : migrator.migrate({ email: email(n) }, credential));
  return { n, ms: performance.now() - began, outcome };
}

/** The ledger, the connections and the token are there, as in a server that has run for a while. */
async function warmUp() {
  for (let n = 0; n < 3; n++) {
    await migrator.migrate({ email: `warm-${n}@example.org` }, { password: 'correct horse', version: 'v1' });
  }
}

function threads() {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

async function signsIn(n) {
  const answer = await fetch(`${url}/sandbox/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: email(n), password: password(n) }),
  });
  return answer.ok && (await answer.json()).ok === true;
}

function counted(calls) {
  const counts = {};
  for (const { outcome } of calls) {
    const what = outcome.reason === null ? outcome.status : `${outcome.status}: ${outcome.reason}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

await warmUp();
let most = threads();
const looking = setInterval(() => (most = Math.max(most, threads())), 5);
const calls = await Promise.all(Array.from({ length: Number(count) }, (_, n) => call(n)));
clearInterval(looking);

for (let rounds = 0; rounds < 60 && (await migrator.status()).owed > 0; rounds++) {
  await migrator.drain({ max: 100_000, deadline: 10 });
}
const accepted = calls.filter(({ outcome }) => outcome.status !== 'skipped');
let missing = 0;
for (const { n } of accepted) {
  missing += (await signsIn(n)) ? 0 : 1;
}
const ms = calls.map((call) => call.ms).sort((a, b) => a - b);
const longest = (calls) => Math.round(Math.max(0, ...calls.map((call) => call.ms)));
const at = (share) => Math.round(ms[Math.min(ms.length - 1, Math.floor(share * ms.length))]);
console.log(
  JSON.stringify({
    name: 'node',
    count: calls.length,
    deadline_ms: DEADLINE * 1000,
    max_ms: longest(calls.filter(({ n }) => !changed(n))),
    changes_max_ms: longest(calls.filter(({ n }) => changed(n))),
    median_ms: at(0.5),
    p99_ms: at(0.99),
    sign_ins: counted(calls.filter(({ n }) => !changed(n))),
    changes: counted(calls.filter(({ n }) => changed(n))),
    threads: most,
    missing,
    left: (await migrator.status()).owed,
  }),
);
await migrator.close();
