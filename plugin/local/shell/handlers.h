/*
 * handlers.h - task handlers: functions of a Lua file, by Lambda function name.
 *
 * A task is queued and its handler called in a later turn of the loop, first come first served, for
 * at most a slice of time a turn. What a handler's end becomes:
 *
 *	returned a value                  the output
 *	raised { error =, cause = }       these two
 *	raised anything else              Error, with the text
 *	ran out of its budget             Sandbox.Timedout
 *	returned what is not JSON         Runtime.MarshalError
 *	no such function, or no file      Lambda.ResourceNotFoundException, naming both
 *
 * For the loop's thread.
 */
#ifndef LOCAL_HANDLERS_H
#define LOCAL_HANDLERS_H

#include "local/core/engine.h"
#include "plugin_api.h"

struct handlers;

/* A task has ended: output, or error and cause. Everything is borrowed for the call. From the loop,
 * never inside handlers_start. */
typedef void handlers_done_fn(void *arg, void *owner, uint64_t id, struct bytes output,
			      const char *error, const char *cause);

struct handlers_spec {
	const struct host_api *api; /* borrowed */
	const char *path;           /* NULL: no file, every task fails; copied */
	handlers_done_fn *done;
	void *arg;
};

/* @param[out] out owned by the caller; handlers_close. -ERR_INVALID: the file cannot be loaded */
NODISCARD int handlers_open(struct handlers **out, const struct handlers_spec *spec,
			    struct err *err);
void handlers_close(struct handlers *h); /* drops what is queued; NULL is fine */

/* Does the file have a function of that name? */
bool handlers_has(const struct handlers *h, const char *function);

bool handlers_busy(const struct handlers *h); /* is anything queued? */
void handlers_drop(struct handlers *h);       /* forget everything that is queued */

/* @param owner  handed back to done; id is unique for an owner */
void handlers_start(struct handlers *h, void *owner, const struct engine_task *task);
void handlers_stop(struct handlers *h, void *owner, uint64_t id); /* unknown ones are fine */

#endif
