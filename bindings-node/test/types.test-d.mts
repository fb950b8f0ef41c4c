// Compiled by `npm run types`, never run: what TypeScript accepts, and what it does not.
import {
  HashNotImportableError,
  Migrator,
  MigratorError,
  explainHash,
  requireImportable,
  type Code,
  type Credential,
  type Explanation,
  type Outcome,
  type Status,
  type User,
} from 'kinde-migrate';
import { unbroken } from 'kinde-migrate/express';
import { migrating } from 'kinde-migrate/passport';
import type * as native from '../native.js';

const migrator = new Migrator({
  domain: 'team.kinde.com',
  client_id: 'x',
  clientSecret: 'y',
  deadline: 1.5,
  on_existing: 'keep',
});
const fromEnvironment: Migrator = Migrator.fromEnv();
const user: User = { email: 'ann@example.com', given_name: null, providedId: '7', email_verified: true };
const credential: Credential = { password: new Uint8Array(), version: 'v', extra: { salt: 'x' } };

const outcome: Outcome = await migrator.migrate(user, credential);
const status: Status = (await migrator.changePassword({ email: Buffer.from('x') }, { hash: 'x', format: 'bcrypt' }))
  .status;
const id: string | null = (await migrator.requestReset({ username: 'ann' })).kinde_id;
const left: number = (await migrator.drain({ max: 1, deadline: 0.5 })).left;
const age: number | null = (await migrator.status()).oldest_owed_seconds;
const entries: number = (await migrator.close({ timeout: 1.5 })).left;
await migrator.close();
// @ts-expect-error an option that is not there
await migrator.close({ timeOut: 1 });
await fromEnvironment[Symbol.asyncDispose]();
{
  await using closed = Migrator.fromEnv();
  void closed;
}
const code: Code = new MigratorError('closed', 'the migrator has been closed').code;

// @ts-expect-error a code that is not there
new MigratorError('closd', 'x');
// @ts-expect-error a reason that is not there
void (outcome.reason === 'rate_limted');

const explained: Explanation = explainHash(Buffer.from('x'), { format: 'raw_md5_hex', extra: { salt: 'x' } });
const sure: 'certain' | 'likely' | 'guess' | null = requireImportable('x', { allowGuesses: 'all' }).confidence;
const refused: MigratorError = new HashNotImportableError('hash_not_importable', 'no', {
  format: explained.format,
  reason: 'no',
  advice: 'no',
});
const advice: string | undefined = refused instanceof HashNotImportableError ? refused.advice : undefined;
// @ts-expect-error an option that is not there
explainHash('x', { fromat: 'bcrypt' });
// @ts-expect-error a hash is needed
explainHash({ hash: 'x' });

// @ts-expect-error a bare string could be either
await migrator.migrate(user, 'correct horse');
// @ts-expect-error a field that is not there
await migrator.migrate({ emial: 'x' });
// @ts-expect-error a setting that is not there
new Migrator({ domian: 'x' });
// @ts-expect-error a number is no text
await migrator.migrate({ email: 7 });
await migrator.migrate({ provided_id: 7, email_verified: 1 }, { hash: 'x', extra: { iterations: 25000 } });
await migrator.migrate({ providedId: 2n ** 70n }, { version: 3 });
// @ts-expect-error change of a password without one
await migrator.changePassword(user);
// @ts-expect-error a status that is not there
const wrong: Status = 'done';

const answer: Outcome | undefined = await unbroken(() => migrator.migrate(user));
const fields: string[] = outcome.notices.map(({ field }) => field);
declare const response: import('node:http').ServerResponse;
const after: Outcome | undefined = await unbroken(() => migrator.migrate(user), response);

interface Account {
  email: string;
  password_hash: string;
}
const verify = (email: string, password: string, done: (error: unknown, account?: Account | false) => void) =>
  done(null, false);
const wrapped: typeof verify = migrating(migrator, verify, (account: Account) => ({
  user: { email: account.email },
  version: account.password_hash,
}));
// @ts-expect-error the password is passport's
migrating(migrator, verify, (account: Account) => ({ user: {}, password: 'x' }));

// What is written by hand is what the addon's own types say.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const outcomes: Same<Outcome, native.Outcome> = true;
const drained: Same<Awaited<ReturnType<Migrator['drain']>>, native.Drained> = true;
const statuses: Same<Awaited<ReturnType<Migrator['status']>>, native.LedgerStatus> = true;

export {
  advice,
  after,
  age,
  answer,
  entries,
  fields,
  code,
  drained,
  id,
  left,
  outcome,
  outcomes,
  status,
  statuses,
  sure,
  wrapped,
  wrong,
};
