// `npm start`: PORT (3000), LEGACY_DATABASE, SESSION_SECRET; Kinde's settings as kinde-migrate reads them.
import { randomBytes } from 'node:crypto';
import { Migrator } from 'kinde-migrate'; // kinde-migrate
import { Accounts } from './accounts.js';
import { application } from './app.js';

const accounts = new Accounts(process.env.LEGACY_DATABASE ?? 'legacy.db');
const migrator = fromEnvironment(); // kinde-migrate
const secret = process.env.SESSION_SECRET ?? randomBytes(32).toString('hex');

const server = application(accounts, migrator, secret).listen(
  Number(process.env.PORT ?? 3000),
  '127.0.0.1',
  (error) => {
    if (error) {
      throw error;
    }
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  },
);

/** Wrong settings are the operator's to mend; nobody is kept out by them. */
function fromEnvironment() {
  try {
    return Migrator.fromEnv();
  } catch (error) {
    console.error(`kinde: ${error.message}`);
    return undefined;
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, leave);
}

/** What is under way is answered, what is to reach Kinde is sent or recorded, and then the process ends by itself. */
function leave() {
  server.close(async () => {
    clearInterval(idle);
    clearTimeout(stuck);
    await migrator?.close({ timeout: 5 }); // kinde-migrate
    accounts.close();
  });
  // A browser keeps its connection for the next request. It is closed when nothing is under way on it, and no sooner:
  // closeAllConnections() would drop sign-ins.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const stuck = setTimeout(() => server.closeAllConnections(), 15_000);
}
