/* Deliveries that show a secret or a certificate; decoys; what identifies a delivery; hooks that cannot
 * work. */
#include "webhook_hook.h"

static const char missing[] = "the signature header is missing";
static const char twice[] = "a header of the signature is there more than once";
static const char github_signature[] =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
static const struct hook github = { { .auth = "github" }, { "It's a Secret to Everybody" } };
static const struct hook slack = { { .auth = "slack" }, { "s" } };
static const struct hook stripe = { { .auth = "stripe" }, { "s" } };
static const struct hook standard_public = {
	{ .auth = "standard-webhooks" }, { "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" }
};

/* ---- what is shown instead of a signature ---- */

TEST(a_key_is_the_whole_value_of_its_header)
{
	const struct hook h = { { .auth = "key", .header = "X-Api-Key" }, { "old key", "key" } };

	CHECK_PROVEN(prove(&h, HEADERS({ "x-api-key", "key" }), "{}", 0), "secret 2");
	CHECK_PROVEN(prove(&h, HEADERS({ "x-api-key", "old key" }), "{}", 0), "secret 1");
	CHECK_REFUSED(prove(&h, HEADERS({ "x-api-key", "key2" }), "{}", 0), "the secret is wrong");
	CHECK_REFUSED(prove(&h, HEADERS({ "x-api-key", "ke" }), "{}", 0), "the secret is wrong");
	CHECK_REFUSED(prove(&h, HEADERS({ "x-api-key", "" }), "{}", 0), "the secret is wrong");
	CHECK_REFUSED(prove(&h, NO_HEADERS, "{}", 0), missing);
	CHECK_REFUSED(prove(&h, HEADERS({ "x-api-key", "key" }, { "X-Api-Key", "key" }), "{}", 0),
		      twice);
}

TEST(basic_tells_the_user)
{
	static const char scheme[] = "the Authorization header has another scheme";
	const struct hook h = { { .auth = "basic" }, { "bob:x", "ann:pass:word" } };

	CHECK_PROVEN(prove(&h, HEADERS({ "Authorization", "Basic YW5uOnBhc3M6d29yZA==" }), "{}", 0),
		     "ann");
	CHECK_PROVEN(prove(&h, HEADERS({ "Authorization", "basic  Ym9iOng=" }), "{}", 0), "bob");
	CHECK_REFUSED(prove(&h, HEADERS({ "Authorization", "Basic YW5uOng=" }), "{}", 0),
		      "the secret is wrong");
	CHECK_REFUSED(prove(&h, HEADERS({ "Authorization", "Basic !" }), "{}", 0),
		      "the Authorization header is malformed");
	CHECK_REFUSED(prove(&h, HEADERS({ "Authorization", "Basic" }), "{}", 0), scheme);
	CHECK_REFUSED(prove(&h, HEADERS({ "Authorization", "Basic " }), "{}", 0),
		      "the secret is wrong");
	CHECK_REFUSED(
	    prove(&h, HEADERS({ "Authorization", "Bearer YW5uOnBhc3M6d29yZA==" }), "{}", 0),
	    scheme);
	CHECK_REFUSED(prove(&h, HEADERS({ "Authorization", "YW5uOnBhc3M6d29yZA==" }), "{}", 0),
		      scheme);
}

TEST(a_bearer_shows_a_token)
{
	const struct hook h = { { .auth = "bearer" }, { "t0ken:x" } };

	CHECK_PROVEN(prove(&h, HEADERS({ "authorization", "Bearer t0ken:x" }), "{}", 0),
		     "secret 1");
	CHECK_REFUSED(prove(&h, HEADERS({ "authorization", "Bearer t0ken" }), "{}", 0),
		      "the secret is wrong");
	CHECK_REFUSED(prove(&h, NO_HEADERS, "{}", 0), missing);
}

TEST(eventbridge_shows_what_its_connection_says)
{
	const struct hook key = { { .auth = "eventbridge", .header = "X-Key" }, { "k" } };
	const struct hook basic = { { .auth = "eventbridge", .scheme = "basic" }, { "bob:x" } };
	const struct hook bearer = { { .auth = "eventbridge", .scheme = "bearer" }, { "t" } };

	CHECK_PROVEN(prove(&key, HEADERS({ "X-Key", "k" }), "{}", 0), "secret 1");
	CHECK_PROVEN(prove(&basic, HEADERS({ "Authorization", "Basic Ym9iOng=" }), "{}", 0), "bob");
	CHECK_PROVEN(prove(&bearer, HEADERS({ "Authorization", "Bearer t" }), "{}", 0), "secret 1");
	CHECK_REFUSED(prove(&bearer, HEADERS({ "X-Key", "t" }), "{}", 0), missing);
}

