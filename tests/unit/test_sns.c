/* Deliveries of SNS against a fake loop and a fake HTTP client: both are driven by hand. */
#include "tap.h"

#include <stdlib.h>

#include "net/http_client.h"
#include "net/loop.h"
#include "sns_vectors.h"
#include "trigger/sns.h"

/* ---- the world ---- */

struct timer {
	loop_fn *fn;
	void *arg;
};

struct http_transfer {
	char url[512];
	http_done_fn *done;
	void *arg;
	struct http_transfer *next;
};

static struct timer *timer; /* at most one in these tests */
static struct http_transfer *transfers;
static int n_transfers, n_asked;

struct timer *timer_start(struct loop *l, int64_t delay_ms, loop_fn *fn, void *arg)
{
	(void)l;
	CHECK_INT(delay_ms, 0);
	INVARIANT(!timer);
	timer = calloc(1, sizeof(*timer));
	INVARIANT(timer);
	*timer = (struct timer){ fn, arg };
	return timer;
}

void timer_stop(struct timer *t)
{
	if (t && t == timer)
		timer = NULL;
	free(t);
}

static void turn(void)
{
	struct timer now = *timer;
	free(timer);
	timer = NULL;
	now.fn(now.arg);
}

struct http_transfer *http_start(struct http_client *c, const struct http_request *req,
				 http_done_fn *done, void *arg)
{
	struct http_transfer *t = calloc(1, sizeof(*t));
	(void)c;
	INVARIANT(t);
	CHECK_STR(req->method, "GET");
	CHECK(req->timeout_ms > 0 && req->timeout_ms <= 15000);
	(void)snprintf(t->url, sizeof(t->url), "%s", req->url);
	t->done = done;
	t->arg = arg;
	t->next = transfers;
	transfers = t;
	n_transfers++;
	n_asked++;
	return t;
}

void http_stop(struct http_transfer *t)
{
	struct http_transfer **at = &transfers;
	while (*at && *at != t)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = t->next;
	n_transfers--;
	free(t);
}

static void answer(int status, const char *body)
{
	struct http_transfer *t = transfers;
	http_done_fn *done = t->done;
	void *arg = t->arg;
	http_stop(t);
	done(arg, &(struct http_answer){ .status = status, .body = bytes_str(body) });
}

/* ---- a hook and its deliveries ---- */

#define TOPIC "arn:aws:sns:eu-central-1:111122223333:alerts"
#define CERT_URL \
	"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
#define SUBSCRIBE_URL \
	"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" TOPIC \
	"&Token=t0"

static const int64_t signed_ms = 1777683246655; /* 2026-05-02T00:54:06.655Z */

struct sender {
	struct sns *sns;
	struct webhook_auth *auth, *decoy;
	struct http_received req[24];
	size_t n;
	/* the last verdict */
	int dones;
	bool later;
	char why[128], identity[WEBHOOK_IDENTITY_SIZE], id[WEBHOOK_ID_SIZE], input[256];
};

static void on_done(void *arg, const struct sns_verdict *v)
{
	struct sender *s = arg;
	struct buf input = BUF_INIT(4096);
	s->dones++;
	s->later = v->later;
	(void)snprintf(s->why, sizeof(s->why), "%s", v->proof->why ? v->proof->why : "");
	(void)snprintf(s->identity, sizeof(s->identity), "%s", v->proof->identity);
	(void)snprintf(s->id, sizeof(s->id), "%s", v->proof->id);
	CHECK_INT(v->proof->signed_ms, v->proof->why ? v->proof->signed_ms : signed_ms);
	if (v->message && !v->proof->why)
		sns_input(&input, v->message);
	(void)snprintf(s->input, sizeof(s->input), "%s", buf_cstr(&input));
	buf_clear(&input);
}

static void begin_with(struct sender *s, const char *topics, const char *prefix)
{
	const struct webhook_auth_spec spec = { .auth = "sns",
						.topics = topics,
						.sns_url_prefix = prefix };
	*s = (struct sender){ 0 };
	n_asked = 0;
	bool ok = webhook_auth_new(&s->auth, &spec, NULL) == 0 &&
		  webhook_auth_decoy(&s->decoy, s->auth, NULL) == 0 &&
		  sns_new(&s->sns, NULL, NULL, NULL) == 0;
	INVARIANT(ok);
}

