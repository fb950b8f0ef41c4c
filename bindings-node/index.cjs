'use strict';

const { load } = require('./binding.cjs');
const { allHaveCalled, beginAll, called, warn, yetToCall } = require('./deferred.cjs');
const { atExit, hold, release } = require('./exit.cjs');

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
  return !(error instanceof MigratorError) && typeof error?.code === 'string' && /^[a-z][a-z0-9_]+$/.test(error.code)
    ? new MigratorError(error.code, error.message)
    : error;
}

/** The options of `what`, of which these are known. */
function options(what, given, known) {
  if (given !== null && typeof given !== 'object') {
    throw new MigratorError('argument_type', `the options of ${what} are no object such as { ${known.join(', ')} }`);
  }
  const unknown = Object.keys(given ?? {}).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new MigratorError('argument_type', `${what} has no option ${unknown}; there are ${known.join(', ')}`);
  }
  return given ?? {};
}

/** The migrators that have calls under way. */
const busy = new Set();
/** Seconds that a process which exits waits for its calls to be recorded. */
const RECORDED_WITHIN = 2;

// `process.exit` while calls are under way: nothing waits for Kinde any more, and all of it goes to the outbox.
atExit(() => {
  busy.forEach((migrator) => migrator.interrupt());
  busy.forEach((migrator) => migrator.wait(RECORDED_WITHIN));
});

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
  #open = true;
  #closing;
  #timers = [];
  #wasCut;

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

  migrate(user, credential) {
    return this.#verb((ticket) => this.#native.migrate(ticket, user, credential));
  }

  changePassword(user, credential) {
    return this.#verb((ticket) => this.#native.changePassword(ticket, user, credential));
  }

  requestReset(user) {
    return this.#verb((ticket) => this.#native.requestReset(ticket, user));
  }

  drain(given) {
    return this.#call((ticket) => {
      const { max = 100, deadline = 5 } = options('drain', given ?? null, ['max', 'deadline']);
      if (!Number.isInteger(max) || max < 0 || max > 0xffffffff) {
        throw new MigratorError('argument_type', 'max is not a whole number, zero or more');
      }
      if (typeof deadline !== 'number') {
        throw new MigratorError('argument_type', 'deadline is not a number of seconds, zero or more');
      }
      return this.#native.drain(ticket, max, deadline);
    });
  }

  status() {
    return this.#call((ticket) => this.#native.status(ticket));
  }

  /** Waits for what is under way, has the rest recorded, and lets go of connections and ledger. */
  close(given) {
    let timeout;
    try {
      ({ timeout = 5 } = options('close', given ?? null, ['timeout']));
      if (typeof timeout !== 'number' || !(timeout >= 0)) {
        throw new MigratorError('argument_type', 'timeout is not a number of seconds, zero or more');
      }
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closing ??= this.#close();
    if (this.#timers !== undefined) {
      this.#timers.push(setTimeout(() => this.#cut(), Math.min(timeout * 1000, 0x7fffffff)));
    }
    return this.#closing;
  }

  async #close() {
    const cut = new Promise((resolve) => (this.#wasCut = resolve));
    beginAll();
    // What `unbroken` has begun may have something to ask of its database first, and is let in until then.
    if (yetToCall().length > 0) {
      await allHaveCalled(cut);
    }
    this.#open = false;
    await Promise.allSettled([...this.#waiting.values()].map((call) => call.ended));
    this.#timers.forEach(clearTimeout);
    this.#timers = undefined;
    this.#warn();
    const used = this.#ticket > 0;
    const ticket = this.#next();
    try {
      return this.#native.close(ticket, used) ?? this.#wait(ticket);
    } catch (error) {
      throw raised(error);
    }
  }

  /** The time is over: nothing more is let in, and what is under way goes to the outbox. */
  #cut() {
    this.#open = false;
    this.#wasCut();
    this.#native.interrupt();
  }

  #verb(ask) {
    called();
    return this.#call(ask, this.#open);
  }

  #call(ask, open = this.#closing === undefined) {
    try {
      if (!open) {
        throw new MigratorError('closed', 'the migrator has been closed');
      }
      const ticket = this.#next();
      const answer = ask(ticket);
      this.#warn();
      return answer ? Promise.resolve(answer) : this.#wait(ticket);
    } catch (error) {
      return Promise.reject(raised(error));
    }
  }

  #next() {
    this.#ticket = this.#ticket === 0xffffffff ? 1 : this.#ticket + 1;
    return this.#ticket;
  }

  #wait(ticket) {
    let call;
    const ended = new Promise((resolve, reject) => {
      call = (answer) => {
        if (this.#waiting.size === 0) {
          busy.delete(this.#native);
          release(this.#native);
        }
        this.#warn();
        if (answer !== undefined) {
          resolve(answer);
          return;
        }
        const message = 'a defect of kinde-migrate was caught; please report it with the lines on stderr';
        const defect = new MigratorError('internal', message);
        // Whoever does not look at the promise is not to end by a defect of ours.
        ended.catch(warn);
        reject(defect);
      };
    });
    call.ended = ended;
    this.#waiting.set(ticket, call);
    busy.add(this.#native);
    hold(this.#native);
    return ended;
  }

  #warn() {
    try {
      for (const { code, message } of this.#native.notices() ?? []) {
        process.emitWarning(message, { type: 'KindeMigrateWarning', code });
      }
    } catch (error) {
      warn(error);
    }
  }
}

// Node 20 before 20.4 has no such symbol.
if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(Migrator.prototype, Symbol.asyncDispose, {
    async value() {
      await this.close();
    },
    configurable: true,
    writable: true,
  });
}

module.exports = { Migrator, MigratorError, HashNotImportableError, explainHash, requireImportable };
