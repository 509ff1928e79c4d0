/* Webhooks behind a fake server: requests are handed in, answers are kept. */
#include "tap.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "net/http_server.h"
#include "trigger/webhook.h"

/* ---- the server, driven by hand ---- */

struct http_server {
	struct http_handler handler;
};

struct http_exchange {
	int answers, status;
	char body[256];
	char retry_after[8];
};

static struct http_server server;

int http_server_listen(struct http_server **out, struct loop *l, const struct http_handler *handler,
		       const struct http_listen *listen, struct err *err)
{
	(void)l;
	(void)listen;
	(void)err;
	server.handler = *handler;
	*out = &server;
	return 0;
}

void http_server_free(struct http_server *s)
{
	s->handler = (struct http_handler){ 0 };
}

uint16_t http_server_port(const struct http_server *s, size_t place)
{
	(void)s;
	return (uint16_t)(8080 + place);
}

void http_server_answer(struct http_exchange *x, int status, const struct http_header *headers,
			size_t n_headers, struct bytes body)
{
	const char *retry = http_header_get(headers, n_headers, "retry-after");
	x->answers++;
	x->status = status;
	(void)snprintf(x->body, sizeof(x->body), "%.*s", (int)body.n, body.p);
	(void)snprintf(x->retry_after, sizeof(x->retry_after), "%s", retry ? retry : "");
}

/* ---- the owner ---- */

struct owner {
	struct webhooks *w;
	int accepts, rejects, notes;
	struct webhook_fate fate; /* of the next deliveries */
	char input[128], id[64], hook[64], auth[32], identity[64], why[128];
	webhook_durable_fn *durable; /* who waits for the disk */
	void *durable_arg;
};

static void accept_it(void *arg, const struct webhook_delivery *d, struct webhook_fate *fate)
{
	struct owner *o = arg;
	o->accepts++;
	(void)snprintf(o->input, sizeof(o->input), "%.*s", (int)d->input.n, d->input.p);
	(void)snprintf(o->id, sizeof(o->id), "%s", d->id);
	(void)snprintf(o->hook, sizeof(o->hook), "%s", d->hook);
	(void)snprintf(o->auth, sizeof(o->auth), "%s", d->auth);
	(void)snprintf(o->identity, sizeof(o->identity), "%s", d->identity);
	*fate = o->fate;
	if (fate->verdict == WEBHOOK_ACCEPTED)
		(void)snprintf(fate->run, sizeof(fate->run), "run-%d", o->accepts);
}

static void reject_it(void *arg, const struct webhook_delivery *d, const char *why)
{
	struct owner *o = arg;
	o->rejects++;
	CHECK_STR(d->peer, "192.0.2.1:4000");
	(void)snprintf(o->hook, sizeof(o->hook), "%s", d->hook ? d->hook : "(none)");
	(void)snprintf(o->identity, sizeof(o->identity), "%s", d->identity);
	(void)snprintf(o->why, sizeof(o->why), "%s", why);
}

static void note_it(void *arg, const struct webhook_delivery *d, const char *what)
{
	struct owner *o = arg;
	o->notes++;
	(void)snprintf(o->hook, sizeof(o->hook), "%s", d->hook);
	(void)snprintf(o->why, sizeof(o->why), "%s", what);
}

static void hold_it(void *arg, webhook_durable_fn *done, void *done_arg)
{
	struct owner *o = arg;
	o->durable = done;
	o->durable_arg = done_arg;
}

static struct webhook_spec spec_of(struct owner *o, const struct webhook *hooks, size_t n)
{
	static const struct http_listen listen = { 0 };
	return (struct webhook_spec){ .listen = &listen,
				      .hooks = hooks,
				      .n_hooks = n,
				      .accept = accept_it,
				      .reject = reject_it,
				      .note = note_it,
				      .arg = o };
}

static int begin_with(struct owner *o, const struct webhook *hooks, size_t n, struct err *err)
{
	*o = (struct owner){ 0 };
	const struct webhook_spec spec = spec_of(o, hooks, n);
	return webhooks_start(&o->w, &spec, err);
}

