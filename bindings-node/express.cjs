'use strict';

/**
 * Runs a verb for a handler that must go on whatever happens: what is raised becomes a warning.
 * With a response, the verb begins when that has been sent, and adds nothing to the handler's time.
 */
function unbroken(verb, response) {
  if (response === undefined || response.writableFinished) {
    return run(verb);
  }
  return new Promise((resolve) => {
    // Also emitted where the client went away early: the user has been signed in all the same.
    response.once('close', () => resolve(run(verb)));
  });
}

async function run(verb) {
  try {
    return await verb();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error.message : 'a verb threw something that is no error', {
      type: 'KindeMigrateWarning',
      code: error?.code,
    });
    return undefined;
  }
}

module.exports = { unbroken };
