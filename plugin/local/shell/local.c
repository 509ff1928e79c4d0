/*
 * local.c - the shell around the engine: one clock, one store, one server, an engine for each region.
 *
 * Whoever changes an engine (a request, the end of a task, time) leaves its records to the store at
 * once and asks for a turn; the turn lets every engine do what is due, stores that too and sets the
 * timer for what comes next.
 */
#include "local/local.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"

#include "local/shell/access.h"
#include "local/shell/control.h"
#include "local/shell/data_dir.h"
#include "local/shell/fault_plan.h"
#include "local/shell/pace.h"
#include "local/shell/realms.h"
#include "local/shell/server.h"
#include "local/shell/services.h"
#include "local/shell/signature.h"
#include "local/shell/status_feed.h"
#include "local/shell/store.h"

enum { REGIONS_MAX = 64, MAX_OPEN_DEFAULT = 1000 * 1000 };

/* The record that keeps the clock's offset; it belongs to no region. */
static const char clock_kind[] = "clock";

struct local {
	const struct host_api *api;
	char *account, *region, *deny; /* region NULL: each request's own */
	struct pace pace;              /* what time it is, and the next turn */
	struct realms realms;
	struct data_dir *dir;
	struct store *store; /* NULL: in memory only */
	uint64_t durable;    /* the latest ticket known to be on disk */
	struct services *services;
	struct status_feed *feed;    /* NULL: no URL */
	struct signature *signature; /* NULL: anybody may sign */
	struct fault_plan faults;
	struct control *control; /* NULL: switched off */
	bool control_waits;      /* until this ticket is durable */
	uint64_t control_ticket;
	struct server *server;
	bool elsewhere;
};

static int64_t now_of(struct local *l)
{
	return pace_now(&l->pace);
}

/* ---- an engine's world ---- */

static void world_random(void *arg, void *out, size_t n)
{
	(void)arg;
	random_bytes(out, n);
}

static void world_task_start(void *arg, const struct engine_task *task)
{
	struct realm *r = arg;
	const struct local *l = r->owner;
	services_start_task(l->services, r, r->region, task);
}

static void world_task_stop(void *arg, uint64_t id)
{
	struct realm *r = arg;
	const struct local *l = r->owner;
	services_stop_task(l->services, r, id);
}

static void world_object_start(void *arg, const struct engine_object *o)
{
	struct realm *r = arg;
	const struct local *l = r->owner;
	services_start_object(l->services, r, r->region, o);
}

static void world_role_start(void *arg, uint64_t id, const char *role_arn)
{
	struct realm *r = arg;
	const struct local *l = r->owner;
	services_start_role(l->services, r, id, role_arn);
}

static void world_ready(void *arg, const char *key)
{
	const struct realm *r = arg;
	const struct local *l = r->owner;
	if (l->server)
		server_wake(l->server, key);
}

static void world_status_changed(void *arg, const struct engine_status_change *change)
{
	struct realm *r = arg;
	const struct local *l = r->owner;
	status_feed_add(l->feed, r->region, change);
}

static bool world_denied(void *arg, const char *op)
{
	const struct realm *r = arg;
	struct local *l = r->owner;
	return fault_plan_denies_role(&l->faults, op);
}

static void keep_record(void *arg, const struct engine_record *record)
{
	const struct realm *r = arg;
	const struct local *l = r->owner;
	if (l->store)
		store_add(l->store, r->region, record);
}

/* Give the store what changed; the ticket to wait for. */
static uint64_t save(struct realm *r)
{
	const struct local *l = r->owner;
	engine_drain(r->engine, l->store ? store_ticket(l->store) : 1, keep_record, r);
	uint64_t ticket = l->store ? store_commit(l->store) : 0;
	if (l->feed)
		status_feed_ticket(l->feed, ticket);
	return ticket;
}

static void on_task_done(void *arg, void *owner, uint64_t id, struct bytes output,
			 const char *error, const char *cause)
{
	struct local *l = arg;
	struct realm *r = owner;
	engine_task_done(r->engine, now_of(l), id, output, error, cause);
	(void)save(r);
	pace_wake(&l->pace, l->pace.now);
}

static void on_object_done(void *arg, void *owner, uint64_t id, struct bytes body,
			   const char *error)
{
	struct local *l = arg;
	struct realm *r = owner;
	engine_object_done(r->engine, now_of(l), id, body, error);
	(void)save(r);
	pace_wake(&l->pace, l->pace.now);
}