static struct webhook_proof prove_client(const struct hook *h, const struct http_client_cert *cert)
{
	struct webhook_proof p;
	struct webhook_auth *a = make(h);
	struct http_received req = request(NO_HEADERS, "{}");
	req.client = cert;
	webhook_auth_check(a, &req, 0, &p);
	webhook_auth_free(a);
	return p;
}

TEST(a_certificate_proves_one_of_its_names)
{
	static const char *const names[] = { "CN:orders", "DNS:orders.example.com" };
	static const char *const forged[] = { "CN:DNS:orders.example.com", "DNS:example.com" };
	const struct http_client_cert cert = { "CN=orders", names, 2 };
	const struct http_client_cert other = { "CN=DNS:orders.example.com", forged, 2 };
	const struct http_client_cert nobody = { "O=Example", NULL, 0 };
	const struct hook dns = { { .auth = "mtls", .clients = "CN:boss  DNS:*.example.com" },
				  { NULL } };
	const struct hook all = { { .auth = "mtls", .clients = "*" }, { NULL } };

	CHECK_PROVEN(prove_client(&dns, &cert), "DNS:orders.example.com");
	CHECK_PROVEN(prove_client(&all, &cert), "CN:orders");
	CHECK_REFUSED(prove_client(&dns, &other), "the certificate names nobody of clients");
	CHECK_REFUSED(prove_client(&all, &nobody), "the certificate names nobody of clients");
	CHECK_REFUSED(prove_client(&all, NULL), "no certificate was shown");
}

TEST(a_certificate_can_be_asked_for_beside_a_secret)
{
	static const char *const names[] = { "CN:orders" };
	const struct http_client_cert cert = { "CN=orders", names, 1 };
	const struct hook h = { { .auth = "key", .header = "X-Key", .clients = "CN:orders" },
				{ "k" } };
	struct webhook_auth *a = make(&h);
	struct http_received req = request(HEADERS({ "X-Key", "k" }), "{}");
	struct webhook_proof p;

	webhook_auth_check(a, &req, 0, &p);
	CHECK_REFUSED(p, "the certificate names nobody of clients");
	req.client = &cert;
	webhook_auth_check(a, &req, 0, &p);
	CHECK_PROVEN(p, "secret 1");
	webhook_auth_free(a);
}

/* ---- decoys ---- */

TEST(a_decoy_is_never_proven)
{
	const struct hook key = { { .auth = "key", .header = "X-Key" }, { "k" } };
	const struct hook all = { { .auth = "mtls", .clients = "*" }, { NULL } };
	const struct {
		const struct hook *hook;
		const struct http_header *headers;
		const char *body;
	} right[] = {
		{ &github, HEADERS({ "X-Hub-Signature-256", github_signature }), "Hello, World!" },
		{ &key, HEADERS({ "X-Key", "k" }), "{}" },
		{ &standard_public,
		  HEADERS({ "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek" },
			  { "webhook-timestamp", "1614265330" },
			  { "webhook-signature", "v1a,"
						 "fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVm"
						 "Ab2ADpkJK7zgPePmPsle0zV9jSeGlHFG2N"
						 "VAw==" }),
		  "{\"test\": 2432232314}" },
		{ &all, NO_HEADERS, "{}" },
	};
	static const char *const names[] = { "CN:orders" };
	const struct http_client_cert cert = { "CN=orders", names, 1 };
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct webhook_auth *a = make(right[i].hook), *decoy = NULL;
		struct http_received req = request(right[i].headers, right[i].body);
		struct webhook_proof p;
		req.client = &cert;
		REQUIRE(webhook_auth_decoy(&decoy, a, NULL) == 0);
		webhook_auth_check(a, &req, 1614265330000, &p);
		CHECK(!p.why);
		webhook_auth_check(decoy, &req, 1614265330000, &p);
		CHECK_REFUSED(p, "there is no such hook");
		webhook_auth_free(a);
		webhook_auth_free(decoy);
	}
}

/* ---- what identifies a delivery ---- */

static const char *identify(const struct hook *h, const struct http_header *headers,
			    const char *body, struct webhook_proof *p)
{
	struct webhook_auth *a = make(h);
	const struct http_received req = request(headers, body);
	cJSON *tree = json_parse(req.body, NULL);
	const char *why = webhook_auth_identify(a, &req, tree, p);
	cJSON_Delete(tree);
	webhook_auth_free(a);
	return why ? why : "";
}

