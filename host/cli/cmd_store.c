/* cmd_store.c - runbook store: backup, check, prune. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/host.h"
#include "cli/owner.h"
#include "cli/store_agrees.h"
#include "cli/store_prune.h"
#include "cli/usage.h"
#include "store/upkeep.h"

static const char help[] =
    "usage: runbook store backup FILE [--config FILE]\n"
    "       runbook store check [--config FILE]\n"
    "       runbook store prune [--older D] [--dry-run] [--config FILE]\n"
    "\n"
    "backup   copy all that is known of runs, as it is at one moment, into a new FILE; whatever\n"
    "         goes on goes on. Put back, it knows nothing of later redrives: hold first\n"
    "check    is the file whole, and does the audit log have each change that it tells of?\n"
    "prune    forget runs that ended more than D ago, 4d or more ([store] keep, else 90d): never\n"
    "         what is not over, is parked, or has a call whose outcome is open. The audit log\n"
    "         keeps what they did\n"
    "\n"
    "  --older D      30d, 26w ...\n"
    "  --dry-run      only say how many\n"
    "  --config FILE  configuration: its state directory is meant\n"
    "\n"
    "Exit status: 0 done, 1 check found something, or it failed, 2 usage or configuration,\n"
    "7 audit log unavailable.\n";

enum { ANSWER_MS = 10 * 60 * 1000, AUDIT_PATH_SIZE = 4200 };

struct options {
	const char *command, *file, *config;
	int64_t older_ms; /* 0: not given */
	bool dry_run;
};

static bool take_option(struct options *o, int option, const char *word, int *status)
{
	struct err err = { 0 };
	if (option == 'c') {
		o->config = optarg;
	} else if (option == 'n') {
		o->dry_run = true;
	} else if (option == 'o') {
		if (duration_parse(&o->older_ms, optarg, &err) < 0) {
			*status = usage_error("store", "--older: %s", err.message);
			return false;
		}
	} else {
		*status = usage_error("store", "unknown or incomplete option '%.60s'", word);
		return false;
	}
	return true;
}

/* @return whether to go on; else *status is the exit status */
static bool read_options(struct options *o, int argc, char **argv, int *status)
{
	static const struct option names[] = { { "config", required_argument, NULL, 'c' },
					       { "older", required_argument, NULL, 'o' },
					       { "dry-run", no_argument, NULL, 'n' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'h') {
			*status = print_help(help);
			return false;
		}
		if (!take_option(o, option, argv[optind - 1], status))
			return false;
	}
	int n = argc - optind;
	o->command = n > 0 ? argv[optind] : "";
	o->file = n > 1 ? argv[optind + 1] : NULL;
	bool prune = strcmp(o->command, "prune") == 0;
	if ((n == 2 && strcmp(o->command, "backup") == 0) ||
	    (n == 1 && (prune || strcmp(o->command, "check") == 0))) {
		if (prune || (!o->older_ms && !o->dry_run))
			return true;
		*status = usage_error("store", "--older and --dry-run are of prune alone");
		return false;
	}
	*status = usage_error("store", "expected backup FILE, check or prune; see 'runbook store "
				       "--help'");
	return false;
}

/* ---- backup ---- */

static int backup(const struct host *h, const struct options *o)
{
	struct err err = { 0 };
	if (store_backup(h->store, o->file, &err) == 0) {
		(void)printf("%s\n", o->file);
		return EXIT_DONE;
	}
	(void)usage_error("store", "%s", err.message);
	return EXIT_FAILED;
}

/* ---- check ---- */

static void on_problem(void *arg, const char *text)
{
	uint64_t *problems = arg;
	(*problems)++;
	(void)printf("%s\n", text);
}

