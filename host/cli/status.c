#include "cli/status.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/syscalls.h"
#include "cli/turns.h"
#include "commit/commit.h"
#include "script/hold.h"

static void add_time(cJSON *o, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	(void)cJSON_AddStringToObject(o, name, text);
}

static cJSON *object(cJSON *o, const char *name)
{
	cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return v ? v : cJSON_AddObjectToObject(o, name);
}

/* ---- files ---- */

static void add_hold(cJSON *o, const char *state_dir)
{
	struct hold_note note;
	if (!hold_read(&note, state_dir))
		return;
	cJSON *hold = object(o, "hold");
	(void)cJSON_AddStringToObject(hold, "by", note.by);
	(void)cJSON_AddStringToObject(hold, "reason", note.reason);
	if (note.at_ms)
		add_time(hold, "since", note.at_ms);
}

/* As `df` reckons: what is kept for root is neither used nor free. */
static void add_disk(cJSON *o, const char *state_dir)
{
	struct statvfs v;
	if (statvfs(state_dir, &v) < 0)
		return;
	uint64_t used = v.f_blocks - v.f_bfree, all = used + v.f_bavail;
	cJSON *disk = object(o, "disk");
	json_set_int(disk, "percent", all ? (int64_t)((used * 100 + all - 1) / all) : 0);
	json_set_int(disk, "free", (int64_t)(v.f_bavail * v.f_frsize));
}

static void add_checkpoint(cJSON *o, const char *state_dir)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/audit/checkpoint", state_dir);
	if (n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0)
		add_time(object(o, "audit"), "lastCheckpoint",
			 (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

void status_add_files(cJSON *o, const char *state_dir)
{
	(void)cJSON_AddStringToObject(o, "stateDir", state_dir);
	add_hold(o, state_dir);
	add_disk(o, state_dir);
	add_checkpoint(o, state_dir);
}

/* ---- the owner ---- */

static void add_audit(cJSON *o, const struct host *h)
{
	struct commit_stats stats;
	struct err why = { 0 };
	cJSON *audit = object(o, "audit");
	commit_stats(h->committer, &stats);
	json_set_int(audit, "lagMs", stats.lag_us / 1000);
	json_set_int(audit, "records", (int64_t)stats.records);
	(void)cJSON_AddStringToObject(audit, "segment", stats.segment);
	if (commit_failed(h->committer, &why))
		(void)cJSON_AddStringToObject(audit, "failed", why.message);
}

void status_add_owner(cJSON *o, const struct host *h, const char *command, int64_t since_ms)
{
	cJSON *owner = object(o, "owner");
	json_set_int(owner, "pid", getpid());
	(void)cJSON_AddStringToObject(owner, "command", command);
	add_time(owner, "since", since_ms);
	(void)cJSON_AddStringToObject(owner, "version", RUNBOOK_VERSION);
	(void)cJSON_AddStringToObject(owner, "config", h->config->hash);
	(void)cJSON_AddBoolToObject(owner, "confined", syscalls_are_confined());
	cJSON *memory = object(o, "memory");
	json_set_int(memory, "alive", (int64_t)runs_alive(h->runs));
	json_set_int(memory, "asleep", (int64_t)runs_asleep(h->runs));
	turns_add_status(o, h->runs);
	add_audit(o, h);
	if (h->add_status)
		h->add_status(h->add_status_arg, o);
}
