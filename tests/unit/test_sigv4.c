/*
 * Signature Version 4 against AWS's published vectors: three of them here, the whole folder
 * (../shared/conformance/sigv4 beside the source tree) where it exists.
 */
#include "tap.h"

#include <dirent.h>
#include <stdlib.h>

#include "aws/canonical.h"
#include "aws/sigv4.h"
#include "base/crypto.h"
#include "base/json.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

enum { FILE_MAX = 1 << 16, HEADERS_MAX = 16, PATH_SIZE = 1024 };

static const struct http_header vanilla_headers[] = {
	{ "Host", "example.amazonaws.com" },
	{ "X-Amz-Date", "20150830T123600Z" },
};

static struct sigv4_request vanilla(void)
{
	return (struct sigv4_request){
		.method = "GET",
		.path = BYTES_LIT("/"),
		.headers = vanilla_headers,
		.n_headers = 2,
		.date = "20150830T123600Z",
		.region = "us-east-1",
		.service = "service",
		.access_key_id = "AKIDEXAMPLE",
		.secret_access_key = SECRET,
	};
}

/* The signature alone, or what went wrong. */
static const char *sign(struct buf *out, const struct sigv4_request *r)
{
	struct sigv4_signer *s = NULL;
	struct err err = { 0 };
	buf_clear(out);
	if (sigv4_signer_new(&s, &err) < 0 || sigv4_sign(s, out, r, &err) < 0) {
		buf_clear(out);
		buf_adds(out, err.message);
	}
	sigv4_signer_free(s);
	const char *hex = strstr(buf_cstr(out), "Signature=");
	return hex ? hex + strlen("Signature=") : buf_cstr(out);
}

