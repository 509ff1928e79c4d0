#include "local/shell/iam.h"

#include <stdlib.h>
#include <string.h>

#include "local/shell/iam_inquiry.h"
#include "local/shell/upstream.h"

enum {
	FORM_MAX = 16 * 1024,
	BODY_MAX = 4 << 20, /* a page of a list, or a policy, percent-encoded and escaped */
	REQUEST_MS = 20 * 1000,
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
	struct upstream_tries tries; /* of this question */
	struct err why; /* to be told by the timer; code 0: nothing, it is to try again */
};

struct iam {
	struct iam_spec spec;
	struct upstream upstream;
	struct reading *first;
};

int iam_open(struct iam **out, const struct iam_spec *spec, struct err *err)
{
	struct iam *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ERR_NOMEM, "out of memory");
	m->spec = *spec;
	int rc = upstream_open(&m->upstream, spec->api, "iam", spec->endpoint, err);
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
	upstream_close(&m->upstream);
	free(m);
}

bool iam_busy(const struct iam *m)
{
	return m->first != NULL;
}

/* ---- a request ---- */

static void on_answer(void *arg, const struct http_answer *h);

static int sign(struct iam *m, struct upstream_head *head, struct bytes form, struct err *err)
{
	const struct sigv4_request r = { .method = "POST",
					 .path = m->upstream.endpoint.path,
					 .query = BYTES_LIT(""),
					 .body = form,
					 .region = "us-east-1" };
	upstream_head_add(head, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
	return upstream_sign(&m->upstream, head, &r, err);
}

static int send(struct reading *r, struct err *err)
{
	struct iam *m = r->iam;
	const struct host_api *api = m->spec.api;
	struct upstream_head head;
	buf_cut(&r->form, 0);
	iam_inquiry_ask(&r->inquiry, &r->form);
	r->tries.attempts++;
	if (r->form.err)
		return err_set(err, ERR_LIMIT, "the name of the role is too long");
	upstream_head_init(&head, &m->upstream);
	int rc = sign(m, &head, buf_bytes(&r->form), err);
	if (!rc) {
		const struct http_request req = { .method = "POST",
						  .url = m->upstream.endpoint.url,
						  .headers = head.v,
						  .n_headers = head.n,
						  .body = buf_bytes(&r->form),
						  .timeout_ms = REQUEST_MS,
						  .max_body = BODY_MAX };
		r->transfer = api->http_start(api->host, &req, on_answer, r);
	}
	upstream_head_clear(&head);
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

/* @return whether the question will be asked again */
static bool try_again(struct reading *r, enum retry_class why)
{
	const struct host_api *api = r->iam->spec.api;
	int64_t pause_ms = upstream_pause(&r->iam->upstream, &r->tries, why);
	if (pause_ms >= 0)
		r->timer = api->timer_start(api->host, pause_ms, on_timer, r);
	return pause_ms >= 0;
}

static void on_answer(void *arg, const struct http_answer *h)
{
	struct reading *r = arg;
	struct err why = { 0 };
	r->transfer = NULL;
	if (try_again(r, upstream_judge(h)))
		return;
	int rc = h->err.code ? err_set(&why, ERR_IO, "%s", h->err.message)
			     : iam_inquiry_take(&r->inquiry, h->status, h->body, &why);
	if (!rc)
		retry_succeeded(&r->iam->upstream.quota, r->tries.cost);
	r->tries = (struct upstream_tries){ 0 };
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
