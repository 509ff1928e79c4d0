/* webhook_hook.h - one hook, one request, and what the check makes of them. */
#ifndef TESTS_WEBHOOK_HOOK_H
#define TESTS_WEBHOOK_HOOK_H

#include "tap.h"
#include "trigger/webhook_auth.h"

#define HEADERS(...) ((const struct http_header[]){ __VA_ARGS__, { NULL, NULL } })
#define NO_HEADERS ((const struct http_header[]){ { NULL, NULL } })

/* One hook and up to three secrets. */
struct hook {
	struct webhook_auth_spec spec;
	const char *secrets[3];
};

static inline struct webhook_auth *make(const struct hook *h)
{
	struct bytes secrets[3];
	struct webhook_auth_spec spec = h->spec;
	struct webhook_auth *a = NULL;
	struct err err = { 0 };
	for (size_t i = 0; i < 3 && h->secrets[i]; i++)
		secrets[spec.n_secrets++] = bytes_str(h->secrets[i]);
	spec.secrets = secrets;
	if (webhook_auth_new(&a, &spec, &err) < 0)
		TAP_NOTE("%s", err.message);
	INVARIANT(a != NULL);
	return a;
}

static inline struct http_received request(const struct http_header *headers, const char *body)
{
	struct http_received req = { .method = "POST",
				     .path = "/",
				     .query = "",
				     .headers = headers,
				     .body = bytes_str(body),
				     .peer = "192.0.2.1:4000" };
	while (headers[req.n_headers].name)
		req.n_headers++;
	return req;
}

static inline struct webhook_proof prove(const struct hook *h, const struct http_header *headers,
					 const char *body, int64_t now_ms)
{
	struct webhook_proof p;
	struct webhook_auth *a = make(h);
	const struct http_received req = request(headers, body);
	webhook_auth_check(a, &req, now_ms, &p);
	webhook_auth_free(a);
	return p;
}

#define CHECK_PROVEN(proof, who) \
	do { \
		struct webhook_proof got_ = (proof); \
		CHECK_STR(got_.why ? got_.why : "", ""); \
		CHECK_STR(got_.identity, who); \
	} while (0)

#define CHECK_REFUSED(proof, reason) \
	do { \
		struct webhook_proof got_ = (proof); \
		CHECK_STR(got_.why ? got_.why : "(proven)", reason); \
		CHECK_STR(got_.identity, ""); \
	} while (0)

#endif
