/* host_log.h - the host's audit log: opened as the configuration says, with what it has to tell, and
 * its checkpoints copied to other places. */
#ifndef CLI_HOST_LOG_H
#define CLI_HOST_LOG_H

#include "cli/host.h"

struct commit_spec;

struct host_log_names { /* where the strings of a spec are */
	char audit[4096], host[256];
};

/* The log that the configuration means, whoever writes to it: where it is, its key, when it is signed
 * and begins another segment. @param[out] spec borrows names and c. -ERR_INVALID */
NODISCARD int host_log_spec(struct commit_spec *spec, struct host_log_names *names,
			    const struct config *c, struct err *err);

/* Open the audit log and the store, and say what dead processes left behind: each call whose outcome
 * is unknown by run, operation and resource. */
NODISCARD int host_log_open(struct host *h, struct err *err);

/* Close it; a run may have ended well and its last records be missing: that must not go by unseen.
 * Waits for the copies of the last checkpoint, up to 5 s.
 *
 * @return status, or EXIT_NO_AUDIT instead of EXIT_DONE */
NODISCARD int host_log_close(struct host *h, int status);

#endif
