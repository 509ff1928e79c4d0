/*
 *	run ─┬─ module      which source each name stands for in an attempt
 *	     ├─ step        beginnings, appended
 *	     ├─ step_end    ends, appended: their order is the order in which the script got them
 *	     ├─ unsettled   calls that have begun and not ended; kept by triggers
 *	     ├─ recovered   outcomes that only the audit log had; gone once the step has its end
 *	     └─ approval ── vote
 *	schedule ── firing  what became of each instant; key: the schedule's name and the instant
 *	delivery            what became of each delivery; key: the hook's name and the delivery's id
 *	source              runbooks and modules by their hash
 *	segment             how far the audit log was synced when rows were last committed
 *	store               one row: who this file is and whether it was closed
 *
 * Steps and ends are plain rowid tables with a run's number as key: appending is several times
 * cheaper than to a table that is sorted by a run's id.
 */
#include "store/schema.h"

#include <stdio.h>

enum { APPLICATION_ID = 0x72756e62 /* "runb" */ };

static const char version_1[] =
    "CREATE TABLE store(id TEXT NOT NULL, clean INTEGER NOT NULL);"
    "INSERT INTO store VALUES (lower(hex(randomblob(16))), 1);"

    "CREATE TABLE source(sha256 TEXT PRIMARY KEY, text BLOB NOT NULL);"

    "CREATE TABLE run(num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, attempt INTEGER NOT NULL,"
    " state TEXT NOT NULL, sha256 TEXT, options TEXT, started_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL, wake_ms INTEGER NOT NULL,"
    " waits_for TEXT, deaths INTEGER NOT NULL, outcome TEXT, result TEXT, message TEXT,"
    " traceback TEXT, path TEXT, input TEXT, actor TEXT, reason TEXT, config TEXT, key TEXT,"
    " created_ms INTEGER NOT NULL);"
    "CREATE INDEX run_unfinished ON run(id) WHERE state IN ('queued', 'running', 'waiting');"
    "CREATE INDEX run_ended ON run(ended_ms) WHERE ended_ms > 0;"
    "CREATE INDEX run_source ON run(sha256);"

    "CREATE TABLE module(run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,"
    " attempt INTEGER NOT NULL, name TEXT NOT NULL, path TEXT, sha256 TEXT NOT NULL,"
    " UNIQUE (run, attempt, name));"
    "CREATE INDEX module_source ON module(sha256);"

    "CREATE TABLE step(num INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, attempt INTEGER NOT NULL,"
    " path TEXT NOT NULL, kind TEXT NOT NULL, operation TEXT, args TEXT, args_hash TEXT,"
    " resource TEXT, group_name TEXT, token TEXT, baseline TEXT, begun_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL, segment TEXT,"
    " intent INTEGER NOT NULL, link INTEGER NOT NULL);"
    "CREATE INDEX step_of_run ON step(run);"
    "CREATE INDEX step_call ON step(begun_ms) WHERE kind = 'call';"

    "CREATE TABLE step_end(num INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, attempt INTEGER NOT NULL,"
    " path TEXT NOT NULL, kind TEXT NOT NULL, operation TEXT, args_hash TEXT, args TEXT,"
    " outcome TEXT, answer TEXT, error TEXT, begun_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL, intent INTEGER NOT NULL);"
    "CREATE INDEX step_end_of_run ON step_end(run);"

    "CREATE TABLE unsettled(run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,"
    " attempt INTEGER NOT NULL, path TEXT NOT NULL, step INTEGER NOT NULL,"
    " PRIMARY KEY (run, attempt, path)) WITHOUT ROWID;"
    "CREATE TABLE recovered(run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,"
    " attempt INTEGER NOT NULL, path TEXT NOT NULL, segment TEXT NOT NULL,"
    " intent INTEGER NOT NULL, outcome TEXT NOT NULL, record TEXT NOT NULL,"
    " PRIMARY KEY (run, attempt, path)) WITHOUT ROWID;"
    /* The newest intent of a step stands for it. */
    "CREATE TRIGGER call_begins AFTER INSERT ON step WHEN NEW.kind = 'call' BEGIN"
    " REPLACE INTO unsettled VALUES (NEW.run, NEW.attempt, NEW.path, NEW.num); END;"
    /* An end that says when it began has no beginning. */
    "CREATE TRIGGER call_ends AFTER INSERT ON step_end"
    " WHEN NEW.kind = 'call' AND NEW.begun_ms = 0 BEGIN"
    " DELETE FROM unsettled"
    "  WHERE run = NEW.run AND attempt = NEW.attempt AND path = NEW.path;"
    " DELETE FROM recovered"
    "  WHERE run = NEW.run AND attempt = NEW.attempt AND path = NEW.path; END;"

    "CREATE TABLE approval(num INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, attempt INTEGER NOT NULL,"
    " path TEXT NOT NULL, subject TEXT NOT NULL, details TEXT, asker TEXT,"
    " needed INTEGER NOT NULL, expires_ms INTEGER NOT NULL, UNIQUE (run, attempt, path));"
    "CREATE TABLE vote(num INTEGER PRIMARY KEY, run INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " path TEXT NOT NULL, voter TEXT NOT NULL, approve INTEGER NOT NULL, comment TEXT,"
    " at_ms INTEGER NOT NULL, UNIQUE (run, attempt, path, voter),"
    " FOREIGN KEY (run, attempt, path) REFERENCES approval(run, attempt, path)"
    "  ON DELETE CASCADE);"

    "CREATE TABLE segment(name TEXT PRIMARY KEY, synced INTEGER NOT NULL);";

