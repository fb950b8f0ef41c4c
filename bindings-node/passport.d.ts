import type { Credential, Migrator, Outcome, User } from './index.js';

/** Who an account is, and what changes when its password does: the stored hash serves as `version`. */
export type Described = Omit<Credential, 'password'> & { user: User; password?: never };

/**
 * Wraps the verify function of passport-local (or of any strategy that calls it with the password and `done` last).
 * Only an accepted password is carried over; the login goes on whatever happens.
 *
 * ```js
 * passport.use(new LocalStrategy(migrating(migrator, verify, (account) => ({
 *   user: { email: account.email, provided_id: String(account.id) },
 *   version: account.password_hash,
 * }))));
 * ```
 */
export declare function migrating<Account, Verify extends (...args: any[]) => unknown>(
  migrator: Pick<Migrator, 'migrate'>,
  verify: Verify,
  /** Nothing: this account is not carried over. */
  describe: (account: Account) => Described | null | undefined | Promise<Described | null | undefined>,
  options?: {
    /** What it throws or rejects with becomes a warning. */
    onOutcome?: (outcome: Outcome, account: Account) => unknown;
    /** `false` tells passport at once and carries over meanwhile. */
    wait?: boolean;
  },
): Verify;
