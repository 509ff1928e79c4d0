/*
 * observer.h - who counts what runs do: for metrics. Data only.
 *
 * Called from the loop, in the middle of things: must not call into script/. What is replayed from a
 * journal was counted by the process that made it, and is not told again.
 */
#ifndef SCRIPT_OBSERVER_H
#define SCRIPT_OBSERVER_H

#include <stdbool.h>
#include <stdint.h>

struct op_progress;

struct call_seen {
	const char *operation; /* "sfn.redrive_execution" */
	const char *outcome;   /* "ok", "error", "unknown", "refused", ... */
	const char *code;      /* of the error, "ThrottlingException"; NULL: none */
	bool changes;
	int attempts;       /* requests that were sent; 0: none */
	int64_t latency_us; /* with all of them; 0: it was not sent */
};

struct run_observer {
	void (*run_begun)(void *arg);
	void (*run_ended)(void *arg, const char *outcome); /* "done", "failed", ... */
	void (*call_ended)(void *arg, const struct call_seen *c);
	void (*step_ended)(void *arg, const char *kind); /* "call", "sleep", ... */
	/* An answer says how far a resource is; p is plugin_api.h's, borrowed. With an arg of its own. */
	void (*progressed)(void *arg, const char *resource, const struct op_progress *p);
	void *progressed_arg;
	/* Its turn at the service's bucket has come, after so long (script/rates.h). */
	void (*call_waited)(void *arg, const char *operation, int64_t ms);
	/* One of its requests was refused for coming too fast. */
	void (*call_throttled)(void *arg, const char *operation);
	void *arg;
};

#endif
