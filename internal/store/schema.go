package store

import (
	"database/sql/driver"
	"fmt"
)

// The migrations of each kind of database, oldest first: the first makes schema 1.
// A migration that has been released is never changed; add one at the end.
//
// Times are nanoseconds since 1970 UTC, NULL for none. Columns named payload,
// detail, head and body are sealed (seal.go); only what a query filters or sorts
// by stands beside them in plain.

func controlMigrations() []string {
	return []string{`
CREATE TABLE resources (
	key     TEXT NOT NULL PRIMARY KEY, -- lower-case id
	id      TEXT NOT NULL,             -- as its creator spelled it
	type    TEXT NOT NULL,             -- likewise
	typekey TEXT NOT NULL,             -- lower-case type
	parent  TEXT NOT NULL,             -- lower-case id, '' at the top
	etag    TEXT NOT NULL,
	state   TEXT NOT NULL,
	created INTEGER,
	changed INTEGER,
	body    BLOB NOT NULL
);
CREATE INDEX resources_type ON resources (typekey, key);
CREATE INDEX resources_parent ON resources (parent, key);
CREATE TABLE operations (
	id       TEXT NOT NULL PRIMARY KEY,
	resource TEXT NOT NULL,
	kind     TEXT NOT NULL,
	status   TEXT NOT NULL,
	started  INTEGER,
	ended    INTEGER,
	payload  BLOB NOT NULL
);
CREATE INDEX operations_resource ON operations (resource, started);
CREATE INDEX operations_ended ON operations (ended) WHERE ended IS NOT NULL;
CREATE TABLE settings (
	name    TEXT NOT NULL PRIMARY KEY,
	payload BLOB NOT NULL
);
` + taskTable, `
CREATE TABLE activity (
	seq       INTEGER PRIMARY KEY, -- order of appending
	id        TEXT NOT NULL,
	operation TEXT NOT NULL,       -- that it began, '' if none
	at        INTEGER NOT NULL,
	payload   BLOB NOT NULL
);
CREATE INDEX activity_operation ON activity (operation) WHERE operation <> '';
`}
}

