#include "local/shell/upstream.h"

#include <string.h>

#include "aws/xml.h"
#include "base/compiler.h"
#include "base/random.h"

enum { AUTHORIZATION_MAX = 4096 };

static const char *env(const struct upstream *u, const char *name)
{
	const char *value = u->api->env ? u->api->env(u->api->host, name) : NULL;
	return value && *value ? value : NULL;
}

int upstream_open(struct upstream *u, const struct host_api *api, const char *service,
		  const char *url, struct err *err)
{
	*u = (struct upstream){ .api = api, .service = service, .quota = { .left = RETRY_QUOTA } };
	const char *only = env(u, "RUNBOOK_LOOPBACK_ONLY");
	const struct endpoint_rules rules = { .service = service,
					      .override = url,
					      .loopback_only = only && strcmp(only, "1") == 0 };
	int rc = endpoint_resolve(&u->endpoint, &rules, err);
	return rc < 0 ? rc : sigv4_signer_new(&u->signer, err);
}

void upstream_close(struct upstream *u)
{
	sigv4_signer_free(u->signer);
	u->signer = NULL;
}

/* ---- the head of a request ---- */

static bool has_keys(const struct upstream *u)
{
	return env(u, "AWS_ACCESS_KEY_ID") && env(u, "AWS_SECRET_ACCESS_KEY");
}

void upstream_head_init(struct upstream_head *h, const struct upstream *u)
{
	const char *session = has_keys(u) ? env(u, "AWS_SESSION_TOKEN") : NULL;
	h->n = 0;
	h->authorization = BUF_INIT(AUTHORIZATION_MAX);
	sigv4_date(h->date, u->api->now_ms(u->api->host));
	upstream_head_add(h, "Host", u->endpoint.host);
	upstream_head_add(h, "X-Amz-Date", h->date);
	if (session)
		upstream_head_add(h, "X-Amz-Security-Token", session);
}

void upstream_head_clear(struct upstream_head *h)
{
	buf_clear(&h->authorization);
}

void upstream_head_add(struct upstream_head *h, const char *name, const char *value)
{
	INVARIANT(h->n < UPSTREAM_HEADERS_MAX);
	h->v[h->n++] = (struct http_header){ name, value };
}

int upstream_sign(struct upstream *u, struct upstream_head *h, const struct sigv4_request *request,
		  struct err *err)
{
	struct sigv4_request r = *request;
	bool own = has_keys(u);
	r.headers = h->v;
	r.n_headers = h->n;
	r.date = h->date;
	r.service = u->service;
	r.access_key_id = own ? env(u, "AWS_ACCESS_KEY_ID") : "local";
	r.secret_access_key = own ? env(u, "AWS_SECRET_ACCESS_KEY") : "local";
	int rc = sigv4_sign(u->signer, &h->authorization, &r, err);
	if (rc == 0)
		upstream_head_add(h, "Authorization", buf_cstr(&h->authorization));
	return rc;
}

/* ---- its retries ---- */

enum retry_class upstream_judge(const struct http_answer *a)
{
	struct buf code = BUF_INIT(64);
	if (a->err.code)
		return a->err.retryable ? RETRY_TRANSIENT : RETRY_NO;
	if (a->status >= 200 && a->status <= 299)
		return RETRY_NO;
	aws_xml_text(&code, a->body, "Code");
	enum retry_class why = retry_classify(buf_cstr(&code), a->status);
	buf_clear(&code);
	return why;
}

int64_t upstream_pause(struct upstream *u, struct upstream_tries *t, enum retry_class why)
{
	int cost =
	    why != RETRY_NO && t->attempts < RETRY_MAX_ATTEMPTS ? retry_take(&u->quota, why) : 0;
	if (!cost)
		return -1;
	t->cost = cost;
	return retry_delay_ms(why, t->attempts, random_unit(), -1);
}
