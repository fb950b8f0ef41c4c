'use strict';

const { unbroken } = require('./express.cjs');

/**
 * Wraps the verify function of passport-local: once it has accepted a password, the user is carried over, and only
 * then is passport told. It goes on whatever happens, after the migrator's deadline at the latest.
 */
function migrating(migrator, verify, describe, { onOutcome, wait = true } = {}) {
  for (const [name, value] of Object.entries({ verify, describe })) {
    if (typeof value !== 'function') {
      throw new TypeError(`${name} is not a function: migrating(migrator, verify, (account) => ({ user, version }))`);
    }
  }
  // (username, password, done), or (request, username, password, done) with passReqToCallback.
  return function verifyAndMigrate(...args) {
    const done = args.pop();
    const password = args.at(-1);
    return verify.call(this, ...args, (error, account, ...info) => {
      if (error || !account) {
        return done(error, account, ...info);
      }
      const carried = unbroken(async () => {
        const described = await describe(account);
        if (!described) {
          return undefined;
        }
        const { user, ...credential } = described;
        const outcome = await migrator.migrate(user, { ...credential, password });
        // Nobody waits for it, so what it throws or rejects with is a warning, too.
        unbroken(() => onOutcome?.(outcome, account));
        return outcome;
      });
      if (!wait) {
        return done(error, account, ...info);
      }
      // Out of the promise: what `done` throws is not a rejection that nobody handles.
      carried.then(() => process.nextTick(done, error, account, ...info));
    });
  };
}

module.exports = { migrating };
