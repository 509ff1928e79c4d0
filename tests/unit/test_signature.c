/* Checking signatures: against the signer's own, and everything that may be wrong with one. */
#include "tap.h"

#include "aws/sigv4.h"
#include "base/json.h"
#include "local/shell/signature.h"

/* 2026-11-21T22:26:40Z */
#define NOW INT64_C(1795300000000)

struct world {
	struct signature *signature;
	struct http_header headers[8];
	size_t n_headers;
	char date[SIGV4_DATE_SIZE];
	struct buf authorization, extra;
	struct err err;
};

/* A request signed by secret at date_ms. */
static void begin(struct world *w, const char *id, const char *secret, int64_t date_ms)
{
	struct sigv4_signer *signer;
	*w = (struct world){ .authorization = BUF_INIT(4096), .extra = BUF_INIT(65536) };
	CHECK_INT(signature_new(&w->signature, "AKID:se:cret", NULL), 0);
	sigv4_date(w->date, date_ms);
	w->headers[w->n_headers++] = (struct http_header){ "Host", "127.0.0.1:4242" };
	w->headers[w->n_headers++] = (struct http_header){ "X-Amz-Date", w->date };
	const struct sigv4_request r = { .method = "POST",
					 .path = BYTES_LIT("/"),
					 .headers = w->headers,
					 .n_headers = w->n_headers,
					 .body = BYTES_LIT("{}"),
					 .date = w->date,
					 .region = "eu-west-1",
					 .service = "states",
					 .access_key_id = id,
					 .secret_access_key = secret };
	REQUIRE(sigv4_signer_new(&signer, NULL) == 0);
	CHECK_INT(sigv4_sign(signer, &w->authorization, &r, NULL), 0);
	sigv4_signer_free(signer);
	w->headers[w->n_headers++] =
	    (struct http_header){ "Authorization", buf_cstr(&w->authorization) };
	w->headers[w->n_headers++] = (struct http_header){ "User-Agent", "not signed" };
}

static int check(struct world *w, const char *body)
{
	const struct http_received req = { .method = "POST",
					   .path = "/",
					   .query = "",
					   .headers = w->headers,
					   .n_headers = w->n_headers,
					   .body = bytes_str(body) };
	return signature_check(w->signature, &req, "eu-west-1", NOW, &w->extra, &w->err);
}

static void end(struct world *w)
{
	signature_free(w->signature);
	buf_clear(&w->authorization);
	buf_clear(&w->extra);
}

TEST(the_signers_own_signature_is_right)
{
	struct world w;
	begin(&w, "AKID", "se:cret", NOW);
	CHECK_INT(check(&w, "{}"), 0);
	CHECK_INT(check(&w, "{}"), 0);
	end(&w);
}

TEST(another_body_or_secret_is_wrong_and_the_long_message_tells_why)
{
	struct world w;
	begin(&w, "AKID", "se:cret", NOW);
	CHECK_INT(check(&w, "{ }"), -ERR_REMOTE);
	CHECK_STR(w.err.name, "InvalidSignatureException");
	CHECK_INT(w.err.status, 400);
	cJSON *v = json_parse(buf_bytes(&w.extra), NULL);
	const char *message = json_get_str(v, "message");
	REQUIRE(message);
	CHECK(strstr(message, "The Canonical String for this request should have been\n'POST\n/\n\n"
			      "host:127.0.0.1:4242\nx-amz-date:20261121T222640Z\n\n"
			      "host;x-amz-date\n"));
	CHECK(strstr(message, "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n"
			      "20261121T222640Z\n20261121/eu-west-1/states/aws4_request\n"));
	cJSON_Delete(v);
	end(&w);

	begin(&w, "AKID", "se:creT", NOW);
	CHECK_INT(check(&w, "{}"), -ERR_REMOTE);
	CHECK_STR(w.err.name, "InvalidSignatureException");
	end(&w);
}

TEST(an_unknown_key_is_unrecognized)
{
	struct world w;
	begin(&w, "AKIDX", "se:cret", NOW);
	CHECK_INT(check(&w, "{}"), -ERR_REMOTE);
	CHECK_STR(w.err.name, "UnrecognizedClientException");
	CHECK_STR(w.err.message, "The security token included in the request is invalid.");
	end(&w);
}

TEST(five_minutes_decide_on_either_side)
{
	static const struct {
		int64_t off_ms;
		const char *message;
	} cases[] = {
		{ -300 * 1000, NULL },
		{ 300 * 1000, NULL },
		{ -301 * 1000, "Signature expired: 20261121T222139Z is now earlier than "
			       "20261121T222140Z (20261121T222640Z - 5 min.)" },
		{ 301 * 1000, "Signature not yet current: 20261121T223141Z is still later than "
			      "20261121T223140Z (20261121T222640Z + 5 min.)" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		begin(&w, "AKID", "se:cret", NOW + cases[i].off_ms);
		CHECK_INT(check(&w, "{}"), cases[i].message ? -ERR_REMOTE : 0);
		CHECK_STR(w.err.message, cases[i].message ? cases[i].message : "");
		end(&w);
	}
}

TEST(a_date_that_is_none_is_incomplete)
{
	static const char *const dates[] = { "20261121", "Sat, 21 Nov 2026 22:26:40 GMT",
					     "20261121X222640Z", "2026112AT222640Z", "" };
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		struct world w;
		begin(&w, "AKID", "se:cret", NOW);
		w.headers[1].value = dates[i];
		CHECK_INT(check(&w, "{}"), -ERR_REMOTE);
		CHECK_STR(w.err.name, "IncompleteSignatureException");
		end(&w);
	}
}

TEST(a_stated_digest_must_be_the_bodys)
{
	struct world w;
	begin(&w, "AKID", "se:cret", NOW);
	w.headers[w.n_headers++] = (struct http_header){
		"x-amz-content-sha256",
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" /* {} */
	};
	CHECK_INT(check(&w, "{}"), 0);
	CHECK_INT(check(&w, "[]"), -ERR_REMOTE);
	CHECK_STR(w.err.name, "InvalidSignatureException");
	end(&w);
}

TEST(keys_without_either_half_are_refused)
{
	static const char *const keys[] = { "", ":", "AKID", "AKID:", ":secret" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct signature *s = NULL;
		CHECK_INT(signature_new(&s, keys[i], NULL), -ERR_INVALID);
		CHECK(!s);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(the_signers_own_signature_is_right),
	    TAP_CASE(another_body_or_secret_is_wrong_and_the_long_message_tells_why),
	    TAP_CASE(an_unknown_key_is_unrecognized), TAP_CASE(five_minutes_decide_on_either_side),
	    TAP_CASE(a_date_that_is_none_is_incomplete),
	    TAP_CASE(a_stated_digest_must_be_the_bodys),
	    TAP_CASE(keys_without_either_half_are_refused)));
}
