/*
 * http_peer.h - who is at the other end of a connection, and how much of it there is; inside net/
 * only.
 *
 * A connection counts for its client. One of a trusted proxy counts for nobody; while a request is
 * served that came through it, it counts for the client that the proxy names.
 */
#ifndef NET_HTTP_PEER_H
#define NET_HTTP_PEER_H

#include "net/http_forwarded.h"
#include "net/tally.h"

struct http_peers { /* what connections share */
	struct tally *tally;
	struct net_blocks proxies; /* trusted */
	int max;                   /* connections of one client; 0: no limit */
};

struct http_peer {
	struct http_peers *all;
	struct net_address address, client; /* its own; whom it counts for */
	uint16_t port;
	bool proxy, counted;
	char text[64]; /* "127.0.0.1:40212"; "203.0.113.9" as a proxy named it; "unix" */
};

struct sockaddr;
void http_peer_init(struct http_peer *p, struct http_peers *all, const struct sockaddr *a);

/* A connection comes. @return whether the client may have one more; no longer at http_peer_leave */
NODISCARD bool http_peer_enter(struct http_peer *p);
void http_peer_leave(struct http_peer *p); /* again is fine */

/* A request is about to be served, until http_peer_served. @return whether it may be */
NODISCARD bool http_peer_serve(struct http_peer *p, const struct http_header *headers,
			       size_t n_headers);
void http_peer_served(struct http_peer *p);

#endif
