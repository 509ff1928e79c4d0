#include "local/shell/iam.h"

#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "base/random.h"
#include "local/shell/iam_inquiry.h"
#include "local/shell/s3_xml.h"

enum {
	FORM_MAX = 16 * 1024,
	AUTHORIZATION_MAX = 4096,
	BODY_MAX = 4 << 20, /* a page of a list, or a policy, percent-encoded and escaped */
	REQUEST_MS = 20 * 1000,
	HEADERS_MAX = 5,
};

/*
 *  ASKING ──► ASKING   the next question
 *   ▲  │
 *   │  ▼
 *  BACKOFF             the same question again; or 0 ms before a failure known at once is told
 *
 * Exactly one of transfer and timer is set.
 */
struct reading {
	struct reading *next;
	struct iam *iam;
	struct iam_inquiry inquiry;
	void *owner;
	uint64_t id;
	struct buf form; /* the request's body: the transfer borrows it */
	struct http_transfer *transfer;
	struct timer *timer;
	int attempts, cost; /* of this question; what the last retry took from the quota */
	struct err why;     /* to be told by the timer; code 0: nothing, it is to try again */
};

struct iam {
	struct iam_spec spec;
	struct endpoint endpoint;
	struct sigv4_signer *signer;
	struct retry_quota quota;
	struct reading *first;
};

static const char *env(const struct iam *m, const char *name)
{
	const struct host_api *api = m->spec.api;
	const char *value = api->env(api->host, name);
	return value && *value ? value : NULL;
}

int iam_open(struct iam **out, const struct iam_spec *spec, struct err *err)
{
	struct iam *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ERR_NOMEM, "out of memory");
	m->spec = *spec;
	m->quota.left = RETRY_QUOTA;
	const char *only = env(m, "RUNBOOK_LOOPBACK_ONLY");
	const struct endpoint_rules rules = { .service = "iam",
					      .override = spec->endpoint,
					      .loopback_only = only && strcmp(only, "1") == 0 };
	int rc = endpoint_resolve(&m->endpoint, &rules, err);
	if (!rc)
		rc = sigv4_signer_new(&m->signer, err);
	if (rc)
		iam_close(m);
	else
		*out = m;
	return rc;
}

static void remove_reading(struct reading *r)
{
	const struct host_api *api = r->iam->spec.api;
	struct reading **link = &r->iam->first;
	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	if (r->transfer)
		api->http_stop(api->host, r->transfer);
	if (r->timer)
		api->timer_stop(api->host, r->timer);
	iam_inquiry_clear(&r->inquiry);
	buf_clear(&r->form);
	free(r);
}

void iam_drop(struct iam *m)
{
	while (m->first)
		remove_reading(m->first);
}

void iam_close(struct iam *m)
{
	if (!m)
		return;
	iam_drop(m);
	sigv4_signer_free(m->signer);
	free(m);
}

bool iam_busy(const struct iam *m)
{
	return m->first != NULL;
}

/* ---- a request ---- */

/* Append what signs the request to its headers. */
static int sign(struct iam *m, struct http_request *req, struct http_header *headers,
		const char *date, struct buf *authorization, struct err *err)
{
	const char *id = env(m, "AWS_ACCESS_KEY_ID"), *secret = env(m, "AWS_SECRET_ACCESS_KEY");
	const char *session = env(m, "AWS_SESSION_TOKEN");
	bool own = id && secret;
	if (own && session)
		headers[req->n_headers++] = (struct http_header){ "X-Amz-Security-Token", session };
	const struct sigv4_request r = {
		.method = "POST",
		.path = m->endpoint.path,
		.query = BYTES_LIT(""),
		.headers = headers,
		.n_headers = req->n_headers,
		.body = req->body,
		.date = date,
		.region = "us-east-1",
		.service = "iam",
		.access_key_id = own ? id : "local",
		.secret_access_key = own ? secret : "local",
	};
	int rc = sigv4_sign(m->signer, authorization, &r, err);
	if (!rc)
		headers[req->n_headers++] =
		    (struct http_header){ "Authorization", buf_cstr(authorization) };
	return rc;
}

static void on_answer(void *arg, const struct http_answer *h);

