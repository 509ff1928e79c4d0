#include "sns/publication.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "sns/publish.h"

enum {
	ATTEMPT_MAX_MS = 60 * 1000,
	ANSWER_MAX = 1 << 20,
	FORM_MAX = 4 << 20,
	AUTHORIZATION_MAX = 4096,
	HEADERS_MAX = 8,
};

#define USER_AGENT "runbook-sns/" RUNBOOK_VERSION

struct publication {
	struct publisher *all;
	const struct host_api *api;
	struct host_call *call;
	struct publication *next, **link;
	struct timer *timer; /* WAITING */
	struct http_transfer *transfer;
	struct buf form;
	char region[REGION_LEN_MAX + 1];
	struct endpoint endpoint;
	struct err err; /* what is wrong with the call; .code 0: nothing */
	bool resend;
	bool doubt; /* it may have been taken */
	int attempts, cost;
};

/* ---- the end ---- */

static void free_publication(struct publication *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	p->call->plugin = NULL;
	buf_clear(&p->form);
	free(p);
}

/* Frees p. */
static void end(struct publication *p, const struct call_result *result)
{
	const struct host_api *api = p->api;
	struct host_call *call = p->call;
	struct buf context = BUF_INIT(1024);
	struct call_result r = *result;
	if (p->attempts > 0) {
		buf_adds(&context, "{\"identity\":");
		json_write_string(&context, bytes_str(p->all->credentials->access_key_id));
		buf_adds(&context, "}");
	}
	r.attempts = p->attempts;
	r.unknown = r.code && p->doubt && !p->resend;
	r.context = buf_bytes(&context);
	free_publication(p);
	api->call_done(api->host, call, &r);
	buf_clear(&context);
}

static void end_with(struct publication *p, const struct err *why)
{
	const struct err err = *why;
	end(p, &(struct call_result){ .code = err.name[0] ? err.name : "InvalidRequest",
				      .message = err.message });
}

/* ---- judging ---- */

static void on_turn(void *arg);

static int64_t time_left(const struct publication *p)
{
	int64_t deadline = p->call->deadline_ms;
	return deadline ? deadline - p->api->mono_ms(p->api->host) : ATTEMPT_MAX_MS;
}

/* Back off if another attempt is worth it, harmless, in time and paid for. */
static bool goes_on(struct publication *p, enum retry_class why)
{
	if (why == RETRY_NO || p->attempts >= RETRY_MAX_ATTEMPTS || (p->doubt && !p->resend))
		return false;
	int64_t delay = retry_delay_ms(why, p->attempts, random_unit(), -1);
	int64_t not_after = p->call->not_after_ms;
	if (delay >= time_left(p) ||
	    (not_after && p->api->now_ms(p->api->host) + delay > not_after))
		return false;
	int cost = retry_take(&p->all->quota, why);
	if (cost == 0)
		return false;
	p->cost = cost;
	p->timer = p->api->timer_start(p->api->host, delay, on_turn, p);
	return true;
}

static const char *transport_code(enum err_code code)
{
	if (code == ERR_TIMEOUT)
		return "Timeout";
	return code == ERR_LIMIT ? "ResponseTooLarge" : "ConnectionError";
}

static void on_broken(struct publication *p, const struct http_answer *a)
{
	p->doubt = p->doubt || a->maybe_sent;
	if (goes_on(p, a->err.retryable ? RETRY_TRANSIENT : RETRY_NO))
		return;
	end(p, &(struct call_result){ .code = transport_code(a->err.code),
				      .message = a->err.message,
				      .retryable = a->err.retryable });
}

static void on_http(void *arg, const struct http_answer *a)
{
	struct publication *p = arg;
	struct publish_end e;
	p->transfer = NULL;
	if (a->err.code) {
		on_broken(p, a);
		return;
	}
	publish_read(&e, a);
	const char *code = buf_cstr(&e.code);
	bool failed = e.code.n > 0, broken = failed && a->status <= 299;
	enum retry_class why = broken   ? RETRY_TRANSIENT
			       : failed ? retry_classify(code, a->status)
					: RETRY_NO;
	if (why == RETRY_THROTTLING)
		p->api->call_throttled(p->api->host, p->call);
	p->doubt = p->doubt || broken || a->status >= 500;
	if (!failed)
		retry_succeeded(&p->all->quota, p->cost);
	if (!failed || !goes_on(p, why))
		end(p, &(struct call_result){ .answer = buf_bytes(&e.answer),
					      .code = failed ? code : NULL,
					      .message = buf_cstr(&e.message),
					      .status = a->status,
					      .request_id = buf_cstr(&e.request_id),
					      .retryable = why != RETRY_NO });
	publish_end_clear(&e);
}

/* ---- an attempt ---- */

