-- The ledger's tables. Times are milliseconds since 1970; `user` is a keyed digest of what the user is
-- known by, so that no e-mail stands here.
PRAGMA user_version = 1;

-- The data keys, each wrapped by a key that is derived from a client secret.
CREATE TABLE keys (
    id      BLOB NOT NULL PRIMARY KEY,
    realm   TEXT NOT NULL,
    salt    BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who has been carried over, and under which version of the password.
CREATE TABLE carried (
    user     BLOB NOT NULL PRIMARY KEY,
    kinde_id TEXT NOT NULL,
    version  BLOB,              -- keyed digest
    salt     BLOB,              -- where the version is the hash made here, its salt
    provided BLOB,              -- keyed digest of the application's own id of the user
    kept     INTEGER NOT NULL,  -- 1: left alone by a policy
    seq      INTEGER NOT NULL   -- when the call that wrote this was accepted, in microseconds
) STRICT, WITHOUT ROWID;

-- What is owed: one row for each user and intent.
CREATE TABLE outbox (
    user     BLOB NOT NULL,
    intent   INTEGER NOT NULL,
    key      BLOB NOT NULL,
    sealed   BLOB NOT NULL,
    seq      INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL,
    lease    INTEGER NOT NULL DEFAULT 0,
    fence    INTEGER NOT NULL DEFAULT 0,
    dead     INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (user, intent)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due) WHERE dead = 0;

-- The access token, sealed: one for all processes.
CREATE TABLE token (
    key     BLOB NOT NULL PRIMARY KEY,
    sealed  BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