func environmentMigrations() []string {
	return []string{`
CREATE TABLE runs (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	workflow TEXT NOT NULL,
	version  TEXT NOT NULL,
	trigger  TEXT NOT NULL,
	status   TEXT NOT NULL,
	code     TEXT NOT NULL,
	started  INTEGER,
	ended    INTEGER,
	wake     INTEGER,
	tracking TEXT,             -- client tracking id, NULL if it is the name
	revision INTEGER NOT NULL,
	owner    TEXT NOT NULL,
	epoch    INTEGER NOT NULL,
	detail   BLOB,             -- error
	head     BLOB NOT NULL
);
CREATE INDEX runs_workflow ON runs (workflow, name, status, started);
CREATE INDEX runs_tracking ON runs (tracking) WHERE tracking IS NOT NULL;
CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL;
CREATE INDEX runs_open ON runs (workflow, epoch) WHERE ended IS NULL;
CREATE TABLE records (
	seq     INTEGER PRIMARY KEY, -- order of appending
	run     INTEGER NOT NULL,    -- runs.id
	scope   TEXT NOT NULL,
	payload BLOB NOT NULL
);
CREATE INDEX records_scope ON records (run, scope);
CREATE TABLE histories (
	id        INTEGER PRIMARY KEY,
	workflow  TEXT NOT NULL,
	trigger   TEXT NOT NULL,
	name      TEXT NOT NULL,
	status    TEXT NOT NULL,
	code      TEXT NOT NULL,
	fired     INTEGER NOT NULL,
	run       TEXT NOT NULL,
	started   INTEGER,
	ended     INTEGER,
	scheduled INTEGER,
	payload   BLOB NOT NULL,
	UNIQUE (workflow, trigger, name)
);
CREATE TABLE contents (
	run     TEXT NOT NULL,
	id      TEXT NOT NULL,
	file    TEXT NOT NULL UNIQUE,
	size    INTEGER NOT NULL,
	PRIMARY KEY (run, id)
) WITHOUT ROWID;
` + taskTable, `
ALTER TABLE runs ADD COLUMN waited INTEGER; -- when its wait for its turn ended, 0 while it waits, NULL if it never did
DROP INDEX runs_open;
CREATE INDEX runs_open ON runs (workflow, epoch, trigger, waited) WHERE ended IS NULL;
`, `
CREATE TABLE messages (
	number   INTEGER PRIMARY KEY AUTOINCREMENT,
	batch    TEXT NOT NULL,    -- where it waits
	key      TEXT NOT NULL UNIQUE,
	sender   TEXT NOT NULL,
	size     INTEGER NOT NULL, -- bytes, as the sender counts
	accepted INTEGER NOT NULL,
	released INTEGER NOT NULL, -- 1: in a batch that was released; what is left only tells that it was
	payload  BLOB NOT NULL
);
CREATE INDEX messages_waiting ON messages (batch, size) WHERE released = 0;
CREATE INDEX messages_released ON messages (released) WHERE released = 1;
`, `
CREATE TABLE batches (
	batch TEXT NOT NULL PRIMARY KEY,
	count INTEGER NOT NULL, -- messages that wait
	size  INTEGER NOT NULL  -- theirs together
) WITHOUT ROWID;
INSERT INTO batches SELECT batch, count(*), sum(size) FROM messages WHERE released = 0 GROUP BY batch;
CREATE TRIGGER messages_came AFTER INSERT ON messages WHEN new.released = 0 BEGIN
	INSERT INTO batches VALUES (new.batch, 1, new.size) ON CONFLICT (batch) DO UPDATE SET count = count + 1, size = size + excluded.size;
END;
CREATE TRIGGER messages_went AFTER UPDATE OF released ON messages WHEN old.released = 0 AND new.released = 1 BEGIN
	UPDATE batches SET count = count - 1, size = size - old.size WHERE batch = old.batch;
	DELETE FROM batches WHERE batch = old.batch AND count = 0;
END;
CREATE TRIGGER messages_dropped AFTER DELETE ON messages WHEN old.released = 0 BEGIN
	UPDATE batches SET count = count - 1, size = size - old.size WHERE batch = old.batch;
	DELETE FROM batches WHERE batch = old.batch AND count = 0;
END;
DROP INDEX messages_waiting;
CREATE INDEX messages_waiting ON messages (batch) WHERE released = 0;
DROP INDEX messages_released;
CREATE INDEX messages_released ON messages (sender) WHERE released = 1;
`, `
ALTER TABLE runs ADD COLUMN error INTEGER;    -- blind token of the error's code, NULL for none
ALTER TABLE runs ADD COLUMN finished INTEGER; -- counts the runs in the order in which they ended, NULL while it is open
UPDATE runs SET finished = id WHERE ended IS NOT NULL;
-- Lists are read by equality on what is before started, newest first (list.go).
DROP INDEX runs_workflow;
DROP INDEX runs_tracking;
CREATE INDEX runs_workflow ON runs (workflow, trigger, status, started);
CREATE INDEX runs_status ON runs (status, started);
CREATE INDEX runs_error ON runs (error, status, started) WHERE error IS NOT NULL;
CREATE INDEX runs_failed ON runs (workflow, error, status, started) WHERE error IS NOT NULL;
CREATE INDEX runs_tracking ON runs (tracking COLLATE NOCASE, status, started, workflow, error) WHERE tracking IS NOT NULL;
CREATE INDEX runs_finished ON runs (finished) WHERE finished IS NOT NULL;
CREATE INDEX histories_started ON histories (workflow, trigger, status, started);
CREATE TABLE purged (  -- deleted runs that the index of words may still hold
	number  INTEGER PRIMARY KEY AUTOINCREMENT,
	run     INTEGER NOT NULL, -- what was runs.id
	started INTEGER
);
CREATE TABLE lookup (
	only INTEGER PRIMARY KEY CHECK (only = 1),
	key  BLOB NOT NULL  -- sealed: of the blind tokens and of the index of words
);
`, `
ALTER TABLE runs ADD COLUMN resting INTEGER; -- 1: it waits for its wake or a callback only; else NULL
CREATE INDEX runs_working ON runs (name) WHERE ended IS NULL AND resting IS NULL;
`, `
CREATE TABLE traffic ( -- what flows workflows made, many to a row
	id      INTEGER PRIMARY KEY,
	day     INTEGER NOT NULL, -- days since 1970 UTC
	part    INTEGER NOT NULL, -- counts the rows of a day
	flows   INTEGER NOT NULL, -- how many are in the payload
	payload BLOB NOT NULL,
	UNIQUE (day, part)
);
`}
}