static void begin(struct owner *o)
{
	const struct bytes secrets[] = { BYTES_LIT("It's a Secret to Everybody"),
					 BYTES_LIT("other") };
	const struct webhook hooks[] = {
		{ .name = "redrive",
		  .path = "/hooks/redrive",
		  .auth = { .auth = "github", .secrets = &secrets[0], .n_secrets = 1 } },
		{ .name = "own",
		  .path = "/hooks/own",
		  .auth = { .header = "X-Sig", .secrets = &secrets[1], .n_secrets = 1 } },
		{ .name = "chat",
		  .path = "/hooks/chat",
		  .auth = { .auth = "slack", .secrets = &secrets[1], .n_secrets = 1 } },
	};
	bool ok = begin_with(o, hooks, 3, NULL) == 0;
	INVARIANT(ok);
}

/* A signature header for body, as the sender makes it. */
static const char *sign(const char *secret, const char *body)
{
	static char out[7 + SHA256_HEX + 1] = "sha256=";
	uint8_t mac[SHA256_LEN];
	INVARIANT(hmac_sha256(mac, bytes_str(secret), bytes_str(body)) == 0);
	hex_lower(out + 7, mac, sizeof(mac));
	return out;
}

static struct http_exchange post(const char *path, const char *header, const char *signature,
				 const char *body)
{
	struct http_exchange x = { 0 };
	const struct http_header headers[] = { { "Content-Type", "application/json" },
					       { "X-GitHub-Delivery", "d-1" },
					       { header, signature } };
	const struct http_received req = { .method = "POST",
					   .path = path,
					   .query = "",
					   .headers = headers,
					   .n_headers = header ? 3 : 2,
					   .body = bytes_str(body),
					   .peer = "192.0.2.1:4000" };
	server.handler.serve(server.handler.arg, &x, &req);
	CHECK_INT(x.answers, 1);
	return x;
}

static const char github[] = "X-Hub-Signature-256";

