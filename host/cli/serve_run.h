/* serve_run.h - the runs that serve knows by what started them; for serve*.c only. */
#ifndef CLI_SERVE_RUN_H
#define CLI_SERVE_RUN_H

#include "cli/serve.h"
#include "script/run.h"

struct serve_run {
	struct serve *serve;
	const struct config_start *start; /* its configuration is held */
	char id[RUN_ID_SIZE];
	int64_t since_ms; /* wall clock */
	bool replaced;    /* was cancelled for a later firing of its schedule */
	struct serve_run *next;
};

/* Add one that goes on already. False: no memory. */
bool serve_note(struct serve *s, const struct config_start *start, const char *id,
		int64_t since_ms);
/* What a run of that actor was started as: a schedule, a hook, a notification; NULL: none of them. */
const struct config_start *serve_start_of(const struct serve *s, const char *actor);
/* It has ended like this; its schedule is told. */
void serve_forget(struct serve *s, struct serve_run *r, const struct run_end *end);

/* Start one that the audit log is told of by the caller, in the same turn. NULL: err says why not. */
struct serve_run *serve_start_run(struct serve *s, const struct config_start *start,
				  struct bytes input, const struct buf *actor, struct err *err);

/* The same under an id that was given out before; NULL: a new one. */
struct serve_run *serve_start_run_as(struct serve *s, const struct config_start *start,
				     const char *id, struct bytes input, const struct buf *actor,
				     struct err *err);

size_t serve_runs_of(const struct serve *s, const struct config_start *start);

/* The actor of a delivery, a JSON object. */
void serve_webhook_actor(struct buf *out, const struct webhook_delivery *d);
/* The members of a trigger's record. run, reason: or NULL */
void serve_write_trigger(struct buf *out, struct bytes actor, const char *run, const char *reason);

/* A record; the daemon stops where it cannot be written. members as in commit_append. */
void serve_record(struct serve *s, const char *kind, struct bytes members);
/* The same; members is a JSON object, and taken over. */
void serve_record_object(struct serve *s, const char *kind, cJSON *members);

/* A line about whom it names. */
void serve_say(struct serve *s, enum log_level level, const struct log_about *about,
	       const char *text);
/* What is started so, and the run (or NULL) that it started; start NULL: only the run is known. */
struct log_about serve_about(const struct config_start *start, const char *run);
/* Of a part of the host. */
struct log_about serve_about_part(const char *part);
void serve_say_end(struct serve *s, const struct config_start *start, const struct run_end *end);

#endif
