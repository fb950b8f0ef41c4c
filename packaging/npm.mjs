// Makes the npm packages out of what was built: `npm run artifacts` in bindings-node, and `make packages`.
//
// An addon or a command lies in a folder of its target's name (build/packages/binaries/linux-x64-gnu/) and becomes a
// package for that platform, which has no code and no script. The main packages name those that were made as optional
// dependencies, in their own version. A release sets KINDE_MIGRATE_ALL=1, and then none of the platforms may be missing.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OUT = join(ROOT, 'build/packages');
const BINARIES = join(OUT, 'binaries');
const STAGE = join(ROOT, 'build/npm');
const require = createRequire(import.meta.url);
const { BUILT } = require('../bindings-node/binding.cjs');
const library = require('../bindings-node/package.json');
const { version, license, homepage, repository, bugs, engines, keywords } = library;
const publishConfig = { access: 'public', provenance: true };

const FAMILIES = [
  {
    name: 'kinde-migrate',
    file: 'kinde-migrate.node',
    what: 'The native half of kinde-migrate',
    fields: { main: './kinde-migrate.node' },
    main: () => {
      const { scripts, devDependencies, overrides, napi, ...published } = library;
      return { from: join(ROOT, 'bindings-node'), manifest: published };
    },
  },
  {
    name: 'kinde-migrate-cli',
    file: 'bin/kinde-migrate',
    what: 'The command of kinde-migrate',
    fields: {},
    main: () => ({
      from: join(ROOT, 'packaging/npm-cli'),
      readme: join(ROOT, 'cli/README.md'),
      manifest: {
        name: 'kinde-migrate-cli',
        version,
        description: 'The command of kinde-migrate: a local Kinde, the delivery of the outbox, status, imports',
        license,
        homepage,
        repository: { ...repository, directory: 'cli' },
        bugs,
        keywords,
        type: 'commonjs',
        engines,
        bin: {
          'kinde-migrate': 'bin/kinde-migrate.cjs',
          'kinde-migrate-cli': 'bin/kinde-migrate.cjs',
        },
        files: ['bin', 'LICENSE-*'],
      },
    }),
  },
];

/** What npm is told of a platform: it installs the package on that one only. */
function platform(target) {
  const [os, cpu, libc] = target.split('-');
  return {
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' && { libc: [libc === 'gnu' ? 'glibc' : libc] }),
  };
}

function write(folder, manifest, readme) {
  for (const text of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    cpSync(join(ROOT, text), join(folder, text));
  }
  if (readme !== undefined) {
    writeFileSync(join(folder, 'README.md'), readme);
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, publishConfig }, null, 2)}\n`);
}

/** Packs a folder, and says what it weighs. */
function pack(folder) {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', OUT], {
      cwd: folder,
      encoding: 'utf8',
    }),
  );
  console.log(`${packed.filename}: ${packed.size} bytes, ${packed.unpackedSize} unpacked, ${packed.entryCount} files`);
}

function platformPackage({ name, file, what, fields }, target) {
  const folder = join(STAGE, `${name}-${target}`);
  const place = join(folder, file);
  mkdirSync(dirname(place), { recursive: true });
  cpSync(join(BINARIES, target, file), place);
  // npm keeps who may execute what.
  chmodSync(place, 0o755);
  const manifest = {
    name: `${name}-${target}`,
    version,
    description: `${what} for ${target}`,
    license,
    homepage,
    repository,
    bugs,
    engines,
    ...platform(target),
    ...fields,
    files: [file, 'LICENSE-*'],
  };
  write(
    folder,
    manifest,
    `# ${name}-${target}\n\n${what} for ${target}: [${name}](${homepage}) installs it by itself.\n`,
  );
  pack(folder);
}

function mainPackage({ name, main }, targets) {
  const folder = join(STAGE, name);
  const { from, readme, manifest } = main();
  const left = new Set(['node_modules', 'test', 'src', 'package.json']);
  cpSync(from, folder, {
    recursive: true,
    filter: (file) => !left.has(file.slice(from.length + 1)) && !file.endsWith('.node'),
  });
  const optionalDependencies = Object.fromEntries(targets.map((target) => [`${name}-${target}`, version]));
  write(folder, { ...manifest, optionalDependencies }, readme && readFileSync(readme));
  pack(folder);
}

rmSync(STAGE, { recursive: true, force: true });
for (const old of existsSync(OUT) ? readdirSync(OUT).filter((file) => file.endsWith('.tgz')) : []) {
  rmSync(join(OUT, old));
}
for (const family of FAMILIES) {
  const targets = BUILT.filter((target) => existsSync(join(BINARIES, target, family.file)));
  const missing = BUILT.filter((target) => !targets.includes(target));
  if (targets.length === 0 || (process.env.KINDE_MIGRATE_ALL && missing.length > 0)) {
    console.error(`there is no ${family.file} for ${missing.join(', ')} in ${BINARIES}`);
    process.exit(1);
  }
  targets.forEach((target) => platformPackage(family, target));
  mainPackage(family, targets);
}
