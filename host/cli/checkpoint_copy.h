/*
 * checkpoint_copy.h - checkpoints copied to where who rules this machine does not rule: appended to a
 * file, such as one on another host's file system, and sent by HTTP POST.
 *
 * Each new checkpoint covers all before it, so only the newest is sent. A copy that fails is tried
 * again after 1 s, 2 s, 4 s ... up to a minute, with the newest checkpoint there is then; failures
 * are said. Nothing waits for a copy, but for the last one (checkpoint_copy_finish).
 */
#ifndef CLI_CHECKPOINT_COPY_H
#define CLI_CHECKPOINT_COPY_H

#include "base/bytes.h"
#include "base/err.h"
#include "net/loop.h"

struct http_client;
struct checkpoint_copy;

struct checkpoint_copy_spec {
	struct loop *loop; /* these three outlive it */
	struct worker *worker;
	struct http_client *http;
	const char *file, *url;                      /* NULL: not there. Borrowed */
	void (*failed)(void *arg, const char *text); /* a copy failed, for the log */
	void *arg;
};

/* @param[out] out owned by the caller; checkpoint_copy_free. -ERR_NOMEM */
NODISCARD int checkpoint_copy_new(struct checkpoint_copy **out,
				  const struct checkpoint_copy_spec *spec, struct err *err);

/* Copy this note; it is copied. From the loop's thread, whether the loop runs or not. */
void checkpoint_copy_add(struct checkpoint_copy *c, struct bytes note);

/* Run the loop until what was added is copied, or for wait_ms. */
void checkpoint_copy_finish(struct checkpoint_copy *c, int64_t wait_ms);

void checkpoint_copy_free(struct checkpoint_copy *c); /* stops what goes on; NULL is fine */

#endif
