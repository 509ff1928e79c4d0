/* runs.c - all runs of a process: their life together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "script/observe.h"
#include "script/rates.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_wake.h"
#include "script/runs_private.h"
#include "script/settle_decide.h"

enum { PASSIVE_MS = 30 * 1000 };

/* ---- life ---- */

void runs_handle_release(struct runs_handle *h)
{
	if (--h->refs == 0)
		free(h);
}

static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return !s || *out;
}

int runs_change(struct runs *runs, const struct runs_spec *spec, struct err *err)
{
	char *approvers;
	if (!copy(&approvers, spec->approvers))
		return err_set(err, ERR_NOMEM, "no memory for the runs");
	int rc = rates_set(runs->rates, spec->rates, spec->n_rates, err);
	if (rc < 0) {
		free(approvers);
		return rc;
	}
	free(runs->approvers);
	runs->approvers = approvers;
	runs->passive_ms = spec->passive_ms > 0 ? spec->passive_ms : PASSIVE_MS;
	runs->max_intent_age_ms =
	    spec->max_intent_age_ms > 0 ? spec->max_intent_age_ms : SETTLE_INTENT_AGE_MS;
	return 0;
}

int runs_new(struct runs **out, const struct runs_spec *spec, struct err *err)
{
	struct runs *runs = calloc(1, sizeof(*runs));
	struct runs_handle *handle = calloc(1, sizeof(*handle));
	if (!runs || !handle) {
		free(runs);
		free(handle);
		return err_set(err, ERR_NOMEM, "no memory for the runs");
	}
	*handle = (struct runs_handle){ runs, 1 };
	*runs = (struct runs){
		.loop = spec->loop,
		.committer = spec->committer,
		.registry = spec->registry,
		.rules = spec->rules,
		.culprit = spec->culprit,
		.carried = spec->carried,
		.observer = spec->observer,
		.on_asked = spec->on_asked,
		.on_asked_arg = spec->on_asked_arg,
		.secret = spec->secret,
		.secret_arg = spec->secret_arg,
		.handle = handle,
	};
	clock_boot_id(runs->boot);
	int rc = watch_new(&runs->watch, err);
	if (rc == 0)
		rc = rates_new(&runs->rates, runs->loop, err);
	if (rc == 0)
		rc = runs_change(runs, spec, err);
	if (rc == 0 &&
	    (!copy(&runs->lua_dir, spec->lua_dir) || !copy(&runs->store_path, spec->store_path)))
		rc = err_set(err, ERR_NOMEM, "no memory for the runs");
	if (rc == 0 && runs->store_path)
		rc = sleepers_new(&runs->sleepers, runs, err);
	if (rc < 0) {
		runs_free(runs);
		return rc;
	}
	*out = runs;
	return 0;
}

static void add_to_list(struct run_key *k, void *arg)
{
	struct run_list *list = arg;
	if (!k->asleep)
		list->v[list->n++] = CONTAINER_OF(k, struct run, key);
}

struct run_list runs_list_awake(const struct runs *runs)
{
	struct run_list list = { .v = calloc(runs->n_awake + 1, sizeof(struct run *)) };
	INVARIANT(list.v != NULL);
	run_index_each(&runs->index, add_to_list, &list);
	return list;
}

static void end_awake(struct runs *runs)
{
	struct run_list list = runs_list_awake(runs);
	for (size_t i = 0; i < list.n; i++) {
		if (runs->store_path && !list.v[i]->check) {
			run_suspend_calls(list.v[i]);
			run_leave(list.v[i]);
		} else {
			run_end_early(list.v[i], RUN_CANCELLED, "the program is ending", true);
		}
	}
	free((void *)list.v);
}

void runs_free(struct runs *runs)
{
	if (!runs)
		return;
	if (runs->sleepers)
		sleepers_stop(runs->sleepers);
	end_awake(runs);
	timer_stop(runs->grace);
	sleepers_free(runs->sleepers);
	run_index_clear(&runs->index);
	runs->handle->runs = NULL;
	runs_handle_release(runs->handle);
	rates_free(runs->rates);
	watch_free(runs->watch);
	free(runs->approvers);
	free(runs->lua_dir);
	free(runs->store_path);
	free(runs);
}

size_t runs_alive(const struct runs *runs)
{
	return runs->index.n;
}

size_t runs_asleep(const struct runs *runs)
{
	return runs->sleepers ? sleepers_count(runs->sleepers) : 0;
}

void runs_each_bucket(const struct runs *runs,
		      void (*fn)(void *arg, const char *name, size_t waiting, int64_t oldest_ms),
		      void *arg)
{
	rates_each(runs->rates, fn, arg);
}

/* ---- one run ---- */

int run_start(char id[RUN_ID_SIZE], struct runs *runs, const struct run_spec *spec, struct err *err)
{
	struct run *r = NULL;
	if (runs->suspending)
		return err_set(err, ERR_INVALID, "the program is ending");
	int rc = run_new(&r, runs, spec, err);
	if (rc == 0)
		rc = run_read_source(r, spec->path, err);
	if (rc == 0)
		rc = rules_run_begin(runs->rules, r, r->source, bytes_str(r->facts.input), err);
	if (rc < 0) {
		if (r)
			run_free(r);
		return rc;
	}
	(void)snprintf(id, RUN_ID_SIZE, "%s", r->facts.id);
	record_run_start(r, "run.start");
	observe_run_begun(r);
	rows_run_new(r);
	rows_soon(r);
	run_begin(r, spec->timeout_ms);
	return 0;
}

bool run_cancel(struct runs *runs, const char *id, const char *why)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	if (!k || runs->suspending)
		return false;
	if (k->asleep) {
		sleeper_cancel(runs->sleepers, k, why);
		return true;
	}
	struct run *r = CONTAINER_OF(k, struct run, key);
	run_end_early(r, RUN_CANCELLED, why, r->sm.now == RUN_M_ENDING);
	return true;
}