/* How a voter is known. */
static const char version_2[] = "ALTER TABLE vote ADD COLUMN by TEXT;";

/* When a step was begun, by a clock that nobody sets. */
static const char version_3[] = "ALTER TABLE step ADD COLUMN boot TEXT;"
				"ALTER TABLE step ADD COLUMN boot_ms INTEGER NOT NULL DEFAULT 0;";

/* Schedules, and what became of their instants. */
static const char version_4[] =
    "CREATE TABLE schedule(name TEXT PRIMARY KEY, cron TEXT NOT NULL DEFAULT '',"
    " zone TEXT NOT NULL DEFAULT '', options TEXT, course TEXT,"
    " next_ms INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,"
    " failures INTEGER NOT NULL DEFAULT 0, paused_ms INTEGER NOT NULL DEFAULT 0,"
    " paused_by TEXT, paused_why TEXT);"
    "CREATE TABLE firing(num INTEGER PRIMARY KEY, schedule TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL, state TEXT NOT NULL, run TEXT, why TEXT, by TEXT,"
    " recorded_ms INTEGER NOT NULL, UNIQUE (schedule, at_ms));"
    "CREATE INDEX firing_of_schedule ON firing(schedule, num);"
    /* One instant has one run. */
    "CREATE TRIGGER firing_has_its_run BEFORE UPDATE ON firing WHEN OLD.run IS NOT NULL BEGIN"
    " SELECT RAISE(ABORT, 'a firing that has its run is final'); END;";

/* What became of deliveries; a key for what is given to senders, which only this file has. */
static const char version_5[] =
    "ALTER TABLE store ADD COLUMN secret TEXT;"
    "UPDATE store SET secret = lower(hex(randomblob(32)));"
    "CREATE TABLE delivery(num INTEGER PRIMARY KEY, hook TEXT NOT NULL, id TEXT,"
    " state TEXT NOT NULL, run TEXT, key TEXT, input TEXT, actor TEXT, why TEXT,"
    " at_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, begun_ms INTEGER NOT NULL,"
    " UNIQUE (hook, id));"
    "CREATE INDEX delivery_of_hook ON delivery(hook, num);"
    "CREATE INDEX delivery_came ON delivery(at_ms);"
    "CREATE INDEX delivery_queued ON delivery(num) WHERE state = 'queued';"
    "CREATE INDEX delivery_of_run ON delivery(run);";

/* The id that the run of a queued firing will have. */
static const char version_6[] =
    "ALTER TABLE firing ADD COLUMN waits_as TEXT;"
    "UPDATE firing SET waits_as = substr(printf('%012x', recorded_ms), 1, 8) || '-' ||"
    " substr(printf('%012x', recorded_ms), 9, 4) || '-7' || substr(lower(hex(randomblob(2))), 2) ||"
    " '-a' || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))"
    " WHERE state = 'queued';"
    "CREATE INDEX firing_queued ON firing(waits_as) WHERE state = 'queued';"
    "CREATE INDEX firing_waits_as ON firing(waits_as) WHERE waits_as IS NOT NULL;";

/* Only ever appended to; what was released is never changed. */
static const char *const migrations[] = { version_1, version_2, version_3,
					  version_4, version_5, version_6 };

int schema_version(void)
{
	return (int)(sizeof(migrations) / sizeof(migrations[0]));
}

int schema_check(const struct db *db, int *version, struct err *err)
{
	int64_t id = 0, at = 0, tables = 0;
	int rc = db_int(db, "PRAGMA application_id", &id, err);
	if (rc == 0)
		rc = db_int(db, "PRAGMA user_version", &at, err);
	if (rc == 0)
		rc = db_int(db, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (rc < 0)
		return rc;
	*version = (int)at;
	if (id != APPLICATION_ID && (id != 0 || at != 0 || tables != 0))
		return err_set(err, ERR_INVALID, "store %s: it is a database of something else",
			       db->path);
	if (at > schema_version())
		return err_set(err, ERR_INVALID,
			       "store %s: it has schema version %d, this program knows versions up "
			       "to %d: it was written by a newer one",
			       db->path, *version, schema_version());
	return 0;
}

static int migrate_to(const struct db *db, int version, struct err *err)
{
	char mark[120];
	(void)snprintf(mark, sizeof(mark),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		       APPLICATION_ID, version);
	int rc = db_exec(db, "BEGIN IMMEDIATE", err);
	if (rc == 0)
		rc = db_exec(db, migrations[version - 1], err);
	if (rc == 0)
		rc = db_exec(db, mark, err);
	if (rc < 0)
		(void)sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

int schema_migrate(const struct db *db, struct err *err)
{
	int version;
	int rc = schema_check(db, &version, err);
	while (rc == 0 && version < schema_version())
		rc = migrate_to(db, ++version, err);
	return rc;
}
