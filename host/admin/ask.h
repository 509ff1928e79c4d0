/*
 * ask.h - the other end of control.h: one request to the process that owns a state directory.
 *
 * For the loop's thread. Callbacks come from the loop, never from inside ask_start.
 */
#ifndef ADMIN_ASK_H
#define ADMIN_ASK_H

#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/json.h"

struct loop;
struct ask;

struct ask_events {
	/* {"name":..., ...}; borrowed. NULL: nobody wants to know. */
	void (*event)(void *arg, const cJSON *event);
	/*
	 * The end, exactly once unless ask_free comes first; may free the ask.
	 *
	 * @param answer borrowed; NULL when err is set: ERR_REMOTE with the owner's code in err->name,
	 *               or ERR_IO when the owner has gone without an answer
	 */
	void (*end)(void *arg, const cJSON *answer, const struct err *err);
};

/*
 * @param path    of the socket
 * @param request {"op":..., ...}; borrowed for the call
 * @param events  borrowed, as is arg
 * @param[out] out owned by the caller; ask_free
 * @return 0; -ERR_IO when nobody listens
 */
NODISCARD int ask_start(struct ask **out, struct loop *l, const char *path, const cJSON *request,
			const struct ask_events *events, void *arg, struct err *err);

/* A further line. */
void ask_more(struct ask *a, const cJSON *line);

/* The process that is asked. */
pid_t ask_pid(const struct ask *a);

void ask_free(struct ask *a); /* NULL is fine */

#endif
