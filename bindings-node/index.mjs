// One and the same class for `import` and `require`.
import library from './index.cjs';

export const { Migrator, MigratorError } = library;