static void on_role_done(void *arg, void *owner, uint64_t id, const struct engine_role *role)
{
	struct local *l = arg;
	struct realm *r = owner;
	engine_role_done(r->engine, now_of(l), id, role);
	(void)save(r);
	pace_wake(&l->pace, l->pace.now);
}

/* ---- time ---- */

static void tell_control(struct local *l)
{
	struct err err = { 0 };
	if (l->pace.target && l->store && store_broken(l->store, NULL)) {
		pace_abandon(&l->pace); /* it would never arrive */
		l->control_ticket = 0;
		l->control_waits = true;
	}
	if (!l->control_waits || l->control_ticket > l->durable)
		return;
	l->control_waits = false;
	if (l->store)
		(void)store_broken(l->store, &err);
	control_done(l->control, &err);
}

static int64_t on_turn(void *arg, int64_t now)
{
	struct local *l = arg;
	int64_t next = INT64_MAX;
	tell_control(l);
	if (l->store && (store_full(l->store) || store_broken(l->store, NULL)))
		return INT64_MAX; /* on_durable asks for the next turn; a broken store is the end */
	for (struct realm *r = l->realms.first; r; r = r->next) {
		int64_t at = engine_step(r->engine, now);
		next = at < next ? at : next;
		(void)save(r);
	}
	return next;
}

/* Is work under way that takes time of its own? */
static bool on_busy(void *arg)
{
	const struct local *l = arg;
	return services_busy(l->services) ||
	       (l->store && (store_full(l->store) || store_broken(l->store, NULL)));
}

static void on_moved(void *arg, int64_t offset_ms)
{
	struct local *l = arg;
	char json[32];
	int n = snprintf(json, sizeof(json), "{\"aheadMs\":%" PRId64 "}", offset_ms);
	const struct engine_record record = { .kind = clock_kind,
					      .key = "offset",
					      .json = { json, (size_t)n } };
	if (!l->store)
		return;
	store_add(l->store, "", &record);
	(void)store_commit(l->store);
}

/* Tell control in a later turn, when all that was done until now is durable. */
static void control_waits(struct local *l)
{
	l->control_ticket = l->store ? store_commit(l->store) : 0;
	l->control_waits = true;
	pace_wake(&l->pace, now_of(l));
}

static void on_arrived(void *arg)
{
	control_waits(arg);
}

/* ---- regions ---- */

/* A region that requests ask for the first time gets an engine of its own. */
static struct realm *realm_for_request(struct local *l, const char *region, struct err *err)
{
	struct err why = { 0 };
	const char *name = l->region ? l->region : region;
	struct realm *r = realms_find(&l->realms, name);
	if (r)
		return r;
	if (l->realms.n >= REGIONS_MAX) {
		(void)wire_error(err, "InvalidSignatureException", 400,
				 "this engine serves %d regions at most", REGIONS_MAX);
		return NULL;
	}
	r = realms_add(&l->realms, name, &why);
	if (r && engine_restored(r->engine, now_of(l), &why) == 0)
		return r;
	(void)wire_error(err, "InternalFailure", 500, "%s", why.message);
	return NULL;
}

/* What an answer waits for that could wait for all that is being written. */
static uint64_t answer_ticket(const struct realm *r, uint64_t everything)
{
	const struct local *l = r->owner;
	uint64_t tells = engine_tells(r->engine);
	if (tells >= everything)
		return everything;
	return tells > l->durable ? tells : 0;
}

static int on_request(void *arg, const struct wire_request *q, struct buf *answer, uint64_t *ticket,
		      struct err *err)
{
	struct local *l = arg;
	struct err broken;
	if (l->store && store_broken(l->store, &broken))
		return wire_error(err, "InternalFailure", 500, "the store failed: %.800s",
				  broken.message);
	struct realm *r = realm_for_request(l, q->region, err);
	if (!r)
		return -ERR_REMOTE;
	int rc = engine_request(r->engine, now_of(l), q->op, q->args, answer, err);
	*ticket = answer_ticket(r, save(r));
	pace_wake(&l->pace, l->pace.now);
	return rc;
}

/* ---- the store ---- */