TEST(a_get_without_anything_is_signed)
{
	struct buf out = BUF_INIT(4096);
	struct sigv4_request r = vanilla();

	(void)sign(&out, &r);

	CHECK_STR(buf_cstr(&out),
		  "AWS4-HMAC-SHA256 "
		  "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
		  "SignedHeaders=host;x-amz-date, "
		  "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
	buf_clear(&out);
}

TEST(a_post_is_signed)
{
	struct buf out = BUF_INIT(4096);
	struct sigv4_request r = vanilla();
	r.method = "POST";

	CHECK_STR(sign(&out, &r),
		  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
	buf_clear(&out);
}

TEST(a_session_token_sent_before_signing_is_signed)
{
	struct buf out = BUF_INIT(4096);
	const struct http_header headers[] = {
		vanilla_headers[0],
		vanilla_headers[1],
		{ "X-Amz-Security-Token",
		  "AQoDYXdzEPT//////////"
		  "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAe"
		  "MicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/"
		  "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phU"
		  "ZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+"
		  "xo0rKwT38x"
		  "Vqr7ZD0u0iPPkUL64lIZbqBAz+"
		  "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2"
		  "ICCR/oLxBA==" },
	};
	struct sigv4_request r = vanilla();
	r.method = "POST";
	r.headers = headers;
	r.n_headers = 3;

	CHECK_STR(sign(&out, &r),
		  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
	buf_clear(&out);
}

TEST(a_signer_notices_another_day_region_or_secret)
{
	struct sigv4_signer *s = NULL;
	struct buf warm = BUF_INIT(4096), cold = BUF_INIT(4096);
	struct sigv4_request variants[4] = { vanilla(), vanilla(), vanilla(), vanilla() };
	variants[1].date = "20150831T000001Z";
	variants[2].region = "eu-west-1";
	variants[3].secret_access_key = "another";
	REQUIRE(sigv4_signer_new(&s, NULL) == 0);

	for (size_t i = 0; i < 8; i++) {
		const struct sigv4_request *r = &variants[i % 4];
		buf_clear(&warm);
		CHECK_INT(sigv4_sign(s, &warm, r, NULL), 0);
		(void)sign(&cold, r);
		CHECK_STR(buf_cstr(&warm), buf_cstr(&cold));
	}

	sigv4_signer_free(s);
	buf_clear(&warm);
	buf_clear(&cold);
}

TEST(an_endless_secret_is_refused)
{
	char secret[SIGV4_SECRET_MAX + 2];
	memset(secret, 'x', sizeof(secret) - 1);
	secret[sizeof(secret) - 1] = '\0';
	struct buf out = BUF_INIT(4096);
	struct sigv4_request r = vanilla();
	r.secret_access_key = secret;

	CHECK_STR(sign(&out, &r), "secret access key longer than 512 bytes");
	buf_clear(&out);
}

TEST(headers_that_proxies_change_are_not_signed)
{
	static const struct http_header headers[] = {
		{ "User-Agent", "x" },     { "X-Amz-Target", "Service.Op" },
		{ "Expect", "" },          { "amz-sdk-request", "attempt=1; max=3" },
		{ "CONNECTION", "close" }, { "Content-Type", " application/json \t x " },
	};
	struct buf out = BUF_INIT(4096), names = BUF_INIT(4096);

	CHECK_INT(canonical_headers(&out, &names, headers, 6, NULL), 0);

	CHECK_STR(buf_cstr(&names), "content-type;x-amz-target");
	CHECK_STR(buf_cstr(&out), "content-type:application/json x\nx-amz-target:Service.Op\n");
	buf_clear(&out);
	buf_clear(&names);
}

static const char *query_of(struct buf *out, const char *query)
{
	buf_clear(out);
	return canonical_query(out, bytes_str(query), NULL) == 0 ? buf_cstr(out) : "(refused)";
}

TEST(a_query_is_encoded_once_and_sorted)
{
	struct buf out = BUF_INIT(4096);
	CHECK_STR(query_of(&out, "b=2&a=1&a=0&a"), "a=&a=0&a=1&b=2");
	CHECK_STR(query_of(&out, "q=%e1%88%b4+%zz%"), "q=%E1%88%B4%2B%25zz%25");
	CHECK_STR(query_of(&out, "&&=v&"), "=v");
	CHECK_STR(query_of(&out, "k=a=b"), "k=a%3Db");
	buf_clear(&out);
}

static const char *path_of(struct buf *out, const char *path)
{
	buf_clear(out);
	canonical_path(out, bytes_str(path), true);
	return buf_cstr(out);
}

TEST(a_path_is_resolved_and_encoded_again)
{
	struct buf out = BUF_INIT(4096);
	CHECK_STR(path_of(&out, ""), "/");
	CHECK_STR(path_of(&out, "/.."), "/");
	CHECK_STR(path_of(&out, "//a/./b//../c/"), "/a/c/");
	CHECK_STR(path_of(&out, "/a/b/.."), "/a/");
	CHECK_STR(path_of(&out, "/a%20b"), "/a%2520b");
	buf_clear(&out);
}

TEST(the_date_header_is_basic_iso_8601)
{
	char date[SIGV4_DATE_SIZE];
	sigv4_date(date, INT64_C(1440938160999));
	CHECK_STR(date, "20150830T123600Z");
}

/* ---- the folder of vectors ---- */

static bool read_file(struct buf *out, const char *folder, const char *vector, const char *name)
{
	char path[PATH_SIZE];
	buf_clear(out);
	(void)snprintf(path, sizeof(path), "%s/%s/%s", folder, vector, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	char chunk[4096];
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(out, chunk, n);
	(void)fclose(f);
	return true;
}

struct parsed {
	struct buf text; /* cut into strings in place */
	struct http_header headers[HEADERS_MAX];
	size_t n_headers;
	const char *method, *target;
	struct bytes body;
};

/* Lines that start with a blank go on with the header above: the raw text keeps the line break. */
static char *next_line(char **at, bool folded)
{
	char *line = *at, *end = line;
	do {
		end += strcspn(end, "\n");
	} while (folded && *end && (end[1] == ' ' || end[1] == '\t') && end++);
	*at = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static bool parse(struct parsed *p)
{
	char *at = p->text.p, *end = at + p->text.n;
	p->method = next_line(&at, false);
	char *space = strchr(p->method, ' '), *version = strstr(p->method, " HTTP/1.1");
	if (!space || !version)
		return false;
	*space = *version = '\0';
	p->target = space + 1;
	while (at < end && *at != '\n' && p->n_headers < HEADERS_MAX - 3) {
		char *line = next_line(&at, true), *colon = strchr(line, ':');
		if (!colon)
			return false;
		*colon = '\0';
		p->headers[p->n_headers++] = (struct http_header){ line, colon + 1 };
	}
	at += at < end;
	p->body = (struct bytes){ at, (size_t)(end - at) };
	return true;
}

static void add_header(struct parsed *p, const char *name, const char *value)
{
	p->headers[p->n_headers++] = (struct http_header){ name, value };
}

static struct sigv4_request request_of(struct parsed *p, const cJSON *context, const char *date)
{
	const cJSON *keys = json_get(context, "credentials");
	const char *query = strchr(p->target, '?');
	size_t path = query ? (size_t)(query - p->target) : strlen(p->target);
	return (struct sigv4_request){
		.method = p->method,
		.path = { p->target, path },
		.query = bytes_str(query ? query + 1 : ""),
		.headers = p->headers,
		.n_headers = p->n_headers,
		.body = p->body,
		.date = date,
		.region = json_get_str(context, "region"),
		.service = json_get_str(context, "service"),
		.access_key_id = json_get_str(keys, "access_key_id"),
		.secret_access_key = json_get_str(keys, "secret_access_key"),
		.flags = json_get_bool(context, "normalize", true) ? 0 : SIGV4_RAW_PATH,
	};
}

static void add_own_headers(struct parsed *p, const cJSON *context, char hash[SHA256_HEX + 1])
{
	const char *token = json_get_str(json_get(context, "credentials"), "token");
	uint8_t md[SHA256_LEN];
	add_header(p, "X-Amz-Date", "20150830T123600Z");
	if (token && !json_get_bool(context, "omit_session_token", false))
		add_header(p, "X-Amz-Security-Token", token);
	if (json_get_bool(context, "sign_body", false) && sha256(md, p->body) == 0) {
		hex_lower(hash, md, sizeof(md));
		add_header(p, "x-amz-content-sha256", hash);
	}
}

static bool vector_passes(const char *folder, const char *vector)
{
	struct buf want = BUF_INIT(FILE_MAX), got = BUF_INIT(FILE_MAX);
	struct parsed p = { .text = BUF_INIT(FILE_MAX) };
	char hash[SHA256_HEX + 1];
	bool ok = false;
	cJSON *context = read_file(&want, folder, vector, "context.json")
			     ? json_parse(buf_bytes(&want), NULL)
			     : NULL;
	if (context && read_file(&p.text, folder, vector, "request.txt") && parse(&p) &&
	    read_file(&want, folder, vector, "header-signature.txt")) {
		add_own_headers(&p, context, hash);
		struct sigv4_request r = request_of(&p, context, "20150830T123600Z");
		ok = strncmp(sign(&got, &r), buf_cstr(&want), SHA256_HEX) == 0;
	}
	cJSON_Delete(context);
	buf_clear(&p.text);
	buf_clear(&want);
	buf_clear(&got);
	return ok;
}

TEST(the_published_vectors_pass)
{
	const char *root = getenv("SOURCE_ROOT");
	char folder[PATH_SIZE];
	(void)snprintf(folder, sizeof(folder), "%s/../shared/conformance/sigv4", root ? root : ".");
	DIR *dir = opendir(folder);
	if (!dir)
		SKIP("the folder of SigV4 vectors is not beside the source tree");
	int seen = 0;
	for (const struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || strchr(e->d_name, '.'))
			continue;
		seen++;
		if (!CHECK(vector_passes(folder, e->d_name)))
			TAP_NOTE("vector %s", e->d_name);
	}
	(void)closedir(dir);
	CHECK(seen >= 38);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_get_without_anything_is_signed), TAP_CASE(a_post_is_signed),
	    TAP_CASE(a_session_token_sent_before_signing_is_signed),
	    TAP_CASE(a_signer_notices_another_day_region_or_secret),
	    TAP_CASE(an_endless_secret_is_refused),
	    TAP_CASE(headers_that_proxies_change_are_not_signed),
	    TAP_CASE(a_query_is_encoded_once_and_sorted),
	    TAP_CASE(a_path_is_resolved_and_encoded_again),
	    TAP_CASE(the_date_header_is_basic_iso_8601), TAP_CASE(the_published_vectors_pass)));
}