static int send(struct reading *r, struct err *err)
{
	struct iam *m = r->iam;
	const struct host_api *api = m->spec.api;
	struct buf authorization = BUF_INIT(AUTHORIZATION_MAX);
	char date[SIGV4_DATE_SIZE];
	struct http_header headers[HEADERS_MAX] = {
		{ "Host", m->endpoint.host },
		{ "Content-Type", "application/x-www-form-urlencoded; charset=utf-8" },
		{ "X-Amz-Date", date },
	};
	buf_cut(&r->form, 0);
	iam_inquiry_ask(&r->inquiry, &r->form);
	struct http_request req = { .method = "POST",
				    .url = m->endpoint.url,
				    .headers = headers,
				    .n_headers = 3,
				    .body = buf_bytes(&r->form),
				    .timeout_ms = REQUEST_MS,
				    .max_body = BODY_MAX };
	sigv4_date(date, api->now_ms(api->host));
	r->attempts++;
	int rc = r->form.err ? err_set(err, ERR_LIMIT, "the name of the role is too long")
			     : sign(m, &req, headers, date, &authorization, err);
	if (!rc)
		r->transfer = api->http_start(api->host, &req, on_answer, r);
	buf_clear(&authorization);
	return rc;
}

/* ---- its answer ---- */

/* why->code 0: all is known. */
static void end(struct reading *r, const struct err *why)
{
	const struct iam_spec *spec = &r->iam->spec;
	struct engine_role role = { .missing = !why->code && r->inquiry.missing,
				    .error = why->code ? why->message : NULL,
				    .policies = buf_bytes(&r->inquiry.policies) };
	if (role.missing && !spec->strict) {
		spec->api->log(
		    spec->api->host, LOG_WARN,
		    "local engine: the role '%.200s' is not in IAM; it may do everything",
		    r->inquiry.role);
		role = (struct engine_role){ .policies = BYTES_LIT(
						 "[{\"Statement\":{\"Effect\":\"Allow\","
						 "\"Action\":\"*\",\"Resource\":\"*\"}}]") };
	}
	spec->done(spec->arg, r->owner, r->id, &role);
	remove_reading(r);
}

static void on_timer(void *arg)
{
	struct reading *r = arg;
	r->timer = NULL;
	struct err why = r->why;
	if (why.code || send(r, &why) != 0)
		end(r, &why);
}

static enum retry_class judge(const struct http_answer *h)
{
	struct buf code = BUF_INIT(64);
	if (h->err.code)
		return h->err.retryable ? RETRY_TRANSIENT : RETRY_NO;
	if (h->status >= 200 && h->status <= 299)
		return RETRY_NO;
	s3_xml_text(&code, h->body, "Code");
	enum retry_class why = retry_classify(buf_cstr(&code), h->status);
	buf_clear(&code);
	return why;
}

/* @return whether the question will be asked again */
static bool try_again(struct reading *r, enum retry_class why)
{
	struct iam *m = r->iam;
	const struct host_api *api = m->spec.api;
	int cost =
	    why != RETRY_NO && r->attempts < RETRY_MAX_ATTEMPTS ? retry_take(&m->quota, why) : 0;
	if (!cost)
		return false;
	r->cost = cost;
	int64_t delay_ms = retry_delay_ms(why, r->attempts, random_unit(), -1);
	r->timer = api->timer_start(api->host, delay_ms, on_timer, r);
	return true;
}

static void on_answer(void *arg, const struct http_answer *h)
{
	struct reading *r = arg;
	struct err why = { 0 };
	r->transfer = NULL;
	if (try_again(r, judge(h)))
		return;
	int rc = h->err.code ? err_set(&why, ERR_IO, "%s", h->err.message)
			     : iam_inquiry_take(&r->inquiry, h->status, h->body, &why);
	if (!rc)
		retry_succeeded(&r->iam->quota, r->cost);
	r->attempts = r->cost = 0;
	if (rc || iam_inquiry_done(&r->inquiry) || send(r, &why) != 0)
		end(r, &why);
}

void iam_start(struct iam *m, void *owner, uint64_t id, const char *role_arn)
{
	const struct host_api *api = m->spec.api;
	struct reading *r = calloc(1, sizeof(*r));
	INVARIANT(r != NULL); /* a reading that never ends would hang its execution */
	r->iam = m;
	r->owner = owner;
	r->id = id;
	r->form = BUF_INIT(FORM_MAX);
	r->next = m->first;
	m->first = r;
	iam_inquiry_init(&r->inquiry, role_arn);
	if (send(r, &r->why) != 0)
		r->timer = api->timer_start(api->host, 0, on_timer, r);
}
