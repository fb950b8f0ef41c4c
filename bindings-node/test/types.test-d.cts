// The same for `require`.
import library = require('kinde-migrate');
import express = require('kinde-migrate/express');
import passport = require('kinde-migrate/passport');

const migrator: library.Migrator = new library.Migrator(null);
const outcome: Promise<library.Outcome> = migrator.migrate({ phone: '+61426148233' }, null);
const answer: Promise<library.Outcome | undefined> = express.unbroken(() => outcome, undefined);

export = { answer, wrap: passport.migrating };