/* GitHub's documentation, "Validating webhook deliveries": secret, payload and signature. */
TEST(the_published_signature_is_accepted)
{
	struct owner o;
	begin(&o);

	struct http_exchange x =
	    post("/hooks/redrive", github,
		 "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		 "Hello, World!");

	CHECK_INT(x.status, 400); /* the signature is right, the body is no JSON object */
	CHECK_INT(o.accepts, 0);
	CHECK_STR(o.why, "the body is not a JSON object");
	webhooks_stop(o.w);
}

TEST(a_signed_delivery_starts_a_run)
{
	static const char body[] = "{\"mapRunArn\":\"x\"}";
	struct owner o;
	begin(&o);

	struct http_exchange x =
	    post("/hooks/redrive", github, sign("It's a Secret to Everybody", body), body);

	CHECK_INT(x.status, 202);
	CHECK_STR(x.body, "{\"run\":\"run-1\",\"run_id\":\"run-1\",\"duplicate\":false}\n");
	CHECK_STR(o.hook, "redrive");
	CHECK_STR(o.input, body);
	CHECK_STR(o.id, "d-1");
	CHECK_STR(o.auth, "github");
	CHECK_STR(o.identity, "secret 1");
	CHECK_INT(o.rejects, 0);
	CHECK_INT(post("/hooks/own", "x-sig", sign("other", "{}") + 7, "{}").status, 202);
	CHECK_STR(o.hook, "own");
	CHECK_STR(o.id, "d-1");
	webhooks_stop(o.w);
}

/* A delivery that is accepted and waits for the disk. */
static void deliver_held(struct owner *o, struct http_exchange *x)
{
	static const struct http_listen listen = { 0 };
	const struct bytes secret = BYTES_LIT("other");
	const struct webhook hook = { .name = "own",
				      .path = "/hooks/own",
				      .auth = {
					  .header = github, .secrets = &secret, .n_secrets = 1 } };
	const struct http_header headers[] = { { github, sign("other", "{}") } };
	const struct http_received req = { .method = "POST",
					   .path = "/hooks/own",
					   .query = "",
					   .headers = headers,
					   .n_headers = 1,
					   .body = BYTES_LIT("{}"),
					   .peer = "192.0.2.1:4000" };
	const struct webhook_spec spec = { .hooks = &hook,
					   .n_hooks = 1,
					   .accept = accept_it,
					   .when_durable = hold_it,
					   .arg = o,
					   .listen = &listen };
	*o = (struct owner){ 0 };
	*x = (struct http_exchange){ 0 };
	bool ok = webhooks_start(&o->w, &spec, NULL) == 0;
	INVARIANT(ok);
	server.handler.serve(server.handler.arg, x, &req);
	CHECK_INT(o->accepts, 1);
	CHECK_INT(x->answers, 0);
}

TEST(a_delivery_is_answered_once_its_run_is_durable)
{
	struct owner o;
	struct http_exchange x;
	const struct err ok = { 0 };
	deliver_held(&o, &x);
	o.durable(o.durable_arg, &ok);
	CHECK_INT(x.answers, 1);
	CHECK_INT(x.status, 202);
	CHECK_STR(x.body, "{\"run\":\"run-1\",\"run_id\":\"run-1\",\"duplicate\":false}\n");
	webhooks_stop(o.w);
}

TEST(a_delivery_whose_run_cannot_be_recorded_is_not_accepted)
{
	struct owner o;
	struct http_exchange x;
	struct err full = { 0 };
	(void)err_set(&full, ERR_IO, "the disk is full");
	deliver_held(&o, &x);
	o.durable(o.durable_arg, &full);
	CHECK_INT(x.status, 500);
	webhooks_stop(o.w);
}

TEST(a_sender_that_left_or_a_stop_is_not_answered)
{
	struct owner o;
	struct http_exchange x;
	const struct err ok = { 0 };
	deliver_held(&o, &x);
	server.handler.gone(server.handler.arg, &x);
	o.durable(o.durable_arg, &ok);
	webhooks_stop(o.w);
	CHECK_INT(x.answers, 0);
	deliver_held(&o, &x);
	webhooks_stop(o.w);
	o.durable(o.durable_arg, &ok);
	CHECK_INT(x.answers, 0);
}

TEST(strangers_get_one_answer_whatever_is_wrong)
{
	struct owner o;
	begin(&o);
	const char *right = sign("It's a Secret to Everybody", "{}");
	static const char none[] = "{\"error\":\"not found\"}\n";
	static const char *const malformed[] = {
		"",
		"sha256=",
		"sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
		"757107ea",
		"sha256=g57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e170",
	};
	struct http_exchange x;

	x = post("/hooks/nothing", github, right, "{}");
	CHECK_INT(x.status, 404);
	CHECK_STR(x.body, none);
	CHECK_STR(o.hook, "(none)");
	x = post("/hooks/redrive", github, right, "{ }");
	CHECK_INT(x.status, 404);
	CHECK_STR(x.body, none);
	CHECK_STR(o.why, "the signature is wrong");
	x = post("/hooks/redrive", NULL, NULL, "{}");
	CHECK_INT(x.status, 404);
	CHECK_STR(o.why, "the signature header is missing");
	x = post("/hooks/own", github, sign("other", "{}"), "{}");
	CHECK_INT(x.status, 404);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		x = post("/hooks/redrive", github, malformed[i], "{}");
		CHECK_INT(x.status, 404);
		CHECK_STR(x.body, none);
		CHECK_STR(o.why, "the signature is malformed");
		CHECK_STR(o.identity, "");
	}
	CHECK_INT(o.accepts, 0);
	webhooks_stop(o.w);
}

TEST(only_post_reaches_a_hook)
{
	struct owner o;
	struct http_exchange x = { 0 };
	begin(&o);
	const struct http_header header = { github, sign("It's a Secret to Everybody", "{}") };

	server.handler.serve(server.handler.arg, &x,
			     &(struct http_received){ .method = "PUT",
						      .path = "/hooks/redrive",
						      .query = "",
						      .headers = &header,
						      .n_headers = 1,
						      .body = BYTES_LIT("{}"),
						      .peer = "192.0.2.1:4000" });

	CHECK_INT(x.status, 404);
	CHECK_INT(o.accepts, 0);
	webhooks_stop(o.w);
}

TEST(a_signed_body_must_be_a_json_object)
{
	static const char *const bad[] = { "", "[]", "{\"a\":1", "null", "\"x\"", "{} x" };
	struct owner o;
	begin(&o);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(post("/hooks/own", "X-Sig", sign("other", bad[i]), bad[i]).status, 400);
	CHECK_INT(o.accepts, 0);
	webhooks_stop(o.w);
}

