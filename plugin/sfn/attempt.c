#include "sfn/attempt.h"

#include <stdio.h>

#include "base/crypto.h"

static void add(struct attempt *a, const char *name, const char *value)
{
	INVARIANT(a->n_headers < ATTEMPT_HEADERS_MAX);
	a->headers[a->n_headers++] = (struct http_header){ name, value };
}

static void add_headers(struct attempt *a, const struct attempt_spec *spec)
{
	const struct client *c = spec->client;
	(void)snprintf(a->target, sizeof(a->target), "AWSStepFunctions.%s", spec->op->wire_name);
	(void)snprintf(a->sdk_request, sizeof(a->sdk_request), "attempt=%d; max=%d", spec->number,
		       c->max_attempts);
	sigv4_date(a->date, spec->wall_ms + (c->correct_skew ? c->skew.ms : 0));
	add(a, "Host", c->endpoint.host);
	add(a, "Accept-Encoding", "identity");
	add(a, "X-Amz-Target", a->target);
	add(a, "Content-Type", "application/x-amz-json-1.0");
	add(a, "User-Agent", c->user_agent);
	add(a, "X-Amz-Date", a->date);
	if (c->credentials->session_token)
		add(a, "X-Amz-Security-Token", c->credentials->session_token);
	add(a, "amz-sdk-invocation-id", spec->invocation_id);
	add(a, "amz-sdk-request", a->sdk_request);
}

int attempt_sign(struct attempt *out, const struct attempt_spec *spec, struct err *err)
{
	const struct client *c = spec->client;
	*out = (struct attempt){ .authorization = BUF_INIT(AUTHORIZATION_MAX) };
	add_headers(out, spec);
	const struct sigv4_request request = {
		.method = "POST",
		.path = c->endpoint.path,
		.headers = out->headers,
		.n_headers = out->n_headers,
		.body = spec->body,
		.date = out->date,
		.region = c->region,
		.service = "states",
		.access_key_id = c->credentials->access_key_id,
		.secret_access_key = c->credentials->secret_access_key,
	};
	int rc = sigv4_sign(c->signer, &out->authorization, &request, err);
	if (rc == 0)
		add(out, "Authorization", buf_cstr(&out->authorization));
	return rc;
}

void attempt_clear(struct attempt *a)
{
	buf_clear(&a->authorization);
	*a = (struct attempt){ 0 };
}
