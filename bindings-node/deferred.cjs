'use strict';
// What `unbroken` runs: verbs that wait for a response to be sent, and verbs that have begun. A migrator that closes and a
// process that ends begin what waits.

const { AsyncResource } = require('node:async_hooks');
const { atExit, hold, release } = require('./exit.cjs');

/** A response may take long, and what waits for it is not recorded yet: it is waited for so long at most. */
const LONGEST_MS = 5000;

/** One function each, which begins what waits. */
const waiting = new Set();
/** What has begun and has not ended: `called` once it has called a migrator. */
const running = new Set();
/** The one whose function is being called just now. */
let current;

/** Runs a verb now. The promise never rejects: what is raised becomes a warning. */
function run(verb) {
  const one = { called: false };
  running.add(one);
  one.ended = attempt(verb, one).finally(() => running.delete(one));
  return one.ended;
}

async function attempt(verb, one) {
  const before = current;
  current = one;
  let answer;
  try {
    try {
      answer = verb();
    } finally {
      current = before;
    }
    return await answer;
  } catch (error) {
    warn(error);
    return undefined;
  }
}

/** Says what was raised, whatever that is. */
function warn(error) {
  let [message, code] = ['something was thrown that is no error', undefined];
  try {
    if (error instanceof Error) {
      [message, code] = [String(error.message), error.code === undefined ? undefined : String(error.code)];
    }
  } catch {
    // A getter that throws. The warning is given all the same.
  }
  process.emitWarning(message, { type: 'KindeMigrateWarning', code });
}

/** Runs a verb once the response has been sent or its client has gone; at once, where that is the case already. */
function afterwards(verb, response) {
  if (isOver(response)) {
    return run(verb);
  }
  const inContext = AsyncResource.bind(verb);
  return new Promise((resolve) => {
    const sources = [response, connection(response)].filter((source) => source !== undefined);
    const begin = () => {
      if (waiting.delete(begin)) {
        clearTimeout(latest);
        sources.forEach((source) => unwatch(source, begin));
        release(begin);
        if (waiting.size === 0) {
          process.removeListener('beforeExit', beginAll);
        }
        resolve(run(inContext));
      }
    };
    const latest = setTimeout(begin, LONGEST_MS).unref();
    if (waiting.size === 0) {
      process.on('beforeExit', beginAll);
    }
    waiting.add(begin);
    hold(begin);
    try {
      sources.forEach((source) => watch(source, begin));
    } catch (error) {
      warn(error);
      begin();
    }
  });
}

function isOver(response) {
  const { req, stream, socket } = response;
  return Boolean(
    response.writableFinished ||
    response.destroyed ||
    response.closed ||
    (stream !== undefined && (!stream || stream.destroyed || stream.closed)) ||
    // Of HTTP/2, the socket is nobody's to ask.
    (!stream && (socket?.destroyed || req?.socket?.destroyed)),
  );
}

/** A response that waits behind another one of its connection is not told when that closes. */
function connection(response) {
  const socket = response.stream ? undefined : (response.socket ?? response.req?.socket);
  return typeof socket?.once === 'function' ? socket : undefined;
}

/** What waits for each response and each connection: one listener for all of them. */
const watched = new WeakMap();

function watch(source, begin) {
  let entry = watched.get(source);
  if (entry === undefined) {
    const begins = new Set();
    entry = { begins, all: () => [...begins].forEach((begin) => begin()) };
    watched.set(source, entry);
    source.once('finish', entry.all);
    source.once('close', entry.all);
  }
  entry.begins.add(begin);
}

function unwatch(source, begin) {
  const entry = watched.get(source);
  if (entry?.begins.delete(begin) && entry.begins.size === 0) {
    watched.delete(source);
    source.removeListener?.('finish', entry.all);
    source.removeListener?.('close', entry.all);
  }
}

/** Begins everything that waits for a response. */
function beginAll() {
  [...waiting].forEach((begin) => begin());
}

atExit(beginAll);

/** A migrator's verb has been called. */
function called() {
  if (current !== undefined) {
    current.called = true;
  }
}

/** Waits until whatever has begun has called a migrator or ended. What has not by `latest` is not waited for again. */
async function allHaveCalled(latest) {
  let over = false;
  const ended = latest.then(() => (over = true));
  for (let left = yetToCall(); left.length > 0; left = yetToCall()) {
    await Promise.race([Promise.all(left.map((one) => one.ended)), ended]);
    if (over) {
      yetToCall().forEach((one) => running.delete(one));
    }
  }
}

/** What has begun and may still call a migrator. */
function yetToCall() {
  return [...running].filter((one) => !one.called);
}

module.exports = { run, afterwards, beginAll, called, yetToCall, allHaveCalled, warn };
