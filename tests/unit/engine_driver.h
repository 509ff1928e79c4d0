/*
 * engine_driver.h - drives the engine's core in tests: a fake clock, a fake world, a fake store.
 *
 * Nothing happens by itself: time moves with driver_advance, tasks end when the driver runs the
 * handler for them. JSON in arguments may use ' for ".
 */
#ifndef TESTS_ENGINE_DRIVER_H
#define TESTS_ENGINE_DRIVER_H

#include "local/core/engine.h"

/* 2026-09-24T00:00:00Z: after the launch of redrive. */
#define DRIVER_START INT64_C(1790208000000)

struct driver;

/* The end of a task: fill *out with JSON and return NULL, or return an error's name. */
typedef const char *driver_handler(struct driver *d, const char *function, const cJSON *input,
				   struct buf *out);

struct driver_record {
	char *kind, *key, *json;
};

struct driver_task {
	uint64_t id;
	char *function; /* "NAME" or "NAME:QUALIFIER" */
	char *input;
	bool stopped;
};

/* An object in the fake bucket, "BUCKET/KEY". */
struct driver_object {
	char *path, *body;
};

struct driver_op {
	uint64_t id;
	int what;
	char *path, *body;
};

struct driver {
	struct engine *e;
	struct engine_config config;
	int64_t now;
	uint64_t seed;
	driver_handler *handler;
	bool hold;               /* keep tasks unanswered */
	bool waits;              /* requests may wait; set it before driver_reopen */
	bool denied;             /* nothing can be written to a bucket */
	bool asks_roles;         /* roles have policies; set it before driver_reopen */
	const char *policies;    /* of every role, a JSON array; NULL: there is no such role */
	const char *role_error;  /* why nobody knows them, or NULL */
	const char *role_denied; /* the operation the machines' role may not call, or NULL */
	int role_reads;          /* how often roles were read */
	bool restart;            /* drain and restore after every step */
	int calls;               /* of the handler */
	struct driver_task *tasks;
	size_t n_tasks, cap_tasks;
	struct driver_object *objects;
	size_t n_objects, cap_objects;
	struct driver_op *ops; /* operations on buckets, not yet answered */
	size_t n_ops, cap_ops;
	struct driver_record *records;
	size_t n_records, cap_records;
	uint64_t drains; /* the ticket of the last one */
	struct buf answer;
	struct buf status_changes; /* the detail of each, a line each */
	struct err err;
};

void driver_open(struct driver *d, driver_handler *handler);
void driver_reopen(struct driver *d); /* empty again, after a change of d->config */
void driver_close(struct driver *d);

/* One request. Returns the answer, or "Code: message"; borrowed until the next one. */
const char *driver_call(struct driver *d, const char *op, const char *args, ...) PRINTF_LIKE(3, 4);
/* The same; a member of the answer by its dotted path, as text ("events.3.type"). */
const char *driver_get(struct driver *d, const char *path);

void driver_put(struct driver *d, const char *path, const char *body);
const char *driver_object(struct driver *d, const char *path); /* its body, or NULL */

void driver_run(struct driver *d);                 /* all that is due now */
void driver_advance(struct driver *d, int64_t ms); /* run, move the clock, run */
void driver_drain(struct driver *d);               /* into the store */
void driver_restart(struct driver *d);             /* drain, free, restore */

/* "1<0 ExecutionStarted, 2<0 PassStateEntered ..." of an execution. Borrowed. */
const char *driver_history(struct driver *d, const char *arn);
/* Create a machine of that name; its ARN is driver_arn("stateMachine", name). */
void driver_machine(struct driver *d, const char *name, const char *definition);
const char *driver_start(struct driver *d, const char *machine, const char *name,
			 const char *input); /* the execution's ARN */
/* The ARN of the nth Map Run of an execution, newest first. */
void driver_map_run(struct driver *d, const char *arn, int nth, char run[300]);

#endif
