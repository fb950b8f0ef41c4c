// New users by @kinde/management-api-js, the same three calls by hand: node peer_node.mjs URL USERS FOLDER
// (FOLDER: the one that holds node_modules)

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const HASH = '$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue';

const [url, users, folder] = process.argv.slice(2);
const { init, Users } = createRequire(resolve(folder, 'package.json'))('@kinde/management-api-js');
init({ kindeDomain: url, clientId: 'sandbox-client', clientSecret: 'sandbox-secret' });

async function carry(n) {
  const email = `user-${n}@example.org`;
  const page = await Users.getUsers({ email });
  if (page.users?.length) throw new Error('the user is there already');
  const made = await Users.createUser({
    requestBody: {
      profile: { given_name: 'Ada', family_name: 'Lovelace' },
      provided_id: `user-${n}`,
      identities: [{ type: 'email', is_verified: true, details: { email } }],
    },
  });
  await Users.setUserPassword({
    userId: made.id,
    requestBody: { hashed_password: HASH, hashing_method: 'bcrypt' },
  });
}

for (let n = 0; n < 10; n++) await carry(n);
const us = [];
const before = process.cpuUsage();
for (let n = 10; n < 10 + Number(users); n++) {
  const began = performance.now();
  await carry(n);
  us.push(Math.round((performance.now() - began) * 10_000) / 10);
}
const { user, system } = process.cpuUsage(before);
const created = { us, cpu_us: (user + system) / us.length, calls: 3 };
console.log(JSON.stringify({ name: '@kinde/management-api-js', new: created }));
