// One worker of the crowd: signs up new users, one after another.
//
//     node crowd_worker.mjs URL LEDGER NAME SECONDS

import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';

const { Migrator } = createRequire(import.meta.url)('../bindings-node/index.cjs');

const HASH = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';
const [url, ledger, name, seconds] = process.argv.slice(2);
const migrator = new Migrator({
  domain: url,
  client_id: 'sandbox-client',
  client_secret: 'sandbox-secret',
  ledger,
  deadline: 60,
});
const report = { name, calls: 0, outcomes: {}, longest_ms: 0 };
const ends = performance.now() + Number(seconds) * 1000;
for (let n = 1; performance.now() < ends; n++) {
  const began = performance.now();
  const { status, calls } = await migrator.migrate({ email: `${name}-${n}@example.org` }, { hash: HASH });
  report.outcomes[status] = (report.outcomes[status] ?? 0) + 1;
  report.calls += calls;
  report.longest_ms = Math.max(report.longest_ms, Math.round(performance.now() - began));
  // Nobody signs up again and again while Kinde pauses.
  if (status === 'queued') await setTimeout(1000);
}
await migrator.close();
console.log(JSON.stringify(report));