static void on_durable(void *arg, uint64_t ticket, const struct err *err)
{
	struct local *l = arg;
	if (err->code)
		l->api->log(l->api->host, LOG_ERROR, "local engine: %s", err->message);
	l->durable = ticket > l->durable ? ticket : l->durable;
	if (l->feed && !err->code)
		status_feed_release(l->feed, ticket);
	server_release(l->server, ticket, err);
	pace_wake(&l->pace, now_of(l));
}

static int load_clock(struct local *l, const struct engine_record *record, struct err *err)
{
	cJSON *v = json_parse(record->json, err);
	int64_t ahead = json_get_int(v, "aheadMs", -1);
	cJSON_Delete(v);
	if (ahead < 0 || ahead > PACE_ADVANCE_MAX)
		return err_set(err, ERR_INVALID, "store: the record of the clock is damaged");
	pace_set_offset(&l->pace, ahead);
	return 0;
}

static int on_load(void *arg, const char *region, const struct engine_record *record,
		   struct err *err)
{
	struct local *l = arg;
	if (strcmp(record->kind, clock_kind) == 0)
		return load_clock(l, record, err);
	struct realm *r = realms_find(&l->realms, region);
	if (!r)
		r = realms_add(&l->realms, region, err);
	return r ? engine_restore(r->engine, record, err) : -ERR_NOMEM;
}

static int open_store(struct local *l, struct err *err)
{
	const struct store_spec spec = {
		.api = l->api, .path = data_dir_store(l->dir), .durable = on_durable, .arg = l
	};
	int rc = store_open(&l->store, &spec, err);
	return rc ? rc : store_load(l->store, on_load, l, err);
}

/* What was under way goes on. */
static int resume(struct local *l, struct err *err)
{
	int rc = 0;
	for (struct realm *r = l->realms.first; r && !rc; r = r->next) {
		rc = engine_restored(r->engine, now_of(l), err);
		(void)save(r);
	}
	pace_wake(&l->pace, l->pace.now);
	return rc;
}

/* ---- what control may ask for ---- */

static int64_t target_now(void *arg)
{
	return now_of(arg);
}

static int target_advance(void *arg, int64_t ms, struct err *err)
{
	struct local *l = arg;
	return pace_advance(&l->pace, ms, err);
}

static void on_copied(void *arg, const struct err *err)
{
	struct local *l = arg;
	control_done(l->control, err);
}

static int target_snapshot(void *arg, const char *dir, struct err *err)
{
	struct local *l = arg;
	if (!l->store)
		return err_set(err, ERR_INVALID,
			       "this engine keeps nothing on disk; start it with --data DIR");
	if (store_broken(l->store, err))
		return -ERR_IO;
	store_snapshot(l->store, dir, on_copied, l);
	return 0;
}

static int target_reset(void *arg, struct err *err)
{
	struct local *l = arg;
	if (l->store && store_broken(l->store, err))
		return -ERR_IO;
	services_drop(l->services);
	if (l->feed)
		status_feed_drop(l->feed);
	realms_free(&l->realms);
	pace_reset(&l->pace);
	if (l->store)
		store_erase(l->store);
	control_waits(l);
	return 0;
}

/* ---- starting and stopping ---- */

static char *copy(const char *text, const char *fallback, int *rc)
{
	const char *from = text ? text : fallback;
	char *s = from ? strdup(from) : NULL;
	if (from && !s)
		*rc = -ERR_NOMEM;
	return s;
}

static int copy_spec(struct local *l, const struct local_spec *spec, struct err *err)
{
	int rc = 0;
	l->account = copy(spec->account, "123456789012", &rc);
	l->region = copy(spec->region, NULL, &rc);
	l->deny = copy(spec->deny, NULL, &rc);
	if (rc)
		return err_set(err, ERR_NOMEM, "out of memory");
	return l->deny ? access_check_list(l->deny, err) : 0;
}

static int start_serving(struct local *l, char url[LOCAL_URL_SIZE], const struct local_spec *spec,
			 struct err *err)
{
	uint16_t port = 0;
	const struct server_spec server = { .api = l->api,
					    .port = spec->port,
					    .account = l->account,
					    .deny = l->deny,
					    .request_log = spec->request_log,
					    .faults = &l->faults,
					    .control = l->control,
					    .signature = l->signature,
					    .backend = on_request,
					    .arg = l };
	int rc = server_start(&l->server, &port, &server, err);
	if (rc)
		return rc;
	(void)snprintf(url, LOCAL_URL_SIZE, "http://127.0.0.1:%" PRIu16, port);
	return l->dir ? data_dir_announce(l->dir, url, err) : 0;
}

