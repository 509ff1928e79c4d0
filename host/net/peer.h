/*
 * peer.h - lines of text over a Unix socket, between processes of one user on one machine.
 *
 * The socket is a file with mode 0600 and every peer is asked for its user id by SO_PEERCRED: only
 * the same user and root get in. A line ends with a newline, which is not part of it; one that is
 * longer than PEER_LINE_MAX ends the connection.
 *
 * Callbacks come from the loop, never from inside a function of this header. A connection lives
 * until peer_close, which its owner calls also after `closed`.
 */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct loop;
struct peer;
struct peer_server;

enum { PEER_LINE_MAX = 64 << 20 };

struct peer_events {
	void (*line)(void *arg, struct bytes line); /* borrowed; may close the connection */
	void (*closed)(void *arg);                  /* the peer has gone; nothing comes any more */
};

/* ---- one connection ---- */

/*
 * Connect to the socket at path.
 *
 * @param events borrowed for the life of the connection, as is arg
 * @param[out] out owned by the caller; peer_close
 * @return 0; -ERR_IO when nobody listens there, err->status being the errno
 */
NODISCARD int peer_connect(struct peer **out, struct loop *l, const char *path,
			   const struct peer_events *events, void *arg, struct err *err);

/* From now on events and arg are these: for who accepted it. */
void peer_set_events(struct peer *c, const struct peer_events *events, void *arg);

/* Send a line; text must not contain a newline. Kept in memory until the peer takes it. */
void peer_send(struct peer *c, struct bytes text);

pid_t peer_pid(const struct peer *c);
uid_t peer_uid(const struct peer *c);

/* What was sent and not yet taken is still offered to a peer that was accepted, for up to a second or
 * until its server is freed; who connected has had its answer by then. NULL is fine. */
void peer_close(struct peer *c);

/* ---- the server ---- */

struct peer_server_spec {
	struct loop *loop;
	const char
	    *path; /* a socket that is already there is replaced: the caller owns the place */
	void (*accepted)(void *arg, struct peer *c); /* owned by the callee from then on */
	void *arg;
};

/* @param[out] out owned by the caller; peer_server_free, which also removes the file
 * @return 0; -ERR_INVALID when path is too long for a socket; -ERR_IO */
NODISCARD int peer_server_start(struct peer_server **out, const struct peer_server_spec *spec,
				struct err *err);
void peer_server_free(struct peer_server *s); /* after all that it accepted; NULL is fine */

#endif
