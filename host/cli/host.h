/*
 * host.h - everything the program is made of, wired together: what the plugins' host_api reaches.
 *
 * The one struct from which everything can be reached. host_open builds what every command needs
 * (loop, HTTP client, worker, registry, plugins); host_open_runs adds what runs need (the audit log
 * and the runs). host_close ends all of it in the reverse order.
 */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include "base/json.h"
#include "cli/config.h"
#include "cli/environment.h"
#include "cli/terminal.h"
#include "net/loop.h"
#include "plugin_api.h"
#include "script/observer.h"
#include "script/rules.h"
#include "script/run.h"
#include "store/state_lock.h"

struct host {
	struct host_api api;
	struct config *config;          /* borrowed */
	struct terminal terminal;       /* of a host that does not move */
	struct environment environment; /* what plugins have read of it */
	struct loop *loop;
	struct worker *worker;
	struct http_client *http;
	struct registry *registry;
	struct plugins *plugins;
	struct state_lock lock; /* of the state directory; held from host_open_runs on */
	struct rules *rules;
	struct committer *committer; /* NULL until host_open_runs */
	struct runs *runs;           /* likewise */
	char store[4096];            /* path of the store's file */
	struct firings *firings;     /* of serve, which frees them; NULL: it is another command */
	struct dashboard *dashboard; /* of serve, likewise; NULL: there is none */
	struct reload *reload;       /* likewise */
	/* A person takes a run that has not begun out of its queue: cli/queued_cancel.h. False: it
	 * does not wait here. NULL: nothing waits here */
	bool (*cancel_queued)(void *arg, const char *run, const char *actor, const char *why);
	void *cancel_queued_arg;
	struct run_listener carried;  /* of runs that are carried on; before host_open_runs */
	struct run_observer observer; /* metrics' and the dashboard's; of runs_spec */
	/* likewise: runs_spec.on_asked */
	void (*on_asked)(void *arg, const struct run_question *q);
	void *on_asked_arg;
	struct metrics *metrics; /* cli/metrics.h; freed by host_close; NULL: nobody counts */
	/* What else the owner tells of itself (status.h); NULL: nothing. */
	void (*add_status)(void *arg, cJSON *o);
	void *add_status_arg;
	struct recovery *recovery; /* cli/recovery.h; NULL: it was not begun */
	struct culprit *culprit;   /* likewise; NULL too where another process holds the file */
	struct checkpoint_copy *copies; /* NULL: checkpoints are copied nowhere */
	uint64_t unknown_calls;         /* of processes that died, found at the start */
	int exit_status;                /* of the command, set by host_api.exit */
};

/* On failure h is to be closed as well. */
NODISCARD int host_open(struct host *h, struct config *config, struct err *err);

/* Can what host_open has loaded work with it? Every section and every operation it names is known. */
NODISCARD int host_judge_config(const struct host *h, const struct config *c, struct err *err);
struct rules_spec host_rules_spec(const struct host *h, const struct config *c);
/* What runs_change looks at, and more. */
struct runs_spec host_runs_spec(struct host *h, const struct config *c);

/* Become the owner of the state directory, which is made if it is missing.
 * @return 0; 1 when another process owns it, which err names; -ERR_IO, -ERR_INVALID */
NODISCARD int host_own(struct host *h, struct err *err);

/* Is there a store? Makes nothing. @return 0; -ERR_INVALID: no run was ever made there; -ERR_IO: it
 * cannot be read */
NODISCARD int host_find_store(const struct host *h, struct err *err);

/* Create the state directory and become its owner, open the audit log and the store, record the
 * start. -ERR_TIMEOUT: another process owns it; -ERR_IO: no audit log. */
NODISCARD int host_open_runs(struct host *h, const char *command, struct err *err);

/* Returns the status it was given; EXIT_NO_AUDIT instead of EXIT_DONE when the log could not be
 * written to its end. */
NODISCARD int host_close(struct host *h, int status);

/* Call fn on SIGINT and SIGTERM. */
NODISCARD int host_on_stop(struct host *h, loop_fn *fn, void *arg, struct err *err);
/* Call fn on SIGHUP, unless nohup has made the process ignore it. */
NODISCARD int host_on_hangup(struct host *h, loop_fn *fn, void *arg, struct err *err);

/* Run the loop until quit. */
void host_loop(struct host *h);

/* As usage_error (usage.h), in the format of the log lines. */
int host_complain(struct host *h, const char *command, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A warning line while the operator's switch is on (script/hold.h). */
void host_say_hold(struct host *h);

/* A run_spec with the limits, rules and hash of a configuration filled in. */
struct run_spec host_run_spec(const struct config *c);

#endif
