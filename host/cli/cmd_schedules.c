/* cmd_schedules.c - runbook schedules: what they have done and will do; pause, resume, fire, backfill. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/actor.h"
#include "cli/command.h"
#include "cli/host.h"
#include "cli/look.h"
#include "cli/owner.h"
#include "cli/serve_schedules.h"
#include "cli/table.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook schedules [--json] [--config FILE]\n"
    "       runbook schedules show NAME [--limit N] [--json] [--config FILE]\n"
    "       runbook schedules pause NAME [--reason TEXT] [--config FILE]\n"
    "       runbook schedules resume NAME [--config FILE]\n"
    "       runbook schedules fire NAME [--config FILE]\n"
    "       runbook schedules backfill NAME --from TIME --to TIME [--config FILE]\n"
    "\n"
    "List the schedules: when each is due next, what became of its last time, how many times were\n"
    "missed, whether it is paused and why. `show` has what became of each of its last times.\n"
    "\n"
    "  pause      start nothing by the clock until 'resume', over restarts; what waits is "
    "skipped,\n"
    "             what runs goes on. Times that pass meanwhile are not made up for\n"
    "  resume     end the pause, and count failures anew\n"
    "  fire       start it now, also while it is paused; its 'overlap' is heeded\n"
    "  backfill   start a run for each of its times from TIME to TIME (2026-12-24T06:00:00Z) that\n"
    "             has none, one after the other\n"
    "\n"
    "'fire' and 'backfill' need a 'runbook serve' that goes on. Who did it is recorded.\n"
    "Exit status: 0 done, 1 skipped or not started, 2 usage, configuration or refused, 7 it could\n"
    "not be recorded.\n";

enum { OWNER_ANSWER_MS = 15000, ACTOR_MAX = 16 * 1024 };

struct words {
	const char *verb, *name; /* NULL: all are listed */
	const char *config, *reason, *limit, *from, *to;
	bool json;
};

static const struct {
	const char *verb, *options; /* the letters of its own */
} verbs[] = {
	{ "show", "lj" }, { "pause", "r" }, { "resume", "" }, { "fire", "" }, { "backfill", "ft" }
};

static const char *options_of(const char *verb)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verb, verbs[i].verb) == 0)
			return verbs[i].options;
	}
	return NULL;
}

static void set_word(struct words *w, int option)
{
	const char **to[] = { &w->config, &w->reason, &w->limit, &w->from, &w->to };
	if (option == 'j')
		w->json = true;
	else
		*to[strchr("crlft", option) - "crlft"] = optarg;
}

/* Which verb it is decides what may be given: so that comes first. */
static bool take_verb(struct words *w, int argc, char **argv, int *status)
{
	int n = argc - optind;
	if (n == 0)
		return true;
	w->verb = argv[optind];
	w->name = n > 1 ? argv[optind + 1] : NULL;
	if (!options_of(w->verb))
		*status =
		    usage_error("schedules",
				"'%.60s': expected show, pause, resume, fire or backfill", w->verb);
	else if (n != 2)
		*status = usage_error("schedules",
				      "%s: expected one NAME; 'runbook schedules' lists "
				      "them",
				      w->verb);
	else
		return true;
	return false;
}

static bool read_words(struct words *w, int argc, char **argv, int *status)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'r' },
		{ "limit", required_argument, NULL, 'l' },
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char given[16] = "";
	size_t n = 0;
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'h') {
			*status = print_help(help);
			return false;
		}
		if (option == '?' || option == ':') {
			*status = usage_error("schedules", "unknown or incomplete option '%.60s'",
					      argv[optind - 1]);
			return false;
		}
		set_word(w, option);
		if (option != 'c' && n + 1 < sizeof(given))
			given[n++] = (char)option;
	}
	if (!take_verb(w, argc, argv, status))
		return false;
	const char *allowed = w->verb ? options_of(w->verb) : "j";
	if (strspn(given, allowed) == n)
		return true;
	*status = usage_error("schedules", "%s: an option that it does not have",
			      w->verb ? w->verb : "the list");
	return false;
}

/* ---- looking ---- */