static void begin(struct sender *s)
{
	begin_with(s, "arn:aws:sns:eu-central-1:111122223333:other " TOPIC, NULL);
}

static void end(struct sender *s)
{
	sns_free(s->sns);
	webhook_auth_free(s->auth);
	webhook_auth_free(s->decoy);
	CHECK(!timer);
	CHECK_INT(n_transfers, 0);
}

static struct sns_check *check_at(struct sender *s, const struct webhook_auth *auth,
				  const char *body, int64_t now_ms)
{
	struct http_received *req = &s->req[s->n++ % 24];
	*req = (struct http_received){ .method = "POST", .body = bytes_str(body) };
	struct sns_check *c = sns_check(s->sns, auth, req, now_ms, on_done, s);
	turn();
	return c;
}

static struct sns_check *post(struct sender *s, const char *body)
{
	return check_at(s, s->auth, body, signed_ms);
}

/* A notification; its parts can be others. */
static const char *note_of(const char *message, const char *version, const char *signature,
			   const char *cert_url)
{
	static char body[4096];
	(void)snprintf(
	    body, sizeof(body),
	    "{\"Type\":\"Notification\","
	    "\"MessageId\":\"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\","
	    "\"TopicArn\":\"" TOPIC "\",\"Subject\":\"My First Message\","
	    "\"Message\":\"%s\",\"Timestamp\":\"2026-05-02T00:54:06.655Z\","
	    "\"SignatureVersion\":\"%s\",\"Signature\":\"%s\",\"SigningCertURL\":\"%s\"}",
	    message, version, signature, cert_url);
	return body;
}

static const char *note(void)
{
	return note_of("{\\\"a\\\":1}", "1", SNS_SIGNED_1, CERT_URL);
}

#define PLAIN \
	"{\"Type\":\"Notification\",\"MessageId\":\"2\",\"TopicArn\":\"" TOPIC \
	"\",\"Message\":\"hello\",\"Timestamp\":\"2026-05-02T00:54:06.655Z\"," \
	"\"SignatureVersion\":" \
	"\"2\",\"Signature\":\"" SNS_PLAIN_2 "\",\"SigningCertURL\":\"" CERT_URL "\"}"

static const char *control(const char *type, const char *version, const char *signature,
			   const char *subscribe_url)
{
	static char body[4096];
	(void)snprintf(body, sizeof(body),
		       "{\"Type\":\"%s\",\"MessageId\":\"3\",\"Token\":\"t0\","
		       "\"TopicArn\":\"" TOPIC "\",\"Message\":\"You have chosen to subscribe\","
		       "\"SubscribeURL\":\"%s\",\"Timestamp\":\"2026-05-02T00:54:06.655Z\","
		       "\"SignatureVersion\":\"%s\",\"Signature\":\"%s\","
		       "\"SigningCertURL\":\"" CERT_URL "\"}",
		       type, subscribe_url, version, signature);
	return body;
}

/* ---- what is proven ---- */

TEST(a_notification_is_proven_by_both_versions_of_the_signature)
{
	struct sender s;
	begin(&s);

	(void)post(&s, note());
	REQUIRE(transfers);
	CHECK_STR(transfers->url, CERT_URL);
	answer(200, sns_cert);

	CHECK_INT(s.dones, 1);
	CHECK_STR(s.why, "");
	CHECK_STR(s.identity, TOPIC);
	CHECK_STR(s.id, "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324");
	CHECK_STR(s.input, "{\"a\":1}");
	(void)post(&s, note_of("{\\\"a\\\":1}", "2", SNS_SIGNED_2, CERT_URL));
	CHECK_INT(s.dones, 2);
	CHECK_STR(s.why, "");
	end(&s);
}

TEST(a_certificate_is_asked_for_once_and_by_one_of_those_who_wait)
{
	struct sender s;
	begin(&s);

	(void)post(&s, note());
	(void)post(&s, note());
	CHECK_INT(n_asked, 1);
	answer(200, sns_cert_of_region);
	CHECK_INT(s.dones, 2);
	CHECK_STR(s.why, "");
	(void)post(&s, note());
	CHECK_INT(s.dones, 3);
	CHECK_INT(n_asked, 1);
	end(&s);
}

