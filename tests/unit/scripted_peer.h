/*
 * scripted_peer.h - a TCP server on loopback that does what its script says, on a thread of its own.
 *
 * Each step serves one request: it is read whole (header block and Content-Length bytes of body),
 * kept for peer_request, and then the step happens. PEER_ANSWER goes on with the same connection,
 * the others end it and the next step takes a new one.
 */
#ifndef TESTS_SCRIPTED_PEER_H
#define TESTS_SCRIPTED_PEER_H

#include <stdint.h>

enum peer_action {
	PEER_ANSWER,      /* write text */
	PEER_ANSWER_LAST, /* write text and close */
	PEER_RESET,       /* write text and reset the connection */
	PEER_HOLD,        /* write text and wait until the other side closes */
};

struct peer_step {
	enum peer_action action;
	const char *text; /* borrowed until peer_stop */
};

struct peer;
typedef void peer_fn(void *arg);

/* seen (may be NULL) is called on the peer's thread when the request of a step has been read. A
 * socket error ends the script early: the client's checks will tell. */
struct peer *peer_start(const struct peer_step *steps, int n_steps, peer_fn *seen, void *arg);
uint16_t peer_port(const struct peer *p);
void peer_stop(struct peer *p); /* waits until the script has been played; call it once */

/* The requests read so far, after one another. Only after peer_join. */
const char *peer_requests(const struct peer *p);
void peer_join(struct peer *p); /* wait until the script has been played; before peer_stop */

uint16_t peer_closed_port(void); /* a port of 127.0.0.1 on which nobody listens */

#endif
