-- The ledger's tables. Times are milliseconds: of the host's uptime for leases and waits and for `changed`, since 1970
-- for `created`, `fresh_until` and `expires`. Order is told by numbers out of `turns`, never by a clock.
--
-- Users are known by keyed digests only, so that no e-mail stands here. `address` is a digest of the identity that is
-- looked up in Kinde. `person` is one of the old system's id (`provided_id`) where a call gave one, else it is the address;
-- then `address` is NULL. Two persons who share an address are two rows.
PRAGMA user_version = 3;

-- The data keys, each wrapped by a key that is derived from a client secret.
CREATE TABLE keys (
    id      BLOB NOT NULL PRIMARY KEY,
    realm   TEXT NOT NULL,
    salt    BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    client  BLOB NOT NULL,      -- digest of the client id: another application's keys are no business of ours
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who has been carried over, and under which version of the password.
CREATE TABLE carried (
    person   BLOB NOT NULL PRIMARY KEY,
    address  BLOB,              -- NULL: the same as `person`
    kinde_id ANY NOT NULL,      -- the usual form packed into 16 bytes
    mac      INTEGER NOT NULL,  -- over person, address and kinde_id: no row's id serves for another
    version  BLOB,              -- keyed digest
    salt     BLOB,              -- where the version is the hash made here, its salt
    unproven BLOB,              -- keyed digest of the stored hash that was set, until a typed password has proven it
    kept     INTEGER NOT NULL,  -- 1: left alone by a policy
    seq      INTEGER NOT NULL,  -- the call that wrote this
    shield   INTEGER,           -- after a change of password: sign-ins accepted before this are older
    changed  INTEGER,           -- after a change of password: when
    change   INTEGER            -- the call that changed it last
) STRICT, WITHOUT ROWID;
CREATE INDEX carried_address ON carried (address) WHERE address IS NOT NULL;

CREATE TRIGGER carried_more AFTER INSERT ON carried WHEN NEW.kept = 0
    BEGIN UPDATE turns SET carried = carried + 1, unproven = unproven + (NEW.unproven IS NOT NULL) WHERE address = x''; END;
CREATE TRIGGER carried_less AFTER DELETE ON carried WHEN OLD.kept = 0
    BEGIN UPDATE turns SET carried = carried - 1, unproven = unproven - (OLD.unproven IS NOT NULL) WHERE address = x''; END;
CREATE TRIGGER carried_other AFTER UPDATE OF kept, unproven ON carried
    WHEN NEW.kept <> OLD.kept OR (NEW.unproven IS NULL) <> (OLD.unproven IS NULL)
    BEGIN UPDATE turns SET carried = carried + OLD.kept - NEW.kept,
        unproven = unproven + (NEW.kept = 0 AND NEW.unproven IS NOT NULL) - (OLD.kept = 0 AND OLD.unproven IS NOT NULL)
        WHERE address = x''; END;

-- Creates that may have been sent, where users who are in Kinde already are kept: who is found after one is the application's own.
CREATE TABLE begun (address BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

-- What is owed: one row for each person and intent.
CREATE TABLE outbox (
    person   BLOB NOT NULL,
    intent   INTEGER NOT NULL,
    address  BLOB,              -- NULL: the same as `person`
    key      BLOB NOT NULL,
    tag      BLOB NOT NULL,     -- names the person to whoever knows the client id, under whatever secret this was sealed
    sealed   BLOB NOT NULL,
    seq      INTEGER NOT NULL,
    shield   INTEGER,           -- as in `carried`
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL,
    lease    INTEGER NOT NULL DEFAULT 0,
    fence    INTEGER NOT NULL DEFAULT 0,
    dead     INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (person, intent)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_address ON outbox (address) WHERE address IS NOT NULL;
CREATE INDEX outbox_due ON outbox (key, due) WHERE dead = 0;
CREATE INDEX outbox_lease ON outbox (key, lease) WHERE lease > 0;
CREATE INDEX outbox_dead ON outbox (seq) WHERE dead = 1;

-- Whose turn it is with an address: one call or delivery at a time. The row of no address counts: `owner` is the number of the
-- last call that was accepted, `carried` how many have been carried over, and `unproven` how many of them by a stored hash
-- that nobody has proven (counting millions takes seconds). It is here since each call writes both: one page, not two.
CREATE TABLE turns (
    address  BLOB NOT NULL PRIMARY KEY,
    owner    INTEGER NOT NULL,  -- a random number of the call's or the delivery's
    until    INTEGER NOT NULL,  -- a lease: who is killed keeps nobody waiting for long
    carried  INTEGER,
    unproven INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO turns (address, owner, until, carried, unproven) VALUES (x'', 0, 0, 0, 0);

-- How Kinde does, as all processes see it.
CREATE TABLE health (
    key         BLOB NOT NULL PRIMARY KEY,
    failures    INTEGER NOT NULL,   -- in a row
    opened      INTEGER NOT NULL,   -- how often in a row it was found down
    open_until  INTEGER NOT NULL,
    probe_until INTEGER NOT NULL,
    answered    INTEGER NOT NULL,   -- when it last answered well, give or take some seconds
    answered_for INTEGER NOT NULL,  -- for whom: part of the address's digest
    error       INTEGER NOT NULL    -- the code of what went wrong since; 0: nothing
) STRICT, WITHOUT ROWID;

-- What Kinde refuses until somebody mends it: a client secret, a scope.
CREATE TABLE holdoffs (
    key         BLOB NOT NULL,
    what        BLOB NOT NULL,      -- keyed digest
    failures    INTEGER NOT NULL,   -- refusals in a row
    refused_at  INTEGER NOT NULL,
    until       INTEGER NOT NULL,   -- nobody asks before it
    probe_until INTEGER NOT NULL,   -- somebody asks: a lease
    PRIMARY KEY (key, what)
) STRICT, WITHOUT ROWID;

-- What has been learnt of Kinde's limits, and which call goes when.
CREATE TABLE pace (
    key   BLOB NOT NULL PRIMARY KEY,
    state BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Calls in flight, by process.
CREATE TABLE callers (
    key       BLOB NOT NULL,
    id        INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    until     INTEGER NOT NULL,     -- a lease: those of a killed process are no more
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;

-- The access token, sealed: one for all processes, fetched by one of them.
CREATE TABLE token (
    key         BLOB NOT NULL PRIMARY KEY,
    serial      INTEGER NOT NULL,       -- a later token has a larger one
    sealed      BLOB,                   -- none after Kinde has refused it
    fresh_until INTEGER NOT NULL,       -- replaced from then on
    expires     INTEGER NOT NULL,       -- not used from then on
    fetcher     INTEGER NOT NULL,       -- who fetches the next one
    fetch_until INTEGER NOT NULL        -- a lease: who is killed keeps nobody waiting for long
) STRICT, WITHOUT ROWID;

-- Access tokens fetched in each month, which Kinde meters.
CREATE TABLE tokens_used (
    month INTEGER NOT NULL,     -- months since 1970
    key   BLOB NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (month, key)
) STRICT, WITHOUT ROWID;
