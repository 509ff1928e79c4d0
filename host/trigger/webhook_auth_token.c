/* webhook_auth_token.c - what a sender shows instead of signing: a secret, or a certificate. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base64.h"
#include "base/glob.h"
#include "trigger/webhook_auth_row.h"

enum { NO_SECRET = -1, SHOWN_MAX = 8192 };

bool auth_decode_basic(struct webhook_secret *s, struct bytes text)
{
	const char *colon = memchr(text.p, ':', text.n);
	if (!colon || colon == text.p)
		return false;
	s->p = malloc(text.n);
	if (!s->p)
		return false;
	memcpy(s->p, text.p, text.n);
	s->n = text.n;
	return true;
}

/* Digests are compared: they have one length, so that of the secrets is not told by the time. */
static int shown_is(const struct webhook_auth *a, struct bytes shown)
{
	uint8_t given[SHA256_LEN], want[SHA256_LEN];
	int found = NO_SECRET;
	if (sha256(given, shown) < 0)
		return NO_SECRET;
	for (size_t i = 0; i < a->n_secrets; i++) {
		if (sha256(want, (struct bytes){ a->secrets[i].p, a->secrets[i].n }) == 0 &&
		    bytes_eq_secret((struct bytes){ (const char *)given, sizeof(given) },
				    (struct bytes){ (const char *)want, sizeof(want) }))
			found = (int)i;
	}
	wipe(given, sizeof(given));
	wipe(want, sizeof(want));
	return found;
}

/* "Basic BASE64", "Bearer TOKEN": what comes behind the word. */
static struct bytes behind_word(const char *value, const char *word, const char **why)
{
	size_t n = strlen(word);
	if (strncasecmp(value, word, n) != 0 || value[n] != ' ') {
		if (!*why)
			*why = "the Authorization header has another scheme";
		return (struct bytes){ "", 0 };
	}
	value += n + strspn(value + n, " ");
	return bytes_str(value);
}

static void prove(const struct webhook_auth *a, struct webhook_proof *out, int secret)
{
	const struct webhook_secret *s = &a->secrets[secret];
	const char *colon = memchr(s->p, ':', s->n);
	if (a->scheme == SCHEME_BASIC && colon)
		(void)snprintf(out->identity, sizeof(out->identity), "%.*s", (int)(colon - s->p),
			       s->p);
	else
		auth_prove_secret(out, (size_t)secret);
}

void auth_check_token(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		      struct webhook_proof *out)
{
	struct buf pair = BUF_INIT(SHOWN_MAX);
	const char *why = NULL;
	const char *value = auth_header(req, a->header, &why);
	struct bytes shown = bytes_str(value);
	(void)now_ms;
	if (a->scheme == SCHEME_BEARER) {
		shown = behind_word(value, "Bearer", &why);
	} else if (a->scheme == SCHEME_BASIC) {
		shown = behind_word(value, "Basic", &why);
		if (base64_decode(&pair, shown) < 0 && !why)
			why = "the Authorization header is malformed";
		shown = buf_bytes(&pair);
	}
	int secret = shown_is(a, shown);
	if (pair.p)
		wipe(pair.p, pair.n);
	buf_clear(&pair);
	if (why)
		out->why = why;
	else if (secret == NO_SECRET)
		out->why = "the secret is wrong";
	else
		prove(a, out, secret);
}

static bool is_allowed(const char *patterns, const char *name)
{
	char pattern[WEBHOOK_IDENTITY_SIZE];
	bool found = false;
	for (const char *at = patterns + strspn(patterns, " \t"); *at;) {
		size_t n = strcspn(at, " \t");
		if (n < sizeof(pattern)) {
			(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n, at);
			found |= glob_match(pattern, name);
		}
		at += n + strspn(at + n, " \t");
	}
	return found;
}

const char *auth_client(const struct webhook_auth *a, const struct http_received *req)
{
	for (size_t i = 0; req->client && i < req->client->n_names; i++) {
		if (is_allowed(a->clients, req->client->names[i]))
			return req->client->names[i];
	}
	return NULL;
}

void auth_check_mtls(const struct webhook_auth *a, const struct http_received *req, int64_t now_ms,
		     struct webhook_proof *out)
{
	const char *name = auth_client(a, req);
	(void)now_ms;
	if (!req->client)
		out->why = "no certificate was shown";
	else if (!name)
		out->why = "the certificate names nobody of clients";
	else
		(void)snprintf(out->identity, sizeof(out->identity), "%s", name);
}