static int look(const struct words *w)
{
	struct err err = { 0 };
	cJSON *answer = NULL, *request = look_request("schedules");
	cJSON *limit = json_parse(bytes_str(w->limit ? w->limit : "20"), NULL);
	int64_t n = 0;
	if (!json_int_token(limit, &n) || n < 1)
		n = -1;
	cJSON_Delete(limit);
	if (n < 0) {
		cJSON_Delete(request);
		return usage_error("schedules", "--limit %.40s: expected a number from 1",
				   w->limit);
	}
	if (w->name) {
		(void)cJSON_AddStringToObject(request, "schedule", w->name);
		json_set_int(request, "limit", n);
	}
	if (look_fetch(w->config, request, &answer, &err) < 0)
		return usage_error("schedules", "%s", err.message);
	if (w->json)
		table_json(answer);
	else if (w->name)
		table_schedule(answer);
	else
		table_schedules(answer);
	cJSON_Delete(answer);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- doing ---- */

static cJSON *request_of(const struct words *w, const struct buf *actor)
{
	char op[32];
	cJSON *o = cJSON_CreateObject(), *who = json_parse(buf_bytes(actor), NULL);
	(void)snprintf(op, sizeof(op), "schedule.%s", w->verb);
	(void)cJSON_AddStringToObject(o, "op", op);
	(void)cJSON_AddStringToObject(o, "schedule", w->name);
	if (w->reason)
		(void)cJSON_AddStringToObject(o, "reason", w->reason);
	if (w->from)
		(void)cJSON_AddStringToObject(o, "from", w->from);
	if (w->to)
		(void)cJSON_AddStringToObject(o, "to", w->to);
	if (!cJSON_AddItemToObject(o, "actor", who))
		cJSON_Delete(who);
	return o;
}

/* Nobody owns the state directory: this process does, for as long as it takes to write that down. */
static int note_pause(const struct words *w, struct config *config, const struct buf *actor)
{
	struct host h;
	struct err err = { 0 };
	bool pause = strcmp(w->verb, "pause") == 0;
	if (!config_find_schedule(config, w->name))
		return usage_error("schedules", "%s has no [schedule %.60s]",
				   config->file[0] ? config->file : "the configuration", w->name);
	if (host_open(&h, config, &err) < 0)
		return host_close(&h, usage_error("schedules", "%s", err.message));
	if (host_open_runs(&h, "schedules", &err) < 0) {
		(void)usage_error("schedules", "audit log unavailable: %s", err.message);
		return host_close(&h, EXIT_NO_AUDIT);
	}
	firings_note_pause(&h, w->name, pause ? clock_wall_ms() : 0, buf_cstr(actor), w->reason);
	return host_close(&h, EXIT_DONE);
}

/* "started: RUN", "queued: RUN, waits for ...", "skipped: it is paused" */
static void say_fired(const char *state, const char *run, const char *why)
{
	(void)printf("%s%s%s%s%s\n", state, *run || *why ? ": " : "", run, *run && *why ? ", " : "",
		     why);
}

static int say_done(const struct words *w, const cJSON *answer)
{
	const char *state = json_get_str(answer, "state"), *run = json_get_str(answer, "run");
	const char *why = json_get_str(answer, "why");
	if (strcmp(w->verb, "backfill") == 0)
		(void)printf("queued: %" PRId64 "\n", json_get_int(answer, "queued", 0));
	else if (strcmp(w->verb, "fire") == 0)
		say_fired(state ? state : "", run ? run : "", why ? why : "");
	else
		(void)printf("%s\n", strcmp(w->verb, "pause") == 0 ? "paused" : "resumed");
	bool ok = !state || strcmp(state, "started") == 0 || strcmp(state, "queued") == 0;
	return fflush(stdout) == 0 && ok ? EXIT_DONE : EXIT_FAILED;
}

static int tell(const struct words *w, struct config *config, const struct buf *actor)
{
	struct err err = { 0 };
	cJSON *request = request_of(w, actor), *answer = NULL;
	bool pause = strcmp(w->verb, "pause") == 0 || strcmp(w->verb, "resume") == 0;
	int status, rc = owner_ask(config, request, OWNER_ANSWER_MS, &answer, &err);
	if (rc == 1 && pause) {
		status = note_pause(w, config, actor);
		if (status == EXIT_DONE)
			status = say_done(w, NULL);
	} else if (rc == 1) {
		status = usage_error("schedules", "no 'runbook serve' goes on with %s",
				     config->state_dir);
	} else if (rc < 0) {
		status = usage_error("schedules", "%s", err.message);
		if (strcmp(err.name, "AuditUnavailable") == 0)
			status = EXIT_NO_AUDIT;
	} else {
		status = say_done(w, answer);
	}
	cJSON_Delete(request);
	cJSON_Delete(answer);
	return status;
}

int cmd_schedules(int argc, char **argv)
{
	struct words w = { 0 };
	struct config config = { 0 };
	struct buf actor = BUF_INIT(ACTOR_MAX);
	struct err err = { 0 };
	int status;
	if (!read_words(&w, argc, argv, &status))
		return status;
	if (!w.verb || strcmp(w.verb, "show") == 0)
		return look(&w);
	if (strcmp(w.verb, "backfill") == 0 && (!w.from || !w.to))
		return usage_error("schedules", "backfill: expected --from TIME --to TIME");
	actor_operator(&actor);
	if (config_load(&config, w.config, &err) < 0)
		status = usage_error("schedules", "%s", err.message);
	else
		status = tell(&w, &config, &actor);
	buf_clear(&actor);
	config_clear(&config);
	return status;
}
