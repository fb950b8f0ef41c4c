// One and the same for `import` and `require`.
import library from './index.cjs';

export const { Migrator, MigratorError, HashNotImportableError, explainHash, requireImportable } = library;
