'use strict';
// Finds the native addon: beside this file where it was built from source, else in the package for this platform,
// which npm installs as an optional dependency.

const NAMES = {
  'darwin-arm64': ['darwin-arm64'],
  'darwin-x64': ['darwin-x64'],
  // npm installs the one of this machine's libc only; asking which that is would cost more than trying.
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
};

/** @returns {typeof import('./native')} */
function load(platform, load = require) {
  const names = NAMES[platform];
  if (names === undefined) {
    throw failure(
      `Cannot find native binding: kinde-migrate is not built for ${platform}, only for ${Object.keys(NAMES).join(', ')}. ` +
        'Build it from source: `npm run build` in bindings-node of its repository.',
    );
  }
  const causes = [];
  for (const name of names) {
    for (const place of [`./kinde-migrate.${name}.node`, `kinde-migrate-${name}`]) {
      try {
        return load(place);
      } catch (cause) {
        causes.push(cause);
      }
    }
  }
  // What was there and could not be loaded says more than what was not there.
  const cause = causes.find((cause) => cause.code !== 'MODULE_NOT_FOUND');
  throw failure(
    `Cannot find native binding of kinde-migrate for ${platform}: ` +
      (cause === undefined
        ? `the package ${names.map((name) => `kinde-migrate-${name}`).join(' or ')} is not installed. It is an optional ` +
          'dependency: npm leaves it out with --omit=optional, and where package-lock.json or node_modules come from another ' +
          'platform. Remove both and run `npm install` on this one; in a container, do not copy node_modules into it.'
        : `it could not be loaded: ${cause.message}. Run \`npm rebuild kinde-migrate\` or install again on this machine.`),
    cause ?? causes[0],
  );
}

function failure(message, cause) {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_FAILED' });
}

module.exports = { load };
