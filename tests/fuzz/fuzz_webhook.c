/* fuzz_webhook.c - any delivery against each way to prove one: the first byte says which, then lines
 * NAME:VALUE up to an empty one are the headers, and the rest is the body. The secrets are of chance, so
 * nothing may be proven; what identifies a delivery is printable or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "trigger/sns_message.h"
#include "trigger/webhook_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECRET_LEN = 32, HEADERS_MAX = 16 };

static struct webhook_auth *make(unsigned which)
{
	static const struct webhook_auth_spec specs[] = {
		{ .auth = "hmac-sha256", .header = "h" },
		{ .auth = "hmac-sha1", .header = "h", .encoding = "base64" },
		{ .auth = "hmac-sha512", .header = "h", .prefix = "v:", .delivery_header = "i" },
		{ .auth = "github" },
		{ .auth = "slack" },
		{ .auth = "stripe" },
		{ .auth = "standard-webhooks" },
		{ .auth = "svix" },
		{ .auth = "key", .header = "h", .delivery_member = "i" },
		{ .auth = "basic" },
		{ .auth = "bearer" },
		{ .auth = "eventbridge", .scheme = "basic" },
		{ .auth = "mtls", .clients = "CN:a" },
	};
	/* of chance, but for the form that basic and Standard Webhooks ask for */
	char plain[2 * SECRET_LEN + 2] = "user:";
	static const char digits[] = "0123456789abcdef";
	uint8_t chance[SECRET_LEN];
	struct webhook_auth_spec spec = specs[which % (sizeof(specs) / sizeof(specs[0]))];
	const bool standard = !strcmp(spec.auth, "svix") || !strcmp(spec.auth, "standard-webhooks");
	size_t at = standard ? 0 : 5;
	struct webhook_auth *a = NULL;
	random_bytes(chance, sizeof(chance));
	for (size_t i = 0; i < SECRET_LEN; i++) /* hexadecimal digits are base64 as well */
		plain[at++] = digits[chance[i] & 15];
	const struct bytes secret = { plain, at };
	if (webhook_auth_has_secrets(spec.auth)) {
		spec.secrets = &secret;
		spec.n_secrets = 1;
	}
	bool ok = webhook_auth_new(&a, &spec, NULL) == 0;
	INVARIANT(ok);
	return a;
}

/* Cut the headers off; names and values end where the server would have ended them. */
static size_t read_headers(struct http_header *out, char *text, char **body)
{
	size_t n = 0;
	char *at = text;
	while (*at && *at != '\n' && n < HEADERS_MAX) {
		char *end = strchrnul(at, '\n');
		char *colon = memchr(at, ':', (size_t)(end - at));
		if (!colon)
			break;
		*colon = '\0';
		out[n++] = (struct http_header){ at, colon + 1 };
		at = *end ? end + 1 : end;
		*end = '\0';
	}
	*body = *at == '\n' ? at + 1 : at;
	return n;
}

static void look_at_delivery(const struct webhook_auth *a, const struct http_received *req)
{
	struct webhook_proof p = { 0 };
	cJSON *body = json_parse(req->body, NULL);
	webhook_auth_check(a, req, INT64_C(1531420618000), &p);
	INVARIANT(p.why && !p.identity[0]);
	const char *why = webhook_auth_identify(a, req, body, &p);
	for (const char *c = p.id; *c; c++)
		INVARIANT(!why && *c >= ' ' && *c <= '~');
	(void)webhook_auth_challenge(a, body);
	cJSON_Delete(body);
}

static void look_at_envelope(struct bytes body)
{
	struct sns_message m;
	struct buf text = BUF_INIT(SIZE_MAX), input = BUF_INIT(SIZE_MAX);
	if (!sns_message_read(&m, body)) {
		sns_message_text(&text, &m);
		sns_input(&input, &m);
		cJSON *v = json_parse(buf_bytes(&input), NULL);
		INVARIANT(text.n > 0 && cJSON_IsObject(v));
		cJSON_Delete(v);
		if (sns_is_cert_url(m.cert_url, m.topic, NULL))
			INVARIANT(strncmp(m.cert_url, "https://sns.", 12) == 0 &&
				  !strpbrk(m.cert_url + 8, "@?#:\\ "));
	}
	sns_message_clear(&m);
	buf_clear(&text);
	buf_clear(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_header headers[HEADERS_MAX];
	char *text = size > 1 ? strndup((const char *)data + 1, size - 1) : NULL, *body = NULL;
	if (!text)
		return 0;
	struct http_received req = { .method = "POST", .path = "/", .query = "", .peer = "x" };
	req.headers = headers;
	req.n_headers = read_headers(headers, text, &body);
	req.body = bytes_str(body);
	if (data[0] == 's') {
		look_at_envelope(req.body);
	} else {
		struct webhook_auth *a = make(data[0]);
		look_at_delivery(a, &req);
		webhook_auth_free(a);
	}
	free(text);
	return 0;
}