static int sign(const struct publication *p, struct http_header *headers, size_t *n,
		char date[SIGV4_DATE_SIZE], struct buf *authorization, struct err *err)
{
	const struct credentials *keys = p->all->credentials;
	size_t i = 0;
	sigv4_date(date, p->api->now_ms(p->api->host));
	headers[i++] = (struct http_header){ "Host", p->endpoint.host };
	headers[i++] = (struct http_header){ "Content-Type", "application/x-www-form-urlencoded" };
	headers[i++] = (struct http_header){ "User-Agent", USER_AGENT };
	headers[i++] = (struct http_header){ "X-Amz-Date", date };
	if (keys->session_token)
		headers[i++] = (struct http_header){ "X-Amz-Security-Token", keys->session_token };
	const struct sigv4_request request = {
		.method = "POST",
		.path = p->endpoint.path,
		.headers = headers,
		.n_headers = i,
		.body = buf_bytes(&p->form),
		.date = date,
		.region = p->region,
		.service = "sns",
		.access_key_id = keys->access_key_id,
		.secret_access_key = keys->secret_access_key,
	};
	int rc = sigv4_sign(p->all->signer, authorization, &request, err);
	headers[i++] = (struct http_header){ "Authorization", buf_cstr(authorization) };
	*n = i;
	return rc;
}

static int send(struct publication *p, int64_t left, struct err *err)
{
	struct http_header headers[HEADERS_MAX];
	char date[SIGV4_DATE_SIZE];
	struct buf authorization = BUF_INIT(AUTHORIZATION_MAX);
	size_t n = 0;
	int rc = sign(p, headers, &n, date, &authorization, err);
	if (rc == 0) {
		p->attempts++;
		p->transfer = p->api->http_start(
		    p->api->host,
		    &(struct http_request){ .method = "POST",
					    .url = p->endpoint.url,
					    .headers = headers,
					    .n_headers = n,
					    .body = buf_bytes(&p->form),
					    .timeout_ms =
						left < ATTEMPT_MAX_MS ? left : ATTEMPT_MAX_MS,
					    .max_body = ANSWER_MAX,
					    .ca_file = p->all->ca_file,
					    .flags = (p->endpoint.loopback ? HTTP_NO_PROXY : 0u) |
						     (p->resend ? 0u : HTTP_ONCE) },
		    on_http, p);
	}
	buf_clear(&authorization);
	return rc;
}

static void on_turn(void *arg)
{
	struct publication *p = arg;
	int64_t left = time_left(p);
	p->timer = NULL;
	if (!p->err.code && left <= 0)
		(void)err_named(&p->err, ERR_TIMEOUT, "DeadlineExceeded",
				"the time for this call was over before it could be sent");
	if (!p->err.code && p->call->may_send)
		(void)p->call->may_send(p->call, &p->err);
	if (p->err.code || send(p, left, &p->err) < 0)
		end_with(p, &p->err);
}

/* ---- life ---- */

int publisher_endpoint(const struct publisher *p, struct endpoint *out, const char *region,
		       struct err *err)
{
	struct endpoint_rules rules = { .service = "sns",
					.region = region,
					.override = p->settings.endpoint };
	int rc = session_endpoint(&p->session, &rules, err);
	return rc < 0 ? rc : endpoint_resolve(out, &rules, err);
}

bool publication_resends(struct bytes args)
{
	cJSON *v = json_parse(args, NULL);
	bool resends = json_get_bool(v, "resend", false);
	cJSON_Delete(v);
	return resends;
}

static int prepare(struct publication *p, const cJSON *args, struct err *err)
{
	const char *topic = json_get_str(args, "TopicArn");
	if (p->all->err.code) {
		*err = p->all->err;
		return -ERR_INVALID;
	}
	if (!topic || !settings_allow(&p->all->settings, topic))
		return err_named(err, ERR_INVALID, "TopicNotAllowed",
				 "[sns] topics does not list %.300s", topic ? topic : "it");
	int rc = publish_region(p->region, topic, err);
	if (rc == 0)
		rc = publisher_endpoint(p->all, &p->endpoint, p->region, err);
	publish_form(&p->form, args);
	if (rc == 0 && p->form.err)
		rc = err_named(err, ERR_NOMEM, "OutOfMemory", "no memory for the message");
	return rc;
}

void publication_start(struct publisher *all, struct host_call *call)
{
	struct publication *p = calloc(1, sizeof(*p));
	INVARIANT(p); /* the host's own limits leave room for a few kilobytes */
	*p = (struct publication){ .all = all,
				   .api = all->api,
				   .call = call,
				   .form = BUF_INIT(FORM_MAX),
				   .resend = publication_resends(call->args),
				   .next = all->first,
				   .link = &all->first };
	if (p->next)
		p->next->link = &p->next;
	all->first = p;
	call->plugin = p;
	cJSON *args = json_parse(call->args, NULL);
	if (prepare(p, args, &p->err) < 0 && !p->err.code)
		(void)err_set(&p->err, ERR_INVALID, "it cannot be sent");
	cJSON_Delete(args);
	p->timer = p->api->timer_start(p->api->host, 0, on_turn, p);
}

bool publication_in_doubt(const struct host_call *call)
{
	const struct publication *p = call->plugin;
	return p &&
	       (p->doubt || (p->transfer && p->api->http_maybe_sent(p->api->host, p->transfer)));
}

static void stop(struct publication *p)
{
	if (p->transfer)
		p->api->http_stop(p->api->host, p->transfer);
	if (p->timer)
		p->api->timer_stop(p->api->host, p->timer);
	free_publication(p);
}

void publication_stop(struct host_call *call)
{
	if (call->plugin)
		stop(call->plugin);
}

void publication_stop_all(struct publisher *all)
{
	for (struct publication *p = all->first, *next; p; p = next) {
		next = p->next;
		stop(p);
	}
}
