/*
 * serve_heartbeat.h - a GET every so often to a place that misses it when it does not come.
 *
 * It is sent once all that was recorded so far is on disk, so a host whose log or store hangs or is
 * unavailable is as silent as a dead one. The first goes out at the start. What it answers is looked at
 * for people only: a line when it begins to fail and one when it works again.
 */
#ifndef CLI_SERVE_HEARTBEAT_H
#define CLI_SERVE_HEARTBEAT_H

#include "cli/serve.h"

struct heartbeat;

/* Silent where there is no [heartbeat]. @param[out] out owned by the caller; heartbeat_free */
NODISCARD int heartbeat_start(struct heartbeat **out, struct serve *s, struct err *err);
/* The configuration was another. Where [heartbeat] is not as it was one goes out at once. */
void heartbeat_changed(struct heartbeat *h, const struct config *was);
void heartbeat_free(struct heartbeat *h); /* before the committer ends. NULL is fine */

#endif