TEST(a_message_that_is_no_object_is_wrapped)
{
	struct sender s;
	begin(&s);
	(void)post(&s, PLAIN);
	answer(200, sns_cert);

	CHECK_STR(s.why, "");
	CHECK_STR(s.input, "{\"Message\":\"hello\"}");
	end(&s);
}

TEST(a_subscription_is_confirmed_before_it_is_told)
{
	struct sender s;
	begin(&s);
	(void)post(&s, control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL));
	answer(200, sns_cert);

	CHECK_INT(s.dones, 0);
	REQUIRE(transfers);
	CHECK_STR(transfers->url, SUBSCRIBE_URL);
	answer(200, "<ConfirmSubscriptionResponse/>");
	CHECK_INT(s.dones, 1);
	CHECK_STR(s.why, "");
	end(&s);
}

TEST(a_subscription_that_cannot_be_confirmed_now_is_tried_again)
{
	struct sender s;
	begin(&s);
	(void)post(&s, control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL));
	answer(200, sns_cert);
	answer(500, "");

	CHECK(s.later);
	CHECK_STR(s.why, "the subscription could not be confirmed");
	end(&s);
}

TEST(the_end_of_a_subscription_is_told_and_nothing_is_asked_for)
{
	struct sender s;
	begin(&s);
	(void)post(&s, control("UnsubscribeConfirmation", "2", SNS_UNSUBSCRIBE_2, SUBSCRIBE_URL));
	answer(200, sns_cert);

	CHECK_INT(s.dones, 1);
	CHECK_STR(s.why, "");
	CHECK_INT(n_asked, 1);
	end(&s);
}

/* ---- what is not ---- */

TEST(what_was_changed_is_not_signed)
{
	static const char wrong[] = "the signature is wrong";
	struct sender s;
	begin(&s);

	(void)post(&s, note_of("{\\\"a\\\":2}", "1", SNS_SIGNED_1, CERT_URL));
	answer(200, sns_cert);
	CHECK_STR(s.why, wrong);
	CHECK_STR(s.identity, "");
	(void)post(&s, note_of("{\\\"a\\\":1}", "2", SNS_SIGNED_1, CERT_URL));
	CHECK_STR(s.why, wrong);
	(void)post(&s, note_of("{\\\"a\\\":1}", "1", "AAAA", CERT_URL));
	CHECK_STR(s.why, wrong);
	/* one type's signature does not do for another's */
	(void)post(&s, control("UnsubscribeConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL));
	CHECK_STR(s.why, wrong);
	CHECK_INT(n_asked, 1);
	end(&s);
}

TEST(certificates_of_others_old_or_weak_ones_prove_nothing)
{
	static const char others[] = "the certificate is not one of SNS in the topic's region";
	static const struct {
		const char *pem, *signature, *why;
	} bad[] = {
		{ sns_cert_of_others, SNS_SIGNED_2, others },
		{ sns_cert_old, SNS_SIGNED_2, "the certificate is not good at this time" },
		{ sns_cert_weak, SNS_WEAK_2, "the signature is wrong" },
		{ "no PEM", SNS_SIGNED_2, "its certificate is not at its SigningCertURL" },
		{ "", SNS_SIGNED_2, "its certificate is not at its SigningCertURL" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sender s;
		begin(&s);
		(void)post(&s, note_of("{\\\"a\\\":1}", "2", bad[i].signature, CERT_URL));
		answer(200, bad[i].pem);
		CHECK_STR(s.why, bad[i].why);
		CHECK(!s.later);
		end(&s);
	}
}

TEST(nothing_is_asked_of_other_hosts_or_for_other_things)
{
	static const char *const bad[] = {
		"http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem",
		"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
		"https://sns.eu-central-1.amazonaws.com.cn/SimpleNotificationService-0a.pem",
		"https://sns.eu-central-1.amazonaws.com.a.eu/SimpleNotificationService-0a.pem",
		"https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0a.pem",
		"https://sns.eu-central-1.amazonaws.com@a.eu/SimpleNotificationService-0a.pem",
		"https://x@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem",
		"https://a.eu/sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem",
		"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem?a=b",
		"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem#a",
		"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-.pem",
		"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a/../x.pem",
		"https://sns.eu-central-1.amazonaws.com/?Action=ListTopics&x=.pem",
		"https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem\\u0000x",
		"HTTPS://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0a.pem",
		"file:///etc/passwd",
		"",
	};
	struct sender s;
	begin(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)post(&s, note_of("{\\\"a\\\":1}", "1", SNS_SIGNED_1, bad[i]));
		CHECK_STR(s.why, "its SigningCertURL is not where SNS keeps certificates of the "
				 "topic's region");
	}
	static const char *const elsewhere[] = {
		"https://example.org/?Action=ConfirmSubscription&TopicArn=x",
		"https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe&TopicArn=x",
		"http://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x",
	};
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		(void)post(&s,
			   control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, elsewhere[i]));
		CHECK_STR(s.why, "its SubscribeURL is not one of SNS in the topic's region");
	}
	CHECK_INT(n_asked, 0);
	end(&s);
}

