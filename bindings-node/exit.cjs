'use strict';
// What is done when the process (or the worker thread) exits: something for as long as something is held, and no longer, so
// that a module that is loaded many times leaves no listeners behind.

const steps = [];
const held = new Set();

function exiting() {
  steps.forEach((step) => step());
}

/** In the order in which they were given. */
function atExit(step) {
  steps.push(step);
}

function hold(what) {
  if (held.size === 0) {
    process.on('exit', exiting);
  }
  held.add(what);
}

function release(what) {
  if (held.delete(what) && held.size === 0) {
    process.removeListener('exit', exiting);
  }
}

module.exports = { atExit, hold, release };
