/*
 * attempt.h - one signed request of a call: headers and Authorization, made afresh for every attempt.
 */
#ifndef SFN_ATTEMPT_H
#define SFN_ATTEMPT_H

#include "base/random.h"
#include "sfn/client.h"

enum { ATTEMPT_HEADERS_MAX = 12, AUTHORIZATION_MAX = 2048 };

struct attempt_spec { /* borrowed until the attempt is cleared */
	const struct client *client;
	const struct operation *op;
	struct bytes body;
	const char *invocation_id; /* of the call: the same on all its attempts */
	int number;                /* 1 for the first */
	int64_t wall_ms;           /* our clock; the client's skew is added */
};

struct attempt {
	struct http_header headers[ATTEMPT_HEADERS_MAX];
	size_t n_headers;
	char date[SIGV4_DATE_SIZE];
	char target[64];
	char sdk_request[48];
	struct buf authorization;
};

/*
 * Fill *out. The client must be resolved. End with attempt_clear, also after a failure.
 *
 * @return 0; what sigv4_sign returns
 */
NODISCARD int attempt_sign(struct attempt *out, const struct attempt_spec *spec, struct err *err);
void attempt_clear(struct attempt *a);

#endif
