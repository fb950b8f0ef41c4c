// New users, then the same ones again, through the Node binding.
//
//     node node.mjs URL LEDGER USERS PASSES [FOLDER OF THE PACKAGE]
//
// Prints one line of JSON, as every language's program does: the wall time of each in microseconds, the
// processor time of one, the calls of one.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const HASH = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';
const WARM_UP = 30;

const [url, ledger, users, passes, folder = new URL('../bindings-node', import.meta.url).pathname] =
  process.argv.slice(2);
const { Migrator } = createRequire(import.meta.url)(resolve(folder));

class Samples {
  us = [];
  calls = 0;
  cpu = process.cpuUsage();

  report() {
    const { user, system } = process.cpuUsage(this.cpu);
    const count = Math.max(this.us.length, 1);
    return { us: this.us, cpu_us: (user + system) / count, calls: this.calls / count };
  }
}

const migrator = new Migrator({
  domain: url,
  client_id: 'sandbox-client',
  client_secret: 'sandbox-secret',
  ledger,
  deadline: '10',
});

async function carry(samples, n, expected) {
  const began = performance.now();
  const outcome = await migrator.migrate(
    {
      email: `user-${n}@example.org`,
      given_name: 'Ada',
      family_name: 'Lovelace',
      provided_id: `user-${n}`,
      email_verified: true,
    },
    { hash: HASH },
  );
  samples.us.push(Math.round((performance.now() - began) * 10_000) / 10);
  samples.calls += outcome.calls;
  if (outcome.status !== expected) throw new Error(`not ${expected}: ${JSON.stringify(outcome)}`);
}

const last = WARM_UP + Number(users);
const warmUp = new Samples();
for (let n = 0; n < WARM_UP; n++) {
  await carry(warmUp, n, 'created');
  await carry(warmUp, n, 'unchanged');
}
const created = new Samples();
for (let n = WARM_UP; n < last; n++) await carry(created, n, 'created');
const report = { name: 'node', new: created.report() };
const again = new Samples();
for (let pass = 0; pass < Number(passes); pass++) {
  for (let n = WARM_UP; n < last; n++) await carry(again, n, 'unchanged');
}
report.again = again.report();
await migrator.close();
console.log(JSON.stringify(report));
