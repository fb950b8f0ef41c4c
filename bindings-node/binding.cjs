'use strict';
// Finds the native addon: beside this file where it was built from source, else in the package for this platform,
// which npm installs as an optional dependency.

const { version } = require('./package.json');

const BUILT = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-arm64-musl', 'linux-x64-gnu', 'linux-x64-musl'];

// Each name is written out, in a `try` of its own: so bundlers find the addon that is there, and pass over those that
// are not. npm installs the one of this machine's libc only; asking which that is would cost more than trying.
function find(platform, causes) {
  if (platform === 'darwin-arm64') {
    try {
      return require('./kinde-migrate.darwin-arm64.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-darwin-arm64');
    } catch (cause) {
      causes.push(cause);
    }
  }
  if (platform === 'darwin-x64') {
    try {
      return require('./kinde-migrate.darwin-x64.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-darwin-x64');
    } catch (cause) {
      causes.push(cause);
    }
  }
  if (platform === 'linux-arm64') {
    try {
      return require('./kinde-migrate.linux-arm64-gnu.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-linux-arm64-gnu');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('./kinde-migrate.linux-arm64-musl.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-linux-arm64-musl');
    } catch (cause) {
      causes.push(cause);
    }
  }
  if (platform === 'linux-x64') {
    try {
      return require('./kinde-migrate.linux-x64-gnu.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-linux-x64-gnu');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('./kinde-migrate.linux-x64-musl.node');
    } catch (cause) {
      causes.push(cause);
    }
    try {
      return require('kinde-migrate-linux-x64-musl');
    } catch (cause) {
      causes.push(cause);
    }
  }
  return undefined;
}

/** @returns {typeof import('./native')} */
function load(platform) {
  const causes = [];
  const native = find(platform, causes);
  if (native === undefined) {
    throw notFound(platform, causes);
  }
  if (native.VERSION !== version) {
    throw failure(
      `kinde-migrate ${version} has found the native binding of version ${native.VERSION} for ${platform}: remove node_modules and ` +
        'install again, so that both are of one version.',
    );
  }
  return native;
}

function notFound(platform, causes) {
  // Only now, since it takes a while: Node says which libc it runs with.
  const glibc = platform.startsWith('linux')
    ? (process.report.getReport().header.glibcVersionRuntime ?? null)
    : undefined;
  const libc = glibc === undefined ? '' : glibc === null ? '-musl' : '-gnu';
  const name = `kinde-migrate-${platform}${libc}`;
  if (!BUILT.includes(`${platform}${libc}`)) {
    return failure(
      `Cannot find native binding: kinde-migrate is not built for ${platform}${libc}, only for ${BUILT.join(', ')}. ` +
        'Build it from source: `npm ci && npm run build` in bindings-node of its repository.',
    );
  }
  // What was there and could not be loaded says more than what was not there.
  const cause = causes.find((cause) => cause.code !== 'MODULE_NOT_FOUND');
  const where = `Cannot find native binding of kinde-migrate ${version} for ${platform}${libc}`;
  if (cause === undefined) {
    return failure(
      `${where}: the package ${name} is not installed. Install it: \`npm install ${name}@${version}\`. It is an optional ` +
        'dependency, which --no-optional and --omit=optional leave out, and which is missing where package-lock.json or ' +
        'node_modules come from another platform: then remove both and run `npm install` on this one. A bundler has to copy ' +
        'the .node file, or to leave kinde-migrate external.',
      causes[0],
    );
  }
  const old = glibc && /GLIBC_/.test(cause.message);
  return failure(
    `${where}: it could not be loaded: ${cause.message}. ` +
      (old
        ? `It needs glibc 2.17 or later when it comes from ${name}; this system has ${glibc}. Build it on this system: ` +
          '`npm ci && npm run build` in bindings-node of its repository.'
        : `Install it again on this machine: \`npm install --force ${name}@${version}\`.`),
    cause,
  );
}

function failure(message, cause) {
  return Object.assign(new Error(message, { cause }), { code: 'ERR_DLOPEN_FAILED' });
}

module.exports = { BUILT, load };