TEST(a_delivery_is_identified_by_header_or_member)
{
	const struct hook plain = { { .header = "X-Sig" }, { "s" } };
	const struct hook header = { { .header = "X-Sig", .delivery_header = "X-Id" }, { "s" } };
	const struct hook member = { { .header = "X-Sig", .delivery_member = "seq" }, { "s" } };
	struct webhook_proof p = { 0 };

	CHECK_STR(identify(&github, HEADERS({ "X-GitHub-Delivery", "d-1" }), "{}", &p), "");
	CHECK_STR(p.id, "d-1");
	CHECK_STR(identify(&plain, NO_HEADERS, "{}", &p), "");
	CHECK_STR(p.id, "");
	CHECK_STR(identify(&header, HEADERS({ "x-id", "7" }), "{}", &p), "");
	CHECK_STR(p.id, "7");
	CHECK_STR(identify(&member, NO_HEADERS, "{\"seq\":42}", &p), "");
	CHECK_STR(p.id, "42");
	CHECK_STR(identify(&stripe, NO_HEADERS, "{\"id\":\"evt_1\"}", &p), "");
	CHECK_STR(p.id, "evt_1");
	CHECK_STR(identify(&slack, NO_HEADERS, "{}", &p), "");
	CHECK_STR(p.id, "");
}

TEST(what_cannot_identify_a_delivery_is_told)
{
	static const char no_id[] = "what identifies a delivery is missing";
	static const char bad_id[] =
	    "what identifies a delivery is not printable ASCII of 1 to 200 characters";
	const struct hook member = { { .header = "X-Sig", .delivery_member = "seq" }, { "s" } };
	struct webhook_proof p = { 0 };
	char text[203];

	CHECK_STR(identify(&github, NO_HEADERS, "{}", &p), no_id);
	CHECK_STR(identify(&github,
			   HEADERS({ "X-GitHub-Delivery", "1" }, { "x-github-delivery", "2" }),
			   "{}", &p),
		  "the header that identifies a delivery is there more than once");
	CHECK_STR(identify(&github, HEADERS({ "X-GitHub-Delivery", "" }), "{}", &p), bad_id);
	CHECK_STR(identify(&github, HEADERS({ "X-GitHub-Delivery", "\xc3\xa4" }), "{}", &p),
		  bad_id);
	CHECK_STR(identify(&member, NO_HEADERS, "{\"seq\":{}}", &p), no_id);
	CHECK_STR(identify(&member, NO_HEADERS, "{\"seq\":1.5}", &p), no_id);
	CHECK_STR(identify(&member, NO_HEADERS, "{\"seq\":\"a\\u0000b\"}", &p), bad_id);
	memset(text, 'x', sizeof(text));
	text[201] = '\0';
	CHECK_STR(identify(&github, HEADERS({ "X-GitHub-Delivery", text }), "{}", &p), bad_id);
	CHECK_STR(p.id, "");
	text[200] = '\0';
	CHECK_STR(identify(&github, HEADERS({ "X-GitHub-Delivery", text }), "{}", &p), "");
	CHECK_STR(p.id, text);
}

/* ---- what cannot work ---- */

