/*
 * raw_client.h - a TCP client on a thread of its own that sends exact bytes to a port of loopback
 * and keeps what comes back, until the other side closes.
 */
#ifndef TESTS_RAW_CLIENT_H
#define TESTS_RAW_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct raw_client {
	uint16_t port;
	struct bytes first, then; /* `then` is sent when something has come back */
	int trickle_ms;           /* > 0: send byte by byte, waiting so long for an answer */
	bool hang_up;             /* close as soon as everything is sent; done is not called */
	bool slow_reader;         /* a small receive buffer */
	void (*done)(void *arg);  /* on the client's thread, at the end */
	void *arg;
	struct buf got; /* with a ceiling; valid after raw_client_join */

	pthread_t thread; /* the client's own */
};

void raw_client_start(struct raw_client *c);
void raw_client_join(struct raw_client *c);

/* The same by hand. */
int raw_client_dial(const struct raw_client *c);
void raw_client_send(int fd, struct bytes b);

#endif
