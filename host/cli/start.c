#include "cli/start.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/actor.h"
#include "script/settle.h"

enum { TEXT_MAX = 64 << 20 };

static void add_tree(struct buf *out, const cJSON *tree)
{
	if (tree)
		json_write(out, tree);
}

static int start_run(char id[RUN_ID_SIZE], struct host *h, const cJSON *request,
		     const struct run_listener *listener, struct err *err)
{
	struct buf input = BUF_INIT(TEXT_MAX), actor = BUF_INIT(TEXT_MAX);
	struct run_spec spec = host_run_spec(h->config);
	int64_t timeout = json_get_int(request, "timeoutMs", 0);
	add_tree(&input, json_get(request, "input"));
	add_tree(&actor, json_get(request, "actor"));
	spec.id = json_get_str(request, "id");
	spec.path = json_get_str(request, "file");
	spec.input = buf_bytes(&input);
	spec.actor = buf_bytes(&actor);
	spec.reason = json_get_str(request, "reason");
	spec.dry_run = json_get_bool(request, "dryRun", false);
	if (timeout > 0)
		spec.timeout_ms = timeout;
	spec.listener = *listener;
	int rc = spec.path ? run_start(id, h->runs, &spec, err)
			   : err_set(err, ERR_INVALID, "which file is to be run?");
	buf_clear(&input);
	buf_clear(&actor);
	return rc;
}

/* A process that had taken it over and went away may have begun it: never twice. */
static int start_or_carry_on(char id[RUN_ID_SIZE], struct host *h, const cJSON *request,
			     const struct run_listener *listener, struct err *err)
{
	struct err why = { 0 };
	const char *begun = json_get_str(request, "id");
	if (!begun || !json_get_bool(request, "again", false))
		return start_run(id, h, request, listener, err);
	if (run_resume(h->runs, begun, listener, &why) < 0) {
		bool kept =
		    strcmp(why.name, SETTLE_OPEN) == 0 || strcmp(why.name, RUN_IS_OVER) == 0;
		return kept ? err_named(err, why.code, why.name, "%s", why.message)
			    : start_run(id, h, request, listener, err);
	}
	(void)snprintf(id, RUN_ID_SIZE, "%s", begun);
	return 0;
}

/* It ends before a line of its script is run again. */
static int resume_and_cancel(struct host *h, const cJSON *request,
			     const struct run_listener *listener, struct err *err)
{
	const char *run = json_get_str(request, "run"), *why = json_get_str(request, "reason");
	int rc = run_resume(h->runs, run, listener, err);
	if (rc == 0)
		(void)run_cancel(h->runs, run, why ? why : "cancelled");
	return rc;
}

int start_request(char id[RUN_ID_SIZE], struct host *h, const cJSON *request,
		  const struct run_listener *listener, struct err *err)
{
	const char *op = json_get_str(request, "op"), *run = json_get_str(request, "run");
	if (strcmp(op, "run") == 0)
		return start_or_carry_on(id, h, request, listener, err);
	if (!run)
		return err_set(err, ERR_INVALID, "%s: which run?", op);
	(void)snprintf(id, RUN_ID_SIZE, "%s", run);
	if (strcmp(op, "cancel") == 0)
		return resume_and_cancel(h, request, listener, err);
	if (strcmp(op, "retry") == 0)
		return run_retry(h->runs, run, listener, err);
	return run_resume(h->runs, run, listener, err);
}

cJSON *start_run_asked(const struct start_asked *asked)
{
	struct buf actor = BUF_INIT(TEXT_MAX);
	char id[UUID_SIZE];
	cJSON *r = cJSON_CreateObject();
	if (!r) {
		cJSON_Delete(asked->input);
		return NULL;
	}
	uuid_v7(id, clock_wall_ms());
	actor_operator(&actor);
	(void)cJSON_AddStringToObject(r, "op", "run");
	(void)cJSON_AddStringToObject(r, "id", id);
	(void)cJSON_AddStringToObject(r, "file", asked->file);
	(void)cJSON_AddItemToObject(r, "input", asked->input);
	(void)cJSON_AddItemToObject(r, "actor", json_parse(buf_bytes(&actor), NULL));
	if (asked->reason)
		(void)cJSON_AddStringToObject(r, "reason", asked->reason);
	(void)cJSON_AddBoolToObject(r, "dryRun", asked->dry_run);
	json_set_int(r, "timeoutMs", asked->timeout_ms);
	buf_clear(&actor);
	return r;
}
