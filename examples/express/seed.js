// `npm run seed [-- N]`: people who had accounts before anybody thought of Kinde.
import { Accounts } from './accounts.js';

const accounts = new Accounts(process.env.LEGACY_DATABASE ?? 'legacy.db');
for (let number = 1; number <= Number(process.argv[2] ?? 3); number++) {
  const [email, password] = [`user${number}@express.example`, `legacy password ${number}`];
  await accounts.add(email, `User ${number}`, password);
  console.log(`${email} ${password}`);
}
accounts.close();
