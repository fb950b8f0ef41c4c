import type { Outcome } from './index.js';

/**
 * Runs a verb for a handler that must go on whatever happens: what is raised becomes a warning, and the answer
 * `undefined`. With Express's (or Node's) response, the verb begins when that has been sent.
 *
 * ```js
 * unbroken(() => migrator.changePassword({ email }, { password, version }), res);
 * ```
 */
export declare function unbroken(
  verb: () => Promise<Outcome>,
  response?: { readonly writableFinished: boolean; once(event: 'close', listener: () => void): unknown },
): Promise<Outcome | undefined>;
