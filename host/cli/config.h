/*
 * config.h - the host's configuration: one INI file (base/ini.h), or defaults without one.
 *
 *	[host]      state_dir, plugin_dir, plugins, lua_dir, watchdog, log_level, log_format,
 *	            seccomp, user, group: see config_host.c
 *	[limits]    memory, cpu, log, result, steps, timeout, call_timeout     of every run
 *	            max_intent_age                       of a change that may be made again after a crash
 *	            passive, parallel          the wait that leaves memory; branches at once
 *	[rules]     NAMESPACE.OPERATION = N                calls a run may make of it
 *	[rate]      NAMESPACE.OPERATION = N/PERIOD burst M | off     see script/rates.h
 *	[policy]    allow, deny, freeze, budget, approval, key, file      see script/policy.h, rules.h
 *	[audit]     checkpoint_records, checkpoint_after, rotate_size, rotate_age, keep, key_file,
 *	            copy_file, copy_url            the audit log, see commit/commit.h
 *	[approvals] people, base_url, secret_file, valid, post_url     see cli/approval_links.h
 *	[store]     keep              runs that ended longer ago are forgotten, see cli/store_prune.h
 *	[listen]    where webhooks are received, see config_listen.h
 *	[admin]     where monitoring and people look, see serve_admin.h; the keys of [listen],
 *	            base_url
 *	[secrets]   NAME = file PATH | env NAME | credential NAME      see cli/secrets.h
 *	[schedule NAME]  cron, tz, runbook, input, reason, timeout, dry_run, jitter, overlap, catch_up,
 *	            catch_up_window, pause_after_failures, start, end, exclude
 *	[hook NAME]      path, auth and its keys (trigger/webhook_auth.h), secret_file | secret_env |
 *	                 secrets = NAME NAME (of [secrets]), runbook, reason, timeout, dry_run,
 *	                 accept, accept_headers, concurrency, queue, rate, debounce, debounce_max,
 *	                 debounce_key     see cli/serve_hooks.h
 *	[notify]    channel, url, secret, topic, events, slow_factor, slow_at_least, runbook: see serve_notify.h
 *	[heartbeat] url, secret, every: see serve_heartbeat.h
 *	[PLUGIN]    what the plugin of that name understands
 *
 * ${dir} in a value is the folder of the file; other relative paths start at the current folder.
 * A section or key that nobody knows is an error that names its line. README.md documents each key.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/ini.h"
#include "base/log_line.h"
#include "cli/config_listen.h"
#include "cli/secrets.h"
#include "script/policy.h"
#include "script/rates.h"
#include "script/run.h"
#include "trigger/deliveries.h"
#include "trigger/schedule_rule.h"
#include "trigger/webhook_auth.h"

struct config;

enum config_trigger { TRIGGER_SCHEDULE, TRIGGER_HOOK, TRIGGER_NOTIFY };

struct config_start { /* how a trigger starts its run */
	enum config_trigger trigger;
	struct config *config; /* that it is a part of */
	const char *name;
	const char *runbook;
	const char *input; /* JSON object, checked; "" */
	const char *reason;
	int64_t timeout_ms; /* 0: the limit of every run */
	bool dry_run;
};

struct config_schedule {
	struct config_start start;
	const struct ini_section *section;
	const char *cron, *zone_name;
	struct schedule_rule rule;
	struct tz *zone;              /* owned */
	struct schedule_dates *dates; /* owned; NULL: none are excluded */
	int64_t jitter_ms;
	int pause_after; /* so many failures in a row; 0: never */
	int line;
};

struct config_hook {
	struct config_start start;
	const char *path;
	struct webhook_auth_spec auth; /* without its secrets until config_read_secrets */
	struct delivery_limits limits;
	const char *debounce_key;   /* "detail.executionArn": a member of the input; NULL: none */
	const char *accept;         /* see cli/serve_accept.h; NULL: all are */
	const char *accept_headers; /* names, parted by blanks; NULL */
	const struct ini_section *section;
	/* What was read of them: up to WEBHOOK_SECRETS_MAX, one a line. Wiped by config_clear. */
	struct buf secrets_text;
	struct bytes secrets[WEBHOOK_SECRETS_MAX];
	int line;
};

struct config_audit { /* 0, NULL: the default, or nothing */
	uint64_t checkpoint_records;
	int64_t checkpoint_ms, rotate_ms, keep_ms;
	size_t rotate_bytes;
	const char *key_file, *copy_file, *copy_url;
};

struct config_approvals {     /* 0, NULL: not there */
	const char *people;   /* who may approve where nobody is named, parted by blanks */
	const char *base_url; /* no slash at its end; NULL: there are no links */
	const char *secret_file, *post_url;
	int64_t valid_ms; /* of links to what never expires */
};

enum notify_event { NOTIFY_FAILURE, NOTIFY_RECOVERY, NOTIFY_APPROVAL, NOTIFY_SLOW };