static int open_services(struct local *l, const struct local_spec *spec, struct err *err)
{
	const struct services_spec services = { .api = l->api,
						.handlers = spec->handlers,
						.lambda = spec->lambda_endpoint,
						.buckets = spec->buckets,
						.s3 = spec->s3_endpoint,
						.iam = spec->iam_endpoint,
						.iam_strict = spec->iam_strict,
						.task_done = on_task_done,
						.object_done = on_object_done,
						.role_done = on_role_done,
						.arg = l };
	return services_open(&l->services, &services, err);
}

/* What every engine gets; there are none yet. */
static void prepare_realms(struct local *l, int64_t max_open)
{
	bool buckets = services_have_buckets(l->services);
	l->realms = (struct realms){
		.owner = l,
		.config = { .account = l->account,
			    .max_open_executions = max_open > 0 ? max_open : MAX_OPEN_DEFAULT },
		.world = { .random = world_random,
			   .task_start = world_task_start,
			   .task_stop = world_task_stop,
			   .object_start = buckets ? world_object_start : NULL,
			   .ready = world_ready,
			   .denied = world_denied,
			   .role_start = services_have_iam(l->services) ? world_role_start : NULL,
			   .status_changed = l->feed ? world_status_changed : NULL },
	};
}

static int open_feed(struct local *l, const char *url, struct err *err)
{
	const struct status_feed_spec spec = { .api = l->api, .url = url, .account = l->account };
	return status_feed_open(&l->feed, &spec, err);
}

static int open_control(struct local *l, struct err *err)
{
	const struct control_spec spec = { .api = l->api,
					   .faults = &l->faults,
					   .target = { .arg = l,
						       .now = target_now,
						       .advance = target_advance,
						       .snapshot = target_snapshot,
						       .reset = target_reset } };
	return control_new(&l->control, &spec, err);
}

static int start_here(struct local *l, char url[LOCAL_URL_SIZE], const struct local_spec *spec,
		      struct err *err)
{
	int rc = open_services(l, spec, err);
	if (!rc && spec->events_url)
		rc = open_feed(l, spec->events_url, err);
	if (!rc && spec->signatures)
		rc = signature_new(&l->signature, spec->signatures, err);
	if (!rc && spec->control)
		rc = open_control(l, err);
	if (!rc)
		prepare_realms(l, spec->max_open_executions);
	if (!rc && l->dir)
		rc = open_store(l, err);
	if (!rc)
		rc = start_serving(l, url, spec, err);
	return rc ? rc : resume(l, err);
}

int local_start(struct local **out, char url[LOCAL_URL_SIZE], const struct host_api *api,
		const struct local_spec *spec, struct err *err)
{
	struct local *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_NOMEM, "out of memory");
	l->api = api;
	pace_init(&l->pace, &(struct pace_spec){ .api = api,
						 .turn = on_turn,
						 .busy = on_busy,
						 .moved = on_moved,
						 .arrived = on_arrived,
						 .arg = l });
	int rc = copy_spec(l, spec, err);
	if (!rc && spec->data)
		rc = data_dir_open(&l->dir, spec->data, url, LOCAL_URL_SIZE, err);
	l->elsewhere = !rc && spec->data && !l->dir;
	if (!rc && !l->elsewhere)
		rc = start_here(l, url, spec, err);
	if (rc)
		local_stop(l);
	else
		*out = l;
	return rc;
}

bool local_is_elsewhere(const struct local *l)
{
	return l->elsewhere;
}

void local_stop(struct local *l)
{
	struct err err;
	pace_stop(&l->pace);
	server_stop(l->server);
	control_free(l->control);
	fault_plan_clear(&l->faults);
	signature_free(l->signature);
	services_close(l->services);
	status_feed_close(l->feed);
	if (l->store && store_close(l->store, &err) != 0)
		l->api->log(l->api->host, LOG_ERROR, "local engine: %s", err.message);
	realms_free(&l->realms);
	data_dir_close(l->dir);
	free(l->account);
	free(l->region);
	free(l->deny);
	free(l);
}
