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
  process.once(signal, () => {
    server.close(async () => {
      await migrator?.close(); // kinde-migrate
      accounts.close();
    });
    server.closeAllConnections();
  });
}
