/*
 * status_link.h - where a sender asks what became of his delivery, and how long he wants to wait. Pure.
 *
 *	BASE/hooks/redrive/runs/RUN?token=<32 hex digits>
 *
 * The token is the first half of an HMAC-SHA256 over a text with a version in front of it, the hook's
 * path and the run's id: whoever has the link may read how the run ended, and nothing else. It is
 * good for as long as the run is kept.
 */
#ifndef TRIGGER_STATUS_LINK_H
#define TRIGGER_STATUS_LINK_H

#include "base/buf.h"
#include "base/http.h"
#include "base/random.h"

enum { STATUS_WAIT_MAX_MS = 300 * 1000 };

/* Append it. base_url has no slash at its end. -ERR_NOMEM */
NODISCARD int status_link_write(struct buf *out, const char *base_url, struct bytes key,
				const char *hook_path, const char *run);

/*
 * Read the path and query of a request to the hook at hook_path. A token is computed and compared in
 * any case.
 *
 * @param[out] run of the link, if it is right
 */
bool status_link_read(char run[UUID_SIZE], const char *hook_path, const char *path,
		      const char *query, struct bytes key);

/*
 * How long the sender wants to wait for the result: `wait=30s` (500ms, 2m, a bare number is seconds)
 * of the query, or `Prefer: wait=30`. Never more than STATUS_WAIT_MAX_MS.
 *
 * @return 0: not at all; -1: the query's wait is malformed
 */
int64_t status_wait_ms(const struct http_received *req);

#endif
