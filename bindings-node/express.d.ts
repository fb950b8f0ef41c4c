import type { Outcome } from './index.js';

/**
 * Runs a verb for a handler that must go on whatever happens: what is raised becomes a warning, and the answer `undefined`.
 * The promise never rejects, so nobody has to look at it.
 *
 * With a response (Express's or Node's own, Fastify's reply, Koa's context, hapi's request, Hono's context) the verb begins when that has been sent,
 * when the client has gone, after 5 seconds, or when a migrator is closed, whichever comes first, and exactly once. With
 * anything else it begins at once.
 *
 * ```js
 * unbroken(() => migrator.changePassword({ email }, { password, version }), res);
 * ```
 */
export declare function unbroken<Answer = Outcome>(
  verb: () => Answer | PromiseLike<Answer>,
  response?: object | null,
): Promise<Answer | undefined>;