struct config_notify {
	int line; /* 0: nobody is told */
	const char *channel;
	const char *url, *secret; /* or NULL; secret: a name in [secrets] */
	const char *topic;        /* of sns; or NULL */
	unsigned events;          /* bits 1u << NOTIFY_... */
	uint64_t slow_factor;
	int64_t slow_at_least_ms;
	struct config_start start; /* of the run that tells */
	char *runbook;             /* owned */
};

struct config_heartbeat {
	int line;                 /* 0: there is none */
	const char *url, *secret; /* one of them */
	int64_t every_ms;
};

/* By default serve goes on where it cannot be had. */
enum config_seccomp { SECCOMP_DEFAULT, SECCOMP_ON, SECCOMP_OFF };

struct config {
	unsigned holders;          /* of config_open */
	const char *file;          /* as given; "" without one */
	char hash[SHA256_HEX + 1]; /* of the file; "" without one */
	struct ini *ini;           /* owned; with ${dir} filled in; NULL without a file */
	char *program_dir;         /* where the program is */
	char *state_dir, *lua_dir; /* owned */
	char *plugin_dirs[5];      /* owned; where plugins are looked for; ends with NULL */
	char *plugins;             /* owned; names separated by blanks; NULL: what is shipped */
	size_t memory_max;         /* 0: the default of script/run.h, as the next three */
	int64_t cpu_ms, timeout_ms, call_timeout_ms;
	int64_t max_intent_age_ms;  /* 0: as script/settle_decide.h has it */
	size_t log_max, result_max; /* likewise */
	uint64_t steps_max;         /* likewise */
	unsigned parallel_max;      /* likewise */
	int64_t passive_ms;         /* likewise: the wait from which a run leaves memory */
	int64_t watchdog_ms;        /* 0: the default of watchdog.h */
	int64_t store_keep_ms;      /* how long serve keeps runs that are over; 0: for ever */
	enum log_level log_level;   /* of lines; what is less is not shown */
	enum log_format log_format; /* LOG_AS_TEXT: for people */
	enum config_seccomp seccomp;
	const char *user, *group; /* whose the process becomes, see other_user.h; NULL: it stays */
	struct run_rule *rules;
	size_t n_rules;
	struct rate *rates; /* names are those of ini */
	size_t n_rates;
	struct policy *policy;   /* owned; NULL: no [policy] */
	const char *policy_file; /* NULL: none */
	struct config_listen listen, admin;
	struct config_audit audit;
	struct config_approvals approvals;
	struct config_notify notify;
	struct config_heartbeat heartbeat;
	struct config_secret *secrets;
	size_t n_secrets;
	struct config_schedule *schedules;
	size_t n_schedules;
	struct config_hook *hooks;
	size_t n_hooks;
};

/*
 * Read the file, or take the defaults when path is NULL.
 *
 * @return 0; -ERR_INVALID or -ERR_IO "FILE:LINE: ..."; c is to be cleared in any case
 */
NODISCARD int config_load(struct config *c, const char *path, struct err *err);
void config_clear(struct config *c);
/* What --log-format says is stronger than the file; NULL: it is not given. Right behind the loading. */
NODISCARD int config_set_log_format(struct config *c, const char *name, struct err *err);

/* The same of [host] alone: enough to find the process that owns the state directory. */
NODISCARD int config_find_state(struct config *c, const char *path, struct err *err);

/*
 * The same with the secrets of the hooks, on the heap and never changed: a run that goes on, and what
 * waits to be started, hold the configuration that they began with while the host has a later one.
 * The file is a regular one: serve would not end while it waited for the writer of a FIFO.
 *
 * @param[out] out held once by the caller; config_unref
 */
NODISCARD int config_open(struct config **out, const char *path, struct err *err);
struct config *config_ref(struct config *c); /* one holder more; returns c */
void config_unref(struct config *c);         /* the last clears and frees it; NULL is fine */

/* Are they of the same schedule or hook, be it of two configurations? */
bool config_same_trigger(const struct config_start *a, const struct config_start *b);

/* Read the secrets of the hooks, for who serves them: a run by hand need not be able to. */
NODISCARD int config_read_secrets(struct config *c, struct err *err);

const char *config_notify_event(enum notify_event e); /* "failure" */

/* The [schedule NAME], or NULL. */
const struct config_schedule *config_find_schedule(const struct config *c, const char *name);

/* What may be shown of a schedule besides cron and zone, as a JSON object. */
void config_describe_schedule(const struct config_schedule *s, struct buf *out);

/* The section [name] of a plugin as a JSON object of strings. */
void config_plugin(const struct config *c, const char *name, struct buf *out);

/* After the plugins are loaded: is every section a known one? is_plugin tells their names. */
NODISCARD int config_check_sections(const struct config *c,
				    bool (*is_plugin)(const void *arg, const char *name),
				    const void *arg, struct err *err);

#endif