static int check(const struct host *h, const char *state_dir)
{
	char audit_dir[AUDIT_PATH_SIZE];
	struct err err = { 0 };
	struct store_agrees seen = { 0 };
	uint64_t problems = 0;
	(void)snprintf(audit_dir, sizeof(audit_dir), "%s/audit", state_dir);
	int rc = store_check(h->store, on_problem, &problems, &err);
	if (rc == 0 && problems == 0)
		rc = store_agrees(&seen, h->store, audit_dir, on_problem, &problems, &err);
	if (rc < 0) {
		(void)usage_error("store", "%s", err.message);
		return EXIT_FAILED;
	}
	(void)printf("%s: %" PRIu64 " problems, %" PRIu64 " changing calls looked for in %" PRIu64
		     " records\n",
		     h->store, problems, seen.intents, seen.records);
	return problems ? EXIT_FAILED : EXIT_DONE;
}

/* ---- prune ---- */

struct pruning {
	struct host *host;
	int status;
};

static void say_pruned(int64_t runs)
{
	(void)printf("forgot %" PRId64 " runs\n", runs);
}

static void on_pruned(void *arg, int64_t runs, const struct err *err)
{
	struct pruning *p = arg;
	p->status = EXIT_DONE;
	if (err->code) {
		(void)usage_error("store", "%s", err->message);
		p->status = EXIT_NO_AUDIT;
	} else {
		say_pruned(runs);
	}
	loop_quit(p->host->loop);
}

static int prune_here(struct host *h, int64_t before_ms)
{
	struct err err = { 0 };
	struct pruning p = { .host = h, .status = EXIT_FAILED };
	struct prune *prune;
	if (host_open_runs(h, "store", &err) < 0) {
		(void)usage_error("store", "audit log unavailable: %s", err.message);
		return EXIT_NO_AUDIT;
	}
	if (prune_start(&prune, h, before_ms, on_pruned, &p, &err) < 0)
		return usage_error("store", "%s", err.message);
	loop_run(h->loop);
	return p.status;
}

static int prune_there(const struct host *h, int64_t before_ms)
{
	struct err err = { 0 };
	cJSON *answer = NULL, *request = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(request, "op", "prune");
	json_set_int(request, "beforeMs", before_ms);
	int rc = owner_ask(h->config, request, ANSWER_MS, &answer, &err);
	if (rc == 0)
		say_pruned(json_get_int(answer, "runs", 0));
	else
		(void)usage_error("store", "%s",
				  rc == 1
				      ? "the owner of the state directory has just gone: try again"
				      : err.message);
	cJSON_Delete(request);
	cJSON_Delete(answer);
	return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int prune(struct host *h, const struct config *config, const struct options *o)
{
	struct err err = { 0 };
	int64_t keep_ms = o->older_ms ? o->older_ms : config->store_keep_ms;
	if (keep_ms == 0)
		keep_ms = PRUNE_DAYS(PRUNE_DEFAULT_DAYS);
	if (keep_ms < PRUNE_DAYS(PRUNE_LEAST_DAYS))
		return usage_error("store",
				   "--older is %dd or more: deliveries are remembered for three",
				   PRUNE_LEAST_DAYS);
	int64_t before_ms = clock_wall_ms() - keep_ms, runs = 0;
	if (o->dry_run) {
		if (store_count_ended(h->store, before_ms, &runs, &err) < 0)
			return usage_error("store", "%s", err.message);
		(void)printf("would forget %" PRId64 " runs\n", runs);
		return EXIT_DONE;
	}
	int rc = host_own(h, &err);
	if (rc < 0) {
		(void)usage_error("store", "%s", err.message);
		return EXIT_FAILED;
	}
	return rc == 1 ? prune_there(h, before_ms) : prune_here(h, before_ms);
}

int cmd_store(int argc, char **argv)
{
	struct options o = { 0 };
	struct host h = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	int status;
	if (!read_options(&o, argc, argv, &status))
		return status;
	int rc = config_load(&config, o.config, &err);
	if (rc == 0)
		rc = host_open(&h, &config, &err);
	if (rc == 0)
		rc = host_find_store(&h, &err);
	if (rc < 0)
		status = usage_error("store", "%s", err.message);
	else if (strcmp(o.command, "backup") == 0)
		status = backup(&h, &o);
	else if (strcmp(o.command, "check") == 0)
		status = check(&h, config.state_dir);
	else
		status = prune(&h, &config, &o);
	status = host_close(&h, status);
	config_clear(&config);
	return status;
}
