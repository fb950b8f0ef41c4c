'use strict';

const { run, afterwards, warn } = require('./deferred.cjs');

/**
 * Runs a verb for a handler that must go on whatever happens: what is raised becomes a warning.
 * With a response, the verb begins when that has been sent or its client has gone, and adds nothing to the handler's time.
 */
function unbroken(verb, reply) {
  let response;
  try {
    response = responseOf(reply);
    if (response !== undefined) {
      return afterwards(verb, response);
    }
  } catch (error) {
    // An object that cannot be asked.
    warn(error);
  }
  return run(verb);
}

/**
 * Node's response, of what a framework hands to a handler: Express's and Node's own, Fastify's reply (`raw`), Koa's
 * context (`res`), hapi's request (`raw.res`), Hono's context on Node (`env.outgoing`). Undefined where there is none,
 * as with the web's `Response`.
 */
function responseOf(reply) {
  if (reply === null || typeof reply !== 'object') {
    return undefined;
  }
  const raw = own(reply, 'raw');
  const candidates = [
    reply,
    raw,
    own(raw, 'res'),
    own(reply, 'res'),
    own(own(reply, 'response'), 'res'),
    own(own(reply, 'env'), 'outgoing'),
  ].filter((candidate) => typeof candidate?.once === 'function');
  return candidates.find((candidate) => 'writableFinished' in candidate || 'writableEnded' in candidate);
}

/** Without calling a getter: some make a response when they are asked for it. */
function own(object, name) {
  return object !== null && typeof object === 'object'
    ? Object.getOwnPropertyDescriptor(object, name)?.value
    : undefined;
}

module.exports = { unbroken };
