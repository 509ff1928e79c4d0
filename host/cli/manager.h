/*
 * manager.h - the service manager that has started this process (systemd, or what speaks as it does):
 * it is told how the process is, and may have opened its sockets.
 *
 * NOTIFY_SOCKET names a datagram socket, see sd_notify(3): READY=1 once triggers are taken,
 * RELOADING=1 while the configuration is read anew, STOPPING=1, STATUS=text, and WATCHDOG=1 from the loop, twice within WATCHDOG_USEC: a loop that hangs
 * is told by silence. LISTEN_FDS and LISTEN_FDNAMES hand over sockets, see sd_listen_fds(3): an
 * address socket:NAME in [listen] or [admin] is the next of that name. Without a manager nothing
 * happens.
 */
#ifndef CLI_MANAGER_H
#define CLI_MANAGER_H

#include "base/compiler.h"
#include "base/err.h"

struct config_listen;
struct loop;
struct manager;

/* @param[out] out owned by the caller; manager_free before the loop. -ERR_INVALID, -ERR_IO,
 * -ERR_NOMEM: there is one, and it cannot be told */
NODISCARD int manager_new(struct manager **out, struct loop *loop, struct err *err);
void manager_free(struct manager *m); /* NULL is fine */

/* text: one line for people, NULL: none. */
void manager_ready(struct manager *m, const char *text);
/* From here to manager_ready, which is told also where nothing came of it. m: NULL is fine */
void manager_reloading(struct manager *m);
void manager_stopping(struct manager *m);

/* Put the descriptors where the addresses name sockets. Those of a socket are used once.
 * @return 0; -ERR_INVALID names the address for which no socket was handed over */
NODISCARD int manager_sockets(struct config_listen *l, struct err *err);

/* The first descriptor that is none of those handed over: 3, if there are none. */
int manager_fds_end(void);

#endif