TEST(a_hook_that_cannot_work_is_told_why)
{
	static const struct {
		struct webhook_auth_spec spec;
		const char *message;
	} bad[] = {
		{ { .auth = "hmac-sha256" },
		  "auth = hmac-sha256 needs header: where its signature is" },
		{ { .auth = "key" }, "auth = key needs header: where its key is" },
		{ { .auth = "key", .header = "X Y" }, "header 'X Y' is no header name" },
		{ { .auth = "github", .header = "X" }, "auth = github has no use for header" },
		{ { .auth = "slack", .prefix = "v0=" }, "auth = slack has no use for prefix" },
		{ { .auth = "github", .tolerance_ms = 1 },
		  "auth = github has no use for tolerance" },
		{ { .auth = "basic", .scheme = "basic" }, "auth = basic has no use for scheme" },
		{ { .auth = "eventbridge", .scheme = "oauth" },
		  "scheme = oauth: expected key, basic or bearer" },
		{ { .auth = "eventbridge", .scheme = "basic", .header = "X" },
		  "scheme = basic has no use for header" },
		{ { .auth = "eventbridge" }, "auth = eventbridge needs header: where its key is" },
		{ { .header = "X", .encoding = "hexa" },
		  "encoding = hexa: expected hex or base64" },
		{ { .header = "X", .delivery_header = "" },
		  "delivery_header '' is no header name" },
		{ { .header = "X", .delivery_header = "Y", .delivery_member = "z" },
		  "delivery_header and delivery_member: only one of them can say what identifies a "
		  "delivery" },
		{ { .auth = "mtls" },
		  "auth = mtls needs clients: patterns of names in certificates such as CN:orders "
		  "or "
		  "DNS:*.example.com" },
		{ { .auth = "mtls", .clients = "CN:orders orders" },
		  "clients: 'orders' does not begin with CN:, DNS:, URI:, email:, IP: or *" },
		{ { .auth = "sns", .topics = "arn:aws:sns:eu-central-1:111122223333:a x" },
		  "topics: 'x' is not a topic's ARN such as "
		  "arn:aws:sns:eu-central-1:111122223333:alarms" },
		{ { .auth = "sns", .topics = "arn:aws:sns:eu-central-1:111122223333:*" },
		  "topics: 'arn:aws:sns:eu-central-1:111122223333:*' is not a topic's ARN such as "
		  "arn:aws:sns:eu-central-1:111122223333:alarms" },
		{ { .auth = "sns", .topics = "arn:aws:sqs:eu-central-1:111122223333:a" },
		  "topics: 'arn:aws:sqs:eu-central-1:111122223333:a' is not a topic's ARN such as "
		  "arn:aws:sns:eu-central-1:111122223333:alarms" },
		{ { .auth = "sns",
		    .topics = "arn:aws:sns:eu-central-1:111122223333:a",
		    .sns_url_prefix = "http://127.0.0.1:4566" },
		  "sns_url_prefix = http://127.0.0.1:4566: expected an http: or https: URL with a "
		  "slash "
		  "at its end, such as http://127.0.0.1:4566/" },
		{ { .auth = "sns",
		    .topics = "arn:aws:sns:eu-central-1:111122223333:a",
		    .sns_url_prefix = "http://user@127.0.0.1/" },
		  "sns_url_prefix = http://user@127.0.0.1/: expected an http: or https: URL with a "
		  "slash "
		  "at its end, such as http://127.0.0.1:4566/" },
	};
	struct err err = { 0 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(webhook_auth_judge(&bad[i].spec, &err), -ERR_INVALID);
		CHECK_STR(err.message, bad[i].message);
	}
	CHECK_INT(webhook_auth_judge(&(struct webhook_auth_spec){ .auth = "md5" }, &err),
		  -ERR_INVALID);
	CHECK(strstr(err.message, "auth = md5: expected one of hmac-sha256, ") == err.message);
}

TEST(a_secret_of_another_form_is_refused_and_not_shown)
{
	static const struct {
		const char *auth, *secret;
	} bad[] = {
		{ "standard-webhooks", "whsec_not base64" },
		{ "standard-webhooks", "whsec_c2hvcnQ=" },
		{ "standard-webhooks", "whpk_c2hvcnQ=" },
		{ "standard-webhooks", "plain text" },
		{ "basic", "no colon" },
		{ "basic", ":no user" },
		{ "github", "" },
	};
	struct err err = { 0 };
	struct webhook_auth *a = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct bytes secret = bytes_str(bad[i].secret);
		const struct webhook_auth_spec spec = { .auth = bad[i].auth,
							.secrets = &secret,
							.n_secrets = 1 };
		CHECK_INT(webhook_auth_new(&a, &spec, &err), -ERR_INVALID);
		CHECK(!bad[i].secret[0] || !strstr(err.message, bad[i].secret));
	}
	CHECK_INT(webhook_auth_new(&a, &(struct webhook_auth_spec){ .auth = "github" }, &err),
		  -ERR_INVALID);
	CHECK_STR(err.message, "the secret is empty");
	CHECK(!a);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_key_is_the_whole_value_of_its_header),
				 TAP_CASE(basic_tells_the_user), TAP_CASE(a_bearer_shows_a_token),
				 TAP_CASE(eventbridge_shows_what_its_connection_says),
				 TAP_CASE(a_certificate_proves_one_of_its_names),
				 TAP_CASE(a_certificate_can_be_asked_for_beside_a_secret),
				 TAP_CASE(a_decoy_is_never_proven),
				 TAP_CASE(a_delivery_is_identified_by_header_or_member),
				 TAP_CASE(what_cannot_identify_a_delivery_is_told),
				 TAP_CASE(a_hook_that_cannot_work_is_told_why),
				 TAP_CASE(a_secret_of_another_form_is_refused_and_not_shown)));
}