TEST(a_topic_that_is_not_allowed_is_refused_before_anything_is_asked_for)
{
	struct sender s;
	begin_with(&s, TOPIC "2 arn:aws:sns:eu-central-1:111122223333:alert", NULL);

	(void)post(&s, note());
	CHECK_STR(s.why, "its topic is not one of topics");
	(void)post(&s, control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL));
	CHECK_STR(s.why, "its topic is not one of topics");
	CHECK_INT(n_asked, 0);
	end(&s);
}

TEST(the_time_that_was_signed_is_good_for_an_hour)
{
	static const char late[] = "the signed time is further from now than the tolerance";
	struct sender s;
	begin(&s);

	(void)check_at(&s, s.auth, note(), signed_ms + 3600000);
	answer(200, sns_cert);
	CHECK_STR(s.why, "");
	(void)check_at(&s, s.auth, note(), signed_ms + 3600001);
	CHECK_STR(s.why, late);
	(void)check_at(&s, s.auth, note(), signed_ms - 3600001);
	CHECK_STR(s.why, late);
	end(&s);
}

#define ENVELOPE(type, id, time) \
	"{\"Type\":" type ",\"MessageId\":\"" id "\",\"TopicArn\":\"" TOPIC \
	"\",\"Message\":\"x\",\"Timestamp\":\"" time "\",\"SigningCertURL\":\"" CERT_URL "\"}"

TEST(what_is_no_envelope_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"Type\":\"Notification\"}",
		(ENVELOPE("1", "1", "2026-05-02T00:54:06.655Z")),
		(ENVELOPE("\"Notice\"", "1", "2026-05-02T00:54:06.655Z")),
		(ENVELOPE("\"Notification\"", "1\\nx", "2026-05-02T00:54:06.655Z")),
		(ENVELOPE("\"Notification\"", "1", "yesterday")),
	};
	struct sender s;
	begin(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)post(&s, bad[i]);
		CHECK_STR(s.why, "it is not an envelope of SNS");
	}
	(void)post(&s, note_of("x", "3", SNS_SIGNED_1, CERT_URL));
	CHECK_STR(s.why, "its SignatureVersion is neither 1 nor 2");
	(void)post(&s, note_of("x", "1", "not base64", CERT_URL));
	CHECK_STR(s.why, "its Signature is malformed");
	CHECK_INT(n_asked, 0);
	end(&s);
}

/* ---- when the certificate is not to be had ---- */

TEST(a_sender_comes_again_while_a_certificate_cannot_be_fetched)
{
	struct sender s;
	begin(&s);

	(void)post(&s, note());
	answer(0, "");
	CHECK(s.later);
	CHECK_STR(s.why, "its certificate could not be fetched");
	(void)post(&s, note());
	CHECK_INT(s.dones, 2);
	CHECK(s.later);
	CHECK_INT(n_asked, 1);
	end(&s);
}

TEST(a_certificate_that_is_not_there_refuses)
{
	struct sender s;
	begin(&s);
	(void)post(&s, note());
	answer(403, "");

	CHECK(!s.later);
	CHECK_STR(s.why, "its certificate is not at its SigningCertURL");
	end(&s);
}