const taskTable = `
CREATE TABLE tasks (
	key      TEXT NOT NULL PRIMARY KEY,
	kind     TEXT NOT NULL,
	due      INTEGER NOT NULL,
	attempt  INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	lease    INTEGER,          -- the claim ends then; NULL if nobody holds it
	owner    TEXT NOT NULL,
	epoch    INTEGER NOT NULL,
	payload  BLOB NOT NULL
);
CREATE INDEX tasks_due ON tasks (due);
`

// base is what every database holds before its first migration.
const base = `
CREATE TABLE IF NOT EXISTS schema (
	only    INTEGER PRIMARY KEY CHECK (only = 1),
	kind    TEXT NOT NULL,
	version INTEGER NOT NULL,
	epoch   INTEGER NOT NULL  -- how often it was opened for writing
);
CREATE TABLE IF NOT EXISTS keys (
	id      INTEGER PRIMARY KEY,
	wrapped BLOB NOT NULL
);
`

// settings that must stand before the first table, then those of each connection.
const (
	pragmasOfFile   = `PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;`
	pragmasOfWriter = `PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000;`
	pragmasOfReader = `PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;`
)

type schemaRow struct {
	kind    string
	version int
	epoch   int64
}

func (c *conn) schema() (schemaRow, error) {
	var row schemaRow
	tables := int64(0)
	if err := c.one(`SELECT count(*) FROM sqlite_master WHERE name = 'schema'`, func(v []driver.Value) error {
		tables = v[0].(int64)
		return nil
	}); err != nil || tables == 0 {
		return row, err
	}
	err := c.one(`SELECT kind, version, epoch FROM schema`, func(v []driver.Value) error {
		row = schemaRow{v[0].(string), int(v[1].(int64)), v[2].(int64)}
		return nil
	})
	if err == ErrNotFound {
		err = nil
	}
	return row, err
}

// check refuses a database of another kind or of a newer build.
func (row schemaRow) check(path, kind string, newest int) error {
	if row.version > newest {
		return &NewerSchemaError{Path: path, Found: row.version, Have: newest}
	}
	if row.kind != "" && row.kind != kind {
		return fmt.Errorf("database %s is of kind %q, not %q", path, row.kind, kind)
	}
	return nil
}

// migrate brings the database to the newest schema and counts this opening. It
// runs inside the caller's transaction.
func (c *conn) migrate(row schemaRow, kind string, migrations []string) (epoch int64, err error) {
	if err := c.script(base); err != nil {
		return 0, err
	}
	for i := row.version; i < len(migrations); i++ {
		if err := c.script(migrations[i]); err != nil {
			return 0, fmt.Errorf("migration %d of %s: %w", i+1, kind, err)
		}
	}
	epoch = row.epoch + 1
	_, err = c.run(`INSERT INTO schema (only, kind, version, epoch) VALUES (1, ?, ?, ?)
		ON CONFLICT (only) DO UPDATE SET version = excluded.version, epoch = excluded.epoch`, kind, int64(len(migrations)), epoch)
	return epoch, err
}