TEST(an_owner_that_is_full_says_when_to_come_back)
{
	struct owner o;
	begin(&o);

	o.fate = (struct webhook_fate){ .verdict = WEBHOOK_FULL, .retry_ms = 29001 };
	struct http_exchange x = post("/hooks/own", "X-Sig", sign("other", "{}"), "{}");
	CHECK_INT(x.status, 503);
	CHECK_STR(x.retry_after, "30");
	o.fate = (struct webhook_fate){ .verdict = WEBHOOK_FAILED };
	CHECK_INT(post("/hooks/own", "X-Sig", sign("other", "{}"), "{}").status, 500);
	webhooks_stop(o.w);
}

TEST(a_refusal_behind_the_signature_tells_who_sent_it)
{
	struct owner o;
	begin(&o);
	const char *secret = "It's a Secret to Everybody";

	CHECK_INT(post("/hooks/redrive", github, sign(secret, "[]"), "[]").status, 400);
	CHECK_STR(o.identity, "secret 1");
	CHECK_STR(o.why, "the body is not a JSON object");
	webhooks_stop(o.w);
}

/* One request with just these headers. */
static struct http_exchange send_it(const char *path, const struct http_header *headers, size_t n,
				    const char *body)
{
	struct http_exchange x = { 0 };
	const struct http_received req = { .method = "POST",
					   .path = path,
					   .query = "",
					   .headers = headers,
					   .n_headers = n,
					   .body = bytes_str(body),
					   .peer = "192.0.2.1:4000" };
	server.handler.serve(server.handler.arg, &x, &req);
	return x;
}

TEST(a_delivery_that_lacks_its_id_is_refused)
{
	struct owner o;
	begin(&o);
	const struct http_header headers[] = { { github,
						 sign("It's a Secret to Everybody", "{}") } };

	struct http_exchange x = send_it("/hooks/redrive", headers, 1, "{}");

	CHECK_INT(x.status, 400);
	CHECK_STR(x.body, "{\"error\":\"what identifies a delivery is missing\"}\n");
	CHECK_INT(o.accepts, 0);
	webhooks_stop(o.w);
}

TEST(slacks_question_is_answered_and_starts_nothing)
{
	static const char body[] = "{\"type\":\"url_verification\",\"challenge\":\"a\\\"b\"}";
	struct owner o;
	char time[32], signature[3 + SHA256_HEX + 1] = "v0=";
	uint8_t mac[HMAC_MAX];
	begin(&o);
	(void)snprintf(time, sizeof(time), "%lld", (long long)(clock_wall_ms() / 1000));
	const struct bytes parts[] = { BYTES_LIT("v0:"), bytes_str(time), BYTES_LIT(":"),
				       BYTES_LIT(body) };
	REQUIRE(hmac_parts(mac, HMAC_WITH_SHA256, BYTES_LIT("other"), parts, 4) == 0);
	hex_lower(signature + 3, mac, SHA256_LEN);
	const struct http_header headers[] = { { "X-Slack-Request-Timestamp", time },
					       { "X-Slack-Signature", signature } };

	struct http_exchange x = send_it("/hooks/chat", headers, 2, body);

	CHECK_INT(x.status, 200);
	CHECK_STR(x.body, "{\"challenge\":\"a\\\"b\"}\n");
	CHECK_INT(o.accepts, 0);
	CHECK_INT(o.notes, 1);
	CHECK_STR(o.hook, "chat");
	webhooks_stop(o.w);
}

TEST(without_any_hook_everything_is_unknown)
{
	struct owner o;
	REQUIRE(begin_with(&o, NULL, 0, NULL) == 0);

	CHECK_INT(post("/hooks/redrive", github, sign("x", "{}"), "{}").status, 404);
	CHECK_STR(o.hook, "(none)");
	CHECK_STR(o.why, "there is no such hook");
	webhooks_stop(o.w);
}