TEST(strangers_cannot_push_out_what_is_kept_or_ask_without_end)
{
	struct sender s;
	struct sns_check *waiting[20];
	char url[128];
	begin(&s);
	(void)post(&s, note());
	answer(200, sns_cert);

	for (int i = 0; i < 20; i++) {
		(void)snprintf(
		    url, sizeof(url),
		    "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-%x.pem", i);
		waiting[i] = post(&s, note_of("x", "1", SNS_SIGNED_1, url));
	}
	CHECK_INT(n_transfers, 8);
	CHECK_STR(s.why, "too many certificates are asked for at once");
	CHECK(s.later);
	CHECK_INT(s.dones, 1 + 12);
	(void)post(&s, note());
	CHECK_STR(s.why, "");
	for (int i = 0; i < 8; i++)
		sns_check_stop(waiting[i]);
	end(&s);
}

TEST(a_check_that_was_stopped_is_not_told)
{
	struct sender s;
	begin(&s);
	const char *subscribe =
	    control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL);

	struct sns_check *fetching = post(&s, note());
	struct sns_check *confirming = post(&s, subscribe);
	sns_check_stop(fetching);
	answer(200, sns_cert);
	CHECK_INT(n_transfers, 1);
	sns_check_stop(confirming);
	CHECK_INT(n_transfers, 0);
	struct sns_check *reading = sns_check(s.sns, s.auth, &s.req[0], signed_ms, on_done, &s);
	sns_check_stop(reading);
	CHECK_INT(s.dones, 0);
	end(&s);
}

TEST(a_decoy_does_the_same_and_confirms_nothing)
{
	struct sender s;
	begin(&s);

	(void)check_at(&s, s.decoy, note(), signed_ms);
	answer(200, sns_cert);
	CHECK_STR(s.why, "there is no such hook");
	CHECK_STR(s.identity, "");
	(void)check_at(&s, s.decoy,
		       control("SubscriptionConfirmation", "1", SNS_SUBSCRIBE_1, SUBSCRIBE_URL),
		       signed_ms);
	CHECK_INT(s.dones, 2);
	CHECK_INT(n_asked, 1);
	end(&s);
}

TEST(a_prefix_that_was_named_is_believed_as_well)
{
	struct sender s;
	begin_with(&s, TOPIC, "http://127.0.0.1:4566/");

	(void)post(&s,
		   note_of("{\\\"a\\\":1}", "1", SNS_SIGNED_1, "http://127.0.0.1:4566/x/cert.pem"));
	REQUIRE(transfers);
	answer(200, sns_cert_of_others);
	CHECK_STR(s.why, "");
	(void)post(&s, note_of("{\\\"a\\\":1}", "1", SNS_SIGNED_1, "http://127.0.0.1:45660/c.pem"));
	CHECK_STR(s.why, "its SigningCertURL is not where SNS keeps certificates of the topic's "
			 "region");
	(void)post(&s, note());
	answer(200, sns_cert_of_others);
	CHECK_STR(s.why, "the certificate is not one of SNS in the topic's region");
	end(&s);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_notification_is_proven_by_both_versions_of_the_signature),
		      TAP_CASE(a_certificate_is_asked_for_once_and_by_one_of_those_who_wait),
		      TAP_CASE(a_message_that_is_no_object_is_wrapped),
		      TAP_CASE(a_subscription_is_confirmed_before_it_is_told),
		      TAP_CASE(a_subscription_that_cannot_be_confirmed_now_is_tried_again),
		      TAP_CASE(the_end_of_a_subscription_is_told_and_nothing_is_asked_for),
		      TAP_CASE(what_was_changed_is_not_signed),
		      TAP_CASE(certificates_of_others_old_or_weak_ones_prove_nothing),
		      TAP_CASE(nothing_is_asked_of_other_hosts_or_for_other_things),
		      TAP_CASE(a_topic_that_is_not_allowed_is_refused_before_anything_is_asked_for),
		      TAP_CASE(the_time_that_was_signed_is_good_for_an_hour),
		      TAP_CASE(what_is_no_envelope_is_refused),
		      TAP_CASE(a_sender_comes_again_while_a_certificate_cannot_be_fetched),
		      TAP_CASE(a_certificate_that_is_not_there_refuses),
		      TAP_CASE(strangers_cannot_push_out_what_is_kept_or_ask_without_end),
		      TAP_CASE(a_check_that_was_stopped_is_not_told),
		      TAP_CASE(a_decoy_does_the_same_and_confirms_nothing),
		      TAP_CASE(a_prefix_that_was_named_is_believed_as_well)));
}
