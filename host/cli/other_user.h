/*
 * other_user.h - [host] user: what needs root is done, then the process is another user's for good.
 *
 * As root, before anything else is opened and the first thread: the configuration and the secrets of hooks
 * are read (config_open), then the certificates and keys of [listen] and [admin], and their sockets are
 * bound. Everything else is opened as the user: the state directory, whose last folder is made if it
 * is missing, the audit key, plugins, runbooks, [secrets]. A reload reads certificates, keys and secrets as the user, too:
 * what only root may read makes it fail, and is named.
 */
#ifndef CLI_OTHER_USER_H
#define CLI_OTHER_USER_H

#include "base/err.h"

struct config;
struct tls_server;

struct begun_as_root { /* what config's sections point to */
	struct tls_server *tls[2];
};

/*
 * Become [host] user, of [host] group (default: the user's) and its further groups, without capabilities
 * and with no way back. Nothing happens without the key, and where the process is that user's already.
 *
 * @param[out] kept  other_user_clear once no server is begun any more, in any case
 * @return 0; -ERR_INVALID: who that is, whose the process is, or whose the state directory is; -ERR_IO
 */
NODISCARD int other_user_become(struct begun_as_root *kept, struct config *c, struct err *err);
void other_user_clear(struct begun_as_root *kept);

#endif