TEST(a_hook_that_is_wrong_is_named)
{
	static const struct bytes secret = { "s", 1 };
	const struct {
		struct webhook hook;
		const char *message;
	} bad[] = {
		{ { .name = "a", .path = "hook" },
		  "hook a: path 'hook' must begin with / and be printable ASCII without ?, # or "
		  "blank" },
		{ { .name = "a", .path = "/a?b" },
		  "hook a: path '/a?b' must begin with / and be printable ASCII without ?, # or "
		  "blank" },
		{ { .name = "a", .path = "/a", .auth = { .header = "X" } },
		  "hook a: the secret is empty" },
		{ { .name = "a", .path = "/a", .auth = { .secrets = &secret, .n_secrets = 1 } },
		  "hook a: auth = hmac-sha256 needs header: where its signature is" },
	};
	struct owner o;
	struct err err = { 0 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(begin_with(&o, &bad[i].hook, 1, &err), -ERR_INVALID);
		CHECK_STR(err.message, bad[i].message);
	}
	const struct webhook_auth_spec auth = { .header = "X", .secrets = &secret, .n_secrets = 1 };
	const struct webhook twice[] = {
		{ .name = "a", .path = "/a", .auth = auth },
		{ .name = "b", .path = "/a", .auth = auth },
	};
	CHECK_INT(begin_with(&o, twice, 2, &err), -ERR_INVALID);
	CHECK_STR(err.message, "hook b: path '/a' belongs to hook a already");
}

TEST(other_hooks_take_the_place_of_those_there_are_or_none_do)
{
	struct owner o;
	struct err err = { 0 };
	struct webhooks_change *change = NULL;
	const struct bytes secret = BYTES_LIT("a new secret");
	struct webhook hooks[] = {
		{ .name = "next",
		  .path = "/hooks/own",
		  .auth = { .auth = "github", .secrets = &secret, .n_secrets = 1 } },
		{ .name = "twice",
		  .path = "/hooks/own",
		  .auth = { .header = "X", .secrets = &secret, .n_secrets = 1 } },
	};
	begin(&o);
	struct webhook_spec spec = spec_of(&o, hooks, 2);
	CHECK_INT(webhooks_change_new(&change, o.w, &spec, &err), -ERR_INVALID);
	CHECK(change == NULL && strstr(err.message, "hook twice: path '/hooks/own' belongs to"));
	struct http_exchange x =
	    post("/hooks/redrive", github, sign("It's a Secret to Everybody", "{}"), "{}");
	CHECK_INT(x.status, 202);

	spec.n_hooks = 1;
	CHECK_INT(webhooks_change_new(&change, o.w, &spec, &err), 0);
	x = post("/hooks/redrive", github, sign("It's a Secret to Everybody", "{}"), "{}");
	CHECK_INT(x.status, 202); /* only ready */
	webhooks_take(change);
	x = post("/hooks/redrive", github, sign("It's a Secret to Everybody", "{}"), "{}");
	CHECK_INT(x.status, 404);
	CHECK_STR(o.hook, "(none)");
	x = post("/hooks/own", github, sign("a new secret", "{}"), "{}");
	CHECK_INT(x.status, 202);
	CHECK_STR(o.hook, "next");
	CHECK_INT(webhooks_change_new(&change, o.w, &spec, &err), 0);
	webhooks_change_free(change);
	webhooks_stop(o.w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(the_published_signature_is_accepted), TAP_CASE(a_signed_delivery_starts_a_run),
	    TAP_CASE(a_delivery_is_answered_once_its_run_is_durable),
	    TAP_CASE(a_delivery_whose_run_cannot_be_recorded_is_not_accepted),
	    TAP_CASE(a_sender_that_left_or_a_stop_is_not_answered),
	    TAP_CASE(strangers_get_one_answer_whatever_is_wrong),
	    TAP_CASE(only_post_reaches_a_hook), TAP_CASE(a_signed_body_must_be_a_json_object),
	    TAP_CASE(an_owner_that_is_full_says_when_to_come_back),
	    TAP_CASE(a_refusal_behind_the_signature_tells_who_sent_it),
	    TAP_CASE(a_delivery_that_lacks_its_id_is_refused),
	    TAP_CASE(slacks_question_is_answered_and_starts_nothing),
	    TAP_CASE(without_any_hook_everything_is_unknown),
	    TAP_CASE(a_hook_that_is_wrong_is_named),
	    TAP_CASE(other_hooks_take_the_place_of_those_there_are_or_none_do)));
}
