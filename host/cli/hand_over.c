#include "cli/hand_over.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/ask.h"
#include "cli/environment.h"
#include "cli/owner.h"
#include "cli/run_json.h"
#include "net/loop.h"

/* Hello is answered at once, a Ctrl-C after what is in flight (up to 5 s), the second one at once. */
enum { HELLO_MS = 1000, CANCEL_MS = 10000, CANCEL_NOW_MS = 2000 };

/* ---- is it the same there? ---- */

static int compare(const struct config *c, const cJSON *hello, struct err *err)
{
	const char *hash = json_get_str(hello, "config"), *what = NULL;
	const char *command = json_get_str(hello, "command");
	bool same = hash && strcmp(hash, c->hash) == 0;
	if (!same)
		what = "another configuration";
	else if (!environment_matches(json_get(hello, "environment")))
		what = "another environment (profile, region, endpoint or the like)";
	if (!what)
		return 0;
	bool reloads = !same && command && strcmp(command, "serve") == 0;
	return err_set(err, ERR_INVALID,
		       "%s is owned by 'runbook %s' (pid %" PRId64
		       "), which has %s: %send it, or give this one its own [host] state_dir",
		       c->state_dir, command ? command : "?", json_get_int(hello, "pid", 0), what,
		       reloads ? "'runbook reload' if it is the same file, " : "");
}

/* 0: the owner takes it; 1: there is none; else err. */
static int meet_owner(const struct config *c, struct err *err)
{
	cJSON *hello = cJSON_CreateObject(), *answer = NULL;
	if (!hello || !cJSON_AddStringToObject(hello, "op", "hello")) {
		cJSON_Delete(hello);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	int rc = owner_ask(c, hello, HELLO_MS, &answer, err);
	cJSON_Delete(hello);
	if (rc == 0)
		rc = compare(c, answer, err);
	else if (rc == -ERR_IO)
		rc = 1;
	cJSON_Delete(answer);
	return rc;
}

/* ---- events ---- */

static double number_of(const cJSON *o, const char *name)
{
	const cJSON *v = json_get(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : -1;
}

static void say_started(struct hand_over *h, const char *run)
{
	char line[4400];
	(void)snprintf(line, sizeof(line), "run %s goes on in the process that owns %.4000s", run,
		       h->host->config->state_dir);
	terminal_log(&h->host->terminal, LOG_INFO, line);
}

static void on_event(void *arg, const cJSON *event)
{
	struct hand_over *h = arg;
	const char *name = json_get_str(event, "name"), *text = json_get_str(event, "text");
	const char *run = json_get_str(event, "run");
	int64_t level = json_get_int(event, "level", LOG_INFO);
	if (!name)
		return;
	if (strcmp(name, "log") == 0 && text && level >= (int64_t)h->host->config->log_level)
		terminal_log_about(&h->host->terminal, (enum log_level)level,
				   &(struct log_about){ .run = run }, text);
	else if (strcmp(name, "progress") == 0)
		terminal_progress(&h->host->terminal, number_of(event, "done"),
				  number_of(event, "total"), text);
	else if (strcmp(name, "started") == 0 && run)
		say_started(h, run);
}

static void on_end(void *arg, const cJSON *answer, const struct err *err)
{
	struct hand_over *h = arg;
	if (answer) {
		struct run_unknown unknown[RUN_JSON_UNKNOWN_MAX];
		struct run_end end;
		run_end_from_json(&end, unknown, answer);
		h->end = HAND_OVER_ENDED;
		h->on_end(h->arg, &end);
	} else {
		h->end = err->code == ERR_IO ? HAND_OVER_LOST : HAND_OVER_REFUSED;
		h->err = *err;
	}
	loop_quit(h->host->loop);
}

enum hand_over_end hand_over_run(struct hand_over *h)
{
	static const struct ask_events events = { on_event, on_end };
	char path[OWNER_PATH_MAX];
	int rc = owner_socket(path, h->host->config, &h->err);
	if (rc == 0)
		rc = meet_owner(h->host->config, &h->err);
	if (rc == -ERR_TIMEOUT)
		return h->end = HAND_OVER_SILENT;
	if (rc < 0)
		return h->end = HAND_OVER_REFUSED;
	if (rc == 1 || ask_start(&h->ask, h->host->loop, path, h->request, &events, h, &h->err) < 0)
		return h->end = HAND_OVER_NOBODY;
	loop_run(h->host->loop);
	timer_stop(h->patience);
	h->patience = NULL;
	ask_free(h->ask);
	h->ask = NULL;
	return h->end;
}

static void on_silence(void *arg)
{
	struct hand_over *h = arg;
	h->patience = NULL;
	h->end = HAND_OVER_UNANSWERED;
	(void)err_set(
	    &h->err, ERR_TIMEOUT,
	    "the process that goes through the run (pid %jd) was told to cancel it and does "
	    "not answer: is it stopped? 'runbook runs' tells how the run ended",
	    (intmax_t)ask_pid(h->ask));
	loop_quit(h->host->loop);
}

void hand_over_interrupt(struct hand_over *h)
{
	cJSON *line = h->ask ? cJSON_CreateObject() : NULL;
	if (line && cJSON_AddTrueToObject(line, "interrupt"))
		ask_more(h->ask, line);
	if (h->ask) {
		timer_stop(h->patience);
		h->patience = timer_start(h->host->loop, h->interrupted ? CANCEL_NOW_MS : CANCEL_MS,
					  on_silence, h);
		h->interrupted = true;
	}
	cJSON_Delete(line);
}
