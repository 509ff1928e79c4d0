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

#include "base/random.h"

#include "local/access.h"
#include "local/data_dir.h"
#include "local/engine.h"
#include "local/handlers.h"
#include "local/server.h"
#include "local/store.h"

enum {
	REGIONS_MAX = 64,
	TIMER_MAX_MS = 60 * 1000, /* look at the wall clock that often: it may be set */
	MAX_OPEN_DEFAULT = 1000 * 1000,
};

struct realm {
	struct realm *next;
	struct local *local;
	struct engine *engine;
	char region[WIRE_REGION_SIZE];
};

struct local {
	const struct host_api *api;
	char *account, *region, *deny; /* region NULL: each request's own */
	int64_t max_open;
	int64_t now; /* never goes back */
	struct realm *realms;
	int n_realms;
	struct data_dir *dir;
	struct store *store; /* NULL: in memory only */
	struct handlers *handlers;
	struct server *server;
	struct timer *timer;
	int64_t timer_at; /* of the wall clock */
	bool elsewhere;
};

static void on_turn(void *arg);

static int64_t now_of(struct local *l)
{
	int64_t now = l->api->now_ms(l->api->host);
	if (now > l->now)
		l->now = now;
	return l->now;
}

/* Have a turn at the wall time `at`, or earlier when one is due earlier. */
static void turn_at(struct local *l, int64_t at)
{
	int64_t now = now_of(l);
	int64_t wait = at > now ? at - now : 0;
	if (wait > TIMER_MAX_MS)
		wait = TIMER_MAX_MS;
	if (l->timer && l->timer_at <= now + wait)
		return;
	if (l->timer)
		l->api->timer_stop(l->api->host, l->timer);
	l->timer_at = now + wait;
	l->timer = l->api->timer_start(l->api->host, wait, on_turn, l);
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
	handlers_start(r->local->handlers, r, task);
}

static void world_task_stop(void *arg, uint64_t id)
{
	struct realm *r = arg;
	handlers_stop(r->local->handlers, r, id);
}

static void world_ready(void *arg, const char *key)
{
	struct realm *r = arg;
	if (r->local->server)
		server_wake(r->local->server, key);
}

static void keep_record(void *arg, const struct engine_record *record)
{
	const struct realm *r = arg;
	if (r->local->store)
		store_add(r->local->store, r->region, record);
}

/* Give the store what changed; the ticket to wait for. */
static uint64_t save(struct realm *r)
{
	engine_drain(r->engine, keep_record, r);
	return r->local->store ? store_commit(r->local->store) : 0;
}

static void on_task_done(void *arg, void *owner, uint64_t id, struct bytes output,
			 const char *error, const char *cause)
{
	struct local *l = arg;
	struct realm *r = owner;
	engine_task_done(r->engine, now_of(l), id, output, error, cause);
	(void)save(r);
	turn_at(l, l->now);
}

static void on_turn(void *arg)
{
	struct local *l = arg;
	int64_t next = INT64_MAX;
	l->timer = NULL;
	if (l->store && (store_full(l->store) || store_broken(l->store, NULL)))
		return; /* on_durable asks for the next turn; a broken store is the end */
	for (struct realm *r = l->realms; r; r = r->next) {
		int64_t at = engine_step(r->engine, now_of(l));
		next = at < next ? at : next;
		(void)save(r);
	}
	if (next < INT64_MAX)
		turn_at(l, next);
}

/* ---- regions ---- */

/* NULL after an error. */
static struct realm *realm_new(struct local *l, const char *region, struct err *err)
{
	struct realm *r = calloc(1, sizeof(*r));
	if (!r) {
		(void)err_set(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	r->local = l;
	(void)snprintf(r->region, sizeof(r->region), "%s", region);
	const struct engine_config config = { .account = l->account,
					      .region = r->region,
					      .max_open_executions = l->max_open };
	const struct engine_world world = { .arg = r,
					    .random = world_random,
					    .task_start = world_task_start,
					    .task_stop = world_task_stop,
					    .ready = world_ready };
	if (engine_new(&r->engine, &config, &world, err) != 0) {
		free(r);
		return NULL;
	}
	r->next = l->realms;
	l->realms = r;
	l->n_realms++;
	return r;
}

static struct realm *realm_of(struct local *l, const char *region)
{
	for (struct realm *r = l->realms; r; r = r->next) {
		if (strcmp(r->region, region) == 0)
			return r;
	}
	return NULL;
}

/* A region that requests ask for the first time gets an engine of its own. */
static struct realm *realm_for_request(struct local *l, const char *region, struct err *err)
{
	struct err why = { 0 };
	const char *name = l->region ? l->region : region;
	struct realm *r = realm_of(l, name);
	if (r)
		return r;
	if (l->n_realms >= REGIONS_MAX) {
		(void)wire_error(err, "InvalidSignatureException", 400,
				 "this engine serves %d regions at most", REGIONS_MAX);
		return NULL;
	}
	r = realm_new(l, name, &why);
	if (r && engine_restored(r->engine, now_of(l), &why) == 0)
		return r;
	(void)wire_error(err, "InternalFailure", 500, "%s", why.message);
	return NULL;
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
	*ticket = save(r);
	turn_at(l, l->now);
	return rc;
}

/* ---- the store ---- */

static void on_durable(void *arg, uint64_t ticket, const struct err *err)
{
	struct local *l = arg;
	if (err->code)
		l->api->log(l->api->host, LOG_ERROR, "local engine: %s", err->message);
	server_release(l->server, ticket, err);
	turn_at(l, now_of(l));
}

static int on_load(void *arg, const char *region, const struct engine_record *record,
		   struct err *err)
{
	struct local *l = arg;
	struct realm *r = realm_of(l, region);
	if (!r)
		r = realm_new(l, region, err);
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
	for (struct realm *r = l->realms; r && !rc; r = r->next) {
		rc = engine_restored(r->engine, now_of(l), err);
		(void)save(r);
	}
	turn_at(l, l->now);
	return rc;
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
	l->max_open = spec->max_open_executions > 0 ? spec->max_open_executions : MAX_OPEN_DEFAULT;
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
					    .backend = on_request,
					    .arg = l };
	int rc = server_start(&l->server, &port, &server, err);
	if (rc)
		return rc;
	(void)snprintf(url, LOCAL_URL_SIZE, "http://127.0.0.1:%" PRIu16, port);
	return l->dir ? data_dir_announce(l->dir, url, err) : 0;
}

static int start_here(struct local *l, char url[LOCAL_URL_SIZE], const struct local_spec *spec,
		      struct err *err)
{
	const struct handlers_spec handlers = {
		.api = l->api, .path = spec->handlers, .done = on_task_done, .arg = l
	};
	int rc = handlers_open(&l->handlers, &handlers, err);
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
	if (l->timer)
		l->api->timer_stop(l->api->host, l->timer);
	server_stop(l->server);
	handlers_close(l->handlers);
	if (l->store && store_close(l->store, &err) != 0)
		l->api->log(l->api->host, LOG_ERROR, "local engine: %s", err.message);
	while (l->realms) {
		struct realm *r = l->realms;
		l->realms = r->next;
		engine_free(r->engine);
		free(r);
	}
	data_dir_close(l->dir);
	free(l->account);
	free(l->region);
	free(l->deny);
	free(l);
}
