/* How deliveries prove who sent them: published vectors, and what must not pass for one. */
#include "webhook_hook.h"

static const int64_t second = 1000;

static const char malformed[] = "the signature is malformed";
static const char wrong[] = "the signature is wrong";
static const char missing[] = "the signature header is missing";
static const char twice[] = "a header of the signature is there more than once";
static const char late[] = "the signed time is further from now than the tolerance";

/* ---- GitHub: "Validating webhook deliveries" ---- */

static const char github_signature[] =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
static const struct hook github = { { .auth = "github" }, { "It's a Secret to Everybody" } };

TEST(githubs_vector_is_proven)
{
	struct webhook_proof p = prove(
	    &github,
	    HEADERS({ "X-Hub-Signature-256", github_signature }, { "X-GitHub-Delivery", "d-1" }),
	    "Hello, World!", 0);

	CHECK_PROVEN(p, "secret 1");
	CHECK_STR(p.id, "d-1");
	CHECK_INT(p.signed_ms, 0);
}

TEST(what_is_not_githubs_signature_is_refused)
{
	static const struct {
		const char *signature, *body, *why;
	} bad[] = {
		{ github_signature, "Hello, World", wrong },
		{ github_signature + 7, "Hello, World!", malformed },
		{ "sha256=", "Hello, World!", malformed },
		{ "", "Hello, World!", malformed },
		{ "sha1=757107ea0eb2509fc211221cce984b8a37570b6d", "Hello, World!", malformed },
		{ "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
		  "Hello, World!", malformed },
		{ "sha256=g57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		  "Hello, World!", malformed },
		{ "sha256=0000000000000000000000000000000000000000000000000000000000000000",
		  "Hello, World!", wrong },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_REFUSED(prove(&github, HEADERS({ "X-Hub-Signature-256", bad[i].signature }),
				    bad[i].body, 0),
			      bad[i].why);
	CHECK_REFUSED(prove(&github, NO_HEADERS, "Hello, World!", 0), missing);
	CHECK_REFUSED(prove(&github,
			    HEADERS({ "X-Hub-Signature-256", github_signature },
				    { "x-hub-signature-256", github_signature }),
			    "Hello, World!", 0),
		      twice);
}

/* ---- plain HMAC; made with Python's hmac: key "s", body "{}" ---- */

TEST(plain_codes_come_in_three_digests_and_two_encodings)
{
	static const struct {
		const char *auth, *prefix, *encoding, *signature;
	} good[] = {
		{ "hmac-sha1", NULL, NULL, "850413ce2dee4c4142838bab9e9086cb305da54d" },
		{ "hmac-sha1", NULL, NULL, "sha1=850413CE2DEE4C4142838BAB9E9086CB305DA54D" },
		{ "hmac-sha1", NULL, "base64", "hQQTzi3uTEFCg4urnpCGyzBdpU0=" },
		{ "hmac-sha256", NULL, "hex",
		  "143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6" },
		{ NULL, NULL, NULL,
		  "sha256=143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6" },
		{ "hmac-sha256", "v1:", "base64",
		  "v1:FDyo1Re6GxgQJdcysc8nXZAQT8pXuwKlZVQpeKoYxLY=" },
		{ "hmac-sha512", NULL, "base64",
		  "FjrXbDtBhrlbP92WNYRa/Czqtv8O06NAddNXXrEJ75qPUIlvGHjnymwEz12vMcURFL84CnUXwnNphF+"
		  "YMa6C9w==" },
		{ "hmac-sha512", NULL, NULL,
		  "163ad76c3b4186b95b3fdd9635845afc2ceab6ff0ed3a34075d3575eb109ef9a8f50896f1878e7"
		  "ca6c04cf5daf31c51114bf380a7517c27369845f9831ae82f7" },
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct hook h = { { .auth = good[i].auth,
					  .header = "X-Sig",
					  .prefix = good[i].prefix,
					  .encoding = good[i].encoding },
					{ "s" } };
		const struct http_header *sent = HEADERS({ "x-sig", good[i].signature });
		CHECK_PROVEN(prove(&h, sent, "{}", 0), "secret 1");
		CHECK_REFUSED(prove(&h, sent, "{ }", 0), wrong);
	}
}

TEST(a_prefix_that_was_asked_for_must_be_there)
{
	const struct hook h = { { .header = "X-Sig", .prefix = "v1:" }, { "s" } };

	CHECK_REFUSED(
	    prove(&h,
		  HEADERS({ "X-Sig",
			    "143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6" }),
		  "{}", 0),
	    malformed);
}

TEST(each_of_several_secrets_is_good)
{
	static const char signature[] =
	    "143ca8d517ba1b181025d732b1cf275d90104fca57bb02a565542978aa18c4b6";
	const struct http_header *sent = HEADERS({ "X-Sig", signature });
	const struct hook first = { { .header = "X-Sig" }, { "s", "new", "newer" } };
	const struct hook last = { { .header = "X-Sig" }, { "newer", "new", "s" } };
	const struct hook gone = { { .header = "X-Sig" }, { "newer", "new" } };

	CHECK_PROVEN(prove(&first, sent, "{}", 0), "secret 1");
	CHECK_PROVEN(prove(&last, sent, "{}", 0), "secret 3");
	CHECK_REFUSED(prove(&gone, sent, "{}", 0), wrong);
}

/* ---- Slack: "Verifying requests from Slack" ---- */

static const char slack_body[] =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIG"
    "lgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
static const char slack_signature[] =
    "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
static const struct hook slack = { { .auth = "slack" }, { "8f742231b10e8888abcd99yyyzzz85a5" } };
static const int64_t slack_ms = 1531420618 * second;

TEST(slacks_vector_is_proven)
{
	struct webhook_proof p = prove(&slack,
				       HEADERS({ "X-Slack-Request-Timestamp", "1531420618" },
					       { "X-Slack-Signature", slack_signature }),
				       slack_body, slack_ms);

	CHECK_PROVEN(p, "secret 1");
	CHECK_INT(p.signed_ms, slack_ms);
}

TEST(a_signed_time_is_good_for_five_minutes_in_both_directions)
{
	const struct http_header *sent = HEADERS({ "X-Slack-Request-Timestamp", "1531420618" },
						 { "X-Slack-Signature", slack_signature });
	const struct hook wide = { { .auth = "slack", .tolerance_ms = 3600 * second },
				   { slack.secrets[0] } };

	CHECK_PROVEN(prove(&slack, sent, slack_body, slack_ms + 300 * second), "secret 1");
	CHECK_PROVEN(prove(&slack, sent, slack_body, slack_ms - 300 * second), "secret 1");
	CHECK_REFUSED(prove(&slack, sent, slack_body, slack_ms + 300 * second + 1), late);
	CHECK_REFUSED(prove(&slack, sent, slack_body, slack_ms - 300 * second - 1), late);
	CHECK_PROVEN(prove(&wide, sent, slack_body, slack_ms + 3600 * second), "secret 1");
	CHECK_REFUSED(prove(&wide, sent, slack_body, slack_ms + 3601 * second), late);
}

TEST(a_time_that_was_not_signed_is_refused)
{
	static const struct {
		const char *time, *why;
	} bad[] = {
		{ "1531420619", wrong },
		{ "01531420618", wrong },
		{ "", malformed },
		{ "now", malformed },
		{ "-1531420618", malformed },
		{ "+1531420618", malformed },
		{ "1531420618.0", malformed },
		{ "99999999999999999999", malformed },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_REFUSED(prove(&slack,
				    HEADERS({ "X-Slack-Request-Timestamp", bad[i].time },
					    { "X-Slack-Signature", slack_signature }),
				    slack_body, slack_ms),
			      bad[i].why);
	CHECK_REFUSED(
	    prove(&slack, HEADERS({ "X-Slack-Signature", slack_signature }), slack_body, slack_ms),
	    missing);
	CHECK_REFUSED(prove(&slack,
			    HEADERS({ "X-Slack-Request-Timestamp", "1531420618" },
				    { "X-Slack-Request-Timestamp", "1531420618" },
				    { "X-Slack-Signature", slack_signature }),
			    slack_body, slack_ms),
		      twice);
}

TEST(slacks_question_whether_the_address_is_ours_is_known)
{
	struct webhook_auth *a = make(&slack), *b = make(&github);
	cJSON *asks = json_parse(
	    BYTES_LIT("{\"type\":\"url_verification\",\"challenge\":\"3eZbrw1aBm2rZgRNFdxV\"}"),
	    NULL);
	cJSON *other =
	    json_parse(BYTES_LIT("{\"type\":\"event_callback\",\"challenge\":\"x\"}"), NULL);

	CHECK_STR(webhook_auth_challenge(a, asks), "3eZbrw1aBm2rZgRNFdxV");
	CHECK(!webhook_auth_challenge(a, other));
	CHECK(!webhook_auth_challenge(b, asks));
	cJSON_Delete(asks);
	cJSON_Delete(other);
	webhook_auth_free(a);
	webhook_auth_free(b);
}

/* ---- Stripe: the scheme of its documentation; signed with Python's hmac ---- */

static const struct hook stripe = { { .auth = "stripe" }, { "whsec_test_secret" } };
static const char stripe_body[] = "{\"id\":\"evt_1\"}";
static const int64_t stripe_ms = 1700000000 * second;
#define STRIPE_V1 "v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a"
#define OTHER_V1 "v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"

TEST(stripes_header_may_hold_several_signatures_and_other_schemes)
{
	static const char *const good[] = {
		"t=1700000000," STRIPE_V1,
		STRIPE_V1 ",t=1700000000",
		"t=1700000000," OTHER_V1 "," STRIPE_V1,
		"t=1700000000," STRIPE_V1
		",v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct webhook_proof p = prove(&stripe, HEADERS({ "Stripe-Signature", good[i] }),
					       stripe_body, stripe_ms);
		CHECK_PROVEN(p, "secret 1");
		CHECK_INT(p.signed_ms, stripe_ms);
	}
}

TEST(what_is_not_stripes_signature_is_refused)
{
	static const struct {
		const char *value, *why;
	} bad[] = {
		{ "t=1700000000," OTHER_V1, wrong },
		{ "t=1700000001," STRIPE_V1, wrong },
		{ "t=1700000000,t=1700000000," STRIPE_V1, malformed },
		{ "t=1700000000", malformed },
		{ STRIPE_V1, malformed },
		{ "t=," STRIPE_V1, malformed },
		{ "t=1700000000,v1=", malformed },
		{ "t=1700000000,v1=zz," STRIPE_V1, malformed },
		{ "t=1700000000,v0="
		  "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a",
		  malformed },
		{ "t=1700000000, " STRIPE_V1, malformed },
		{ "t=1700000000;" STRIPE_V1, malformed },
		{ "", malformed },
		{ "t=1700000000," OTHER_V1 "," OTHER_V1 "," OTHER_V1 "," OTHER_V1 "," OTHER_V1
		  "," OTHER_V1 "," OTHER_V1 "," OTHER_V1 "," STRIPE_V1,
		  malformed },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_REFUSED(prove(&stripe, HEADERS({ "Stripe-Signature", bad[i].value }),
				    stripe_body, stripe_ms),
			      bad[i].why);
	CHECK_REFUSED(prove(&stripe, HEADERS({ "Stripe-Signature", "t=1700000000," STRIPE_V1 }),
			    stripe_body, stripe_ms + 301 * second),
		      late);
}

/* ---- Standard Webhooks: the vector of its libraries, and one of the key in RFC 8032, 7.1, test 1 ---- */

static const struct hook standard = { { .auth = "standard-webhooks" },
				      { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } };
static const struct hook standard_public = {
	{ .auth = "standard-webhooks" }, { "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" }
};
static const char standard_body[] = "{\"test\": 2432232314}";
static const int64_t standard_ms = 1614265330 * second;
#define STANDARD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define STANDARD_V1 "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define STANDARD_V1A \
	"v1a," \
	"fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw=="

static struct webhook_proof prove_standard(const struct hook *h, const char *id, const char *time,
					   const char *signature)
{
	return prove(h,
		     HEADERS({ "webhook-id", id }, { "webhook-timestamp", time },
			     { "webhook-signature", signature }),
		     standard_body, standard_ms);
}

TEST(the_vector_of_standard_webhooks_is_proven)
{
	struct webhook_proof p = prove_standard(&standard, STANDARD_ID, "1614265330", STANDARD_V1);

	CHECK_PROVEN(p, "secret 1");
	CHECK_STR(p.id, STANDARD_ID);
	CHECK_INT(p.signed_ms, standard_ms);
	CHECK_PROVEN(
	    prove_standard(&standard, STANDARD_ID, "1614265330",
			   "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x " STANDARD_V1),
	    "secret 1");
}

TEST(a_public_key_proves_v1a_and_nothing_else)
{
	const struct hook both = { { .auth = "standard-webhooks" },
				   { standard.secrets[0], standard_public.secrets[0] } };

	CHECK_PROVEN(prove_standard(&standard_public, STANDARD_ID, "1614265330", STANDARD_V1A),
		     "secret 1");
	CHECK_PROVEN(prove_standard(&both, STANDARD_ID, "1614265330", STANDARD_V1A), "secret 2");
	CHECK_PROVEN(prove_standard(&both, STANDARD_ID, "1614265330", STANDARD_V1), "secret 1");
	CHECK_REFUSED(prove_standard(&standard_public, STANDARD_ID, "1614265330", STANDARD_V1),
		      wrong);
	CHECK_REFUSED(prove_standard(&standard, STANDARD_ID, "1614265330", STANDARD_V1A), wrong);
	CHECK_REFUSED(prove_standard(&standard_public, "msg_other", "1614265330", STANDARD_V1A),
		      wrong);
}

TEST(what_is_not_a_signature_of_standard_webhooks_is_refused)
{
	static const struct {
		const char *id, *time, *signature, *why;
	} bad[] = {
		{ "msg_other", "1614265330", STANDARD_V1, wrong },
		{ STANDARD_ID, "1614265331", STANDARD_V1, wrong },
		{ STANDARD_ID, "1614265330",
		  "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=", wrong },
		{ "", "1614265330", STANDARD_V1, malformed },
		{ STANDARD_ID, "", STANDARD_V1, malformed },
		{ STANDARD_ID, "1614265330", "", malformed },
		{ STANDARD_ID, "1614265330",
		  "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", malformed },
		{ STANDARD_ID, "1614265330", "v1,", malformed },
		{ STANDARD_ID, "1614265330", "v1,g0hM9SsE", malformed },
		{ STANDARD_ID, "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
		  malformed },
		{ STANDARD_ID, "1614265330",
		  "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", malformed },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_REFUSED(prove_standard(&standard, bad[i].id, bad[i].time, bad[i].signature),
			      bad[i].why);
}

TEST(svix_is_the_same_under_other_names)
{
	const struct hook h = { { .auth = "svix" }, { standard.secrets[0] } };

	CHECK_PROVEN(prove(&h,
			   HEADERS({ "svix-id", STANDARD_ID }, { "svix-timestamp", "1614265330" },
				   { "svix-signature", STANDARD_V1 }),
			   standard_body, standard_ms),
		     "secret 1");
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(githubs_vector_is_proven), TAP_CASE(what_is_not_githubs_signature_is_refused),
	    TAP_CASE(plain_codes_come_in_three_digests_and_two_encodings),
	    TAP_CASE(a_prefix_that_was_asked_for_must_be_there),
	    TAP_CASE(each_of_several_secrets_is_good), TAP_CASE(slacks_vector_is_proven),
	    TAP_CASE(a_signed_time_is_good_for_five_minutes_in_both_directions),
	    TAP_CASE(a_time_that_was_not_signed_is_refused),
	    TAP_CASE(slacks_question_whether_the_address_is_ours_is_known),
	    TAP_CASE(stripes_header_may_hold_several_signatures_and_other_schemes),
	    TAP_CASE(what_is_not_stripes_signature_is_refused),
	    TAP_CASE(the_vector_of_standard_webhooks_is_proven),
	    TAP_CASE(a_public_key_proves_v1a_and_nothing_else),
	    TAP_CASE(what_is_not_a_signature_of_standard_webhooks_is_refused),
	    TAP_CASE(svix_is_the_same_under_other_names)));
}
