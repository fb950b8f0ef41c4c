'use strict';

const { load } = require('./binding.cjs');

const native = load(`${process.platform}-${process.arch}`);

/** Misuse or misconfiguration. Nothing that Kinde or the network does is raised: that is an outcome. */
class MigratorError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}
// On the prototype, as with Node's own errors, so that it is not shown twice.
Object.defineProperty(MigratorError.prototype, 'name', { value: 'MigratorError', configurable: true, writable: true });

/** A stored hash that no verb would carry over: `code` says why, `reason` and `advice` say it to people. */
class HashNotImportableError extends MigratorError {
  constructor(code, message, { format, reason, advice }, options) {
    super(code, message, options);
    this.format = format;
    this.reason = reason;
    this.advice = advice;
  }
}
Object.defineProperty(HashNotImportableError.prototype, 'name', {
  value: 'HashNotImportableError',
  configurable: true,
  writable: true,
});

/** What the addon throws carries one of the stable codes; what a getter of the caller's throws stays as it is. */
function raised(error) {
  return typeof error?.code === 'string' && /^[a-z][a-z0-9_]+$/.test(error.code)
    ? new MigratorError(error.code, error.message)
    : error;
}

/** What is known of a stored hash. It raises for misuse only. */
function explainHash(stored, options) {
  try {
    return JSON.parse(native.explainHash({ hash: stored }, options));
  } catch (error) {
    throw raised(error);
  }
}

/** The same, but it throws for a hash that no verb would carry over. */
function requireImportable(stored, options) {
  let why;
  try {
    why = native.notImportable({ hash: stored }, options);
  } catch (error) {
    throw raised(error);
  }
  if (why !== null) {
    throw new HashNotImportableError(why.code, why.message, why);
  }
  return explainHash(stored, options);
}

class Migrator {
  #native;
  #waiting = new Map();
  #ticket = 0;
  #closing;

  constructor(settings) {
    const waiting = this.#waiting;
    try {
      // The callback must not hold this object, or neither would ever be collected.
      this.#native = new native.NativeMigrator(settings, (ticket, answer) => {
        const call = waiting.get(ticket);
        waiting.delete(ticket);
        call?.(answer);
      });
    } catch (error) {
      throw raised(error);
    }
  }

  static fromEnv() {
    return new Migrator();
  }

  async migrate(user, credential) {
    return this.#call((ticket) => this.#native.migrate(ticket, user, credential));
  }

  async changePassword(user, credential) {
    return this.#call((ticket) => this.#native.changePassword(ticket, user, credential));
  }

  async requestReset(user) {
    return this.#call((ticket) => this.#native.requestReset(ticket, user));
  }

  async drain({ max = 100, deadline = 5, ...others } = {}) {
    const unknown = Object.keys(others)[0];
    if (unknown !== undefined) {
      throw new MigratorError('argument_type', `drain has no option ${unknown}; there are max, deadline`);
    }
    if (!Number.isInteger(max) || max < 0 || max > 0xffffffff) {
      throw new MigratorError('argument_type', 'max is not a whole number, zero or more');
    }
    if (typeof deadline !== 'number') {
      throw new MigratorError('argument_type', 'deadline is not a number of seconds, zero or more');
    }
    return this.#call((ticket) => this.#native.drain(ticket, max, deadline));
  }

  async status() {
    return this.#call((ticket) => this.#native.status(ticket));
  }

  /** Waits for what is under way, which has its deadlines, and lets go of connections and ledger. */
  close() {
    this.#closing ??= Promise.allSettled([...this.#waiting.values()].map((call) => call.ended)).then(() => {
      this.#native.close();
    });
    return this.#closing;
  }

  #call(ask) {
    if (this.#closing !== undefined) {
      throw new MigratorError('closed', 'the migrator has been closed');
    }
    this.#ticket = this.#ticket === 0xffffffff ? 1 : this.#ticket + 1;
    const ticket = this.#ticket;
    let answer;
    try {
      answer = ask(ticket);
    } catch (error) {
      throw raised(error);
    }
    this.#warn();
    return answer ?? this.#wait(ticket);
  }

  #wait(ticket) {
    let call;
    const ended = new Promise((resolve, reject) => {
      call = (answer) => {
        this.#warn();
        if (answer === undefined) {
          reject(
            new MigratorError(
              'internal',
              'a defect of kinde-migrate was caught; please report it with the lines on stderr',
            ),
          );
        } else {
          resolve(answer);
        }
      };
    });
    call.ended = ended;
    this.#waiting.set(ticket, call);
    return ended;
  }

  #warn() {
    for (const { code, message } of this.#native.notices() ?? []) {
      process.emitWarning(message, { type: 'KindeMigrateWarning', code });
    }
  }
}

// Node 20 before 20.4 has no such symbol.
if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(Migrator.prototype, Symbol.asyncDispose, {
    value: Migrator.prototype.close,
    configurable: true,
    writable: true,
  });
}

module.exports = { Migrator, MigratorError, HashNotImportableError, explainHash, requireImportable };
