#include "http/request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"

enum {
	URL_MAX = 16384,
	TEXT_MAX = 4 << 20,
	SECRET_MAX = 65536,
	TIMEOUT_MS = 30 * 1000,
	TIMEOUT_MAX_S = 3600,
	ADDED_MAX = 2, /* headers of ours */
};

static const char nul[] = "\xc0\x80"; /* how base/json.h keeps U+0000 */

/* ---- what the arguments say ---- */

const char *request_method(const cJSON *args)
{
	const char *method = json_get_str(args, "method");
	if (method)
		return method;
	return json_get(args, "body") || json_get(args, "json") ? "POST" : "GET";
}

bool request_changes(const cJSON *args)
{
	const char *method = request_method(args);
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

bool request_resends(const cJSON *args)
{
	return json_get_bool(args, "resend", false);
}

/* ---- secrets ---- */

static void wipe_buf(struct buf *b)
{
	if (b->p)
		wipe(b->p, b->cap);
	buf_clear(b);
}

static bool is_named(const cJSON *names, struct bytes name)
{
	for (const cJSON *n = names ? names->child : NULL; n; n = n->next)
		if (cJSON_IsString(n) && bytes_eq(bytes_str(n->valuestring), name))
			return true;
	return false;
}

struct filling {
	const struct host_api *api;
	const cJSON *names; /* NULL: there are none */
	struct err *err;
};

static int add_secret(const struct filling *f, struct buf *out, struct bytes name)
{
	struct buf value = BUF_INIT(SECRET_MAX), copy = BUF_INIT(SECRET_MAX);
	struct err why = { 0 };
	buf_add(&copy, name.p, name.n);
	int rc = f->api->secret(f->api->host, buf_cstr(&copy), &value, &why);
	if (rc < 0)
		rc = err_named(f->err, ERR_INVALID, "InvalidSecret", "%s", why.message);
	else
		buf_add(out, value.p, value.n);
	wipe_buf(&value);
	buf_clear(&copy);
	return rc;
}

/* Append text with the secrets in it. */
static int fill(const struct filling *f, struct buf *out, const char *text)
{
	const char *at;
	int rc = 0;
	while (rc == 0 && f->names && (at = strstr(text, "${"))) {
		size_t n = strcspn(at + 2, "}");
		struct bytes name = { at + 2, n };
		bool known = at[2 + n] == '}' && is_named(f->names, name);
		buf_add(out, text, (size_t)(at - text) + (known ? 0 : 2));
		text = known ? at + n + 3 : at + 2;
		if (known)
			rc = add_secret(f, out, name);
	}
	buf_adds(out, text);
	if (rc == 0 && out->err)
		rc = err_named(f->err, ERR_INVALID, "InvalidSecret",
			       "the request is too long once its secrets are in it");
	return rc;
}

static int fill_string(const struct filling *f, cJSON *v)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	int rc = fill(f, &text, v->valuestring);
	if (rc == 0 && !cJSON_SetValuestring(v, buf_cstr(&text)))
		rc = err_named(f->err, ERR_NOMEM, "OutOfMemory", "out of memory");
	wipe_buf(&text);
	return rc;
}

/* Depth is bounded by the reader. */
static int fill_tree(const struct filling *f, cJSON *v) /* NOLINT(misc-no-recursion) */
{
	int rc = cJSON_IsString(v) ? fill_string(f, v) : 0;
	for (cJSON *c = v->child; rc == 0 && c; c = c->next)
		rc = fill_tree(f, c);
	return rc;
}

/* ---- the parts ---- */

static int check_allowed(const struct address *a, const struct request_spec *spec, struct err *err)
{
	const char *only = spec->api->env(spec->api->host, "RUNBOOK_LOOPBACK_ONLY");
	if (only && strcmp(only, "1") == 0 && !address_is_loopback(a))
		return err_named(err, ERR_INVALID, "HostNotAllowed",
				 "%s is not on this machine, and RUNBOOK_LOOPBACK_ONLY is set",
				 a->host);
	if (address_listed(a, a->tls ? spec->settings->allow : spec->settings->plain_hosts))
		return 0;
	if (a->tls)
		return err_named(err, ERR_INVALID, "HostNotAllowed",
				 "%s, port %u, is not among the hosts that may be called: [http] "
				 "allow in the configuration %s",
				 a->host, a->port,
				 spec->settings->allow ? "does not list it" : "lists none");
	return err_named(err, ERR_INVALID, "HostNotAllowed",
			 "%s, port %u, may not be called without TLS: use https:, or list it in "
			 "[http] plain_hosts in the configuration",
			 a->host, a->port);
}

static int build_url(struct request *r, const struct filling *f, const struct request_spec *spec)
{
	const char *given = json_get_str(r->args, "url");
	int rc = fill(f, &r->url, given ? given : "");
	if (rc == 0)
		rc = address_read(&r->address, buf_cstr(&r->url), f->err);
	return rc < 0 ? rc : check_allowed(&r->address, spec, f->err);
}

/* What belongs to the connection or to the framing of the message is the client's. */
static bool is_ours(const char *name)
{
	static const char *const names[] = {
		"Host",
		"Content-Length",
		"Transfer-Encoding",
		"Connection",
		"Keep-Alive",
		"TE",
		"Trailer",
		"Upgrade",
		"Expect",
		"Accept-Encoding",
		"Proxy-Connection",
		"Proxy-Authorization",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static int check_header(const cJSON *h, struct err *err)
{
	if (!http_is_token(bytes_str(h->string)))
		return err_named(err, ERR_INVALID, "InvalidHeader",
				 "headers: '%.80s' is not the name of a header", h->string);
	if (!cJSON_IsString(h) || !http_is_value(bytes_str(h->valuestring)) ||
	    strstr(h->valuestring, nul))
		return err_named(err, ERR_INVALID, "InvalidHeader",
				 "headers: the value of %.80s has a line break or another control "
				 "character",
				 h->string);
	if (is_ours(h->string))
		return err_named(err, ERR_INVALID, "InvalidHeader",
				 "headers: %.80s is set by the host alone", h->string);
	return 0;
}

static void add_default(struct request *r, const char *name, const char *value)
{
	if (!http_header_get(r->headers, r->n_headers, name))
		r->headers[r->n_headers++] = (struct http_header){ name, value };
}

static int build_headers(struct request *r, const struct filling *f)
{
	cJSON *given = cJSON_GetObjectItemCaseSensitive(r->args, "headers");
	size_t n = given ? (size_t)cJSON_GetArraySize(given) : 0;
	r->headers = calloc(n + ADDED_MAX, sizeof(*r->headers));
	if (!r->headers)
		return err_named(f->err, ERR_NOMEM, "OutOfMemory", "out of memory");
	int rc = given ? fill_tree(f, given) : 0;
	for (const cJSON *h = given ? given->child : NULL; rc == 0 && h; h = h->next) {
		rc = check_header(h, f->err);
		if (rc == 0 && http_header_get(r->headers, r->n_headers, h->string))
			rc = err_named(f->err, ERR_INVALID, "InvalidHeader",
				       "headers: %.80s is there twice", h->string);
		if (rc == 0)
			r->headers[r->n_headers++] =
			    (struct http_header){ h->string, h->valuestring };
	}
	if (rc < 0)
		return rc;
	add_default(r, "User-Agent", "runbook/" RUNBOOK_VERSION);
	if (r->body.n > 0)
		add_default(r, "Content-Type",
			    json_get(r->args, "json") ? "application/json"
						      : "text/plain; charset=utf-8");
	return 0;
}

static void unescape_nul(struct buf *b)
{
	size_t to = 0;
	for (size_t at = 0; at < b->n; at++) {
		bool is_nul = at + 1 < b->n && memcmp(b->p + at, nul, 2) == 0;
		if (is_nul)
			b->p[at] = '\0';
		b->p[to++] = b->p[at];
		at += is_nul ? 1 : 0;
	}
	buf_cut(b, to);
}

static int build_body(struct request *r, const struct filling *f)
{
	const char *body = json_get_str(r->args, "body");
	cJSON *json = cJSON_GetObjectItemCaseSensitive(r->args, "json");
	if (body && json)
		return err_named(f->err, ERR_INVALID, "InvalidBody",
				 "body and json are two ways to say the same: give one");
	if ((body || json) && !r->changes)
		return err_named(f->err, ERR_INVALID, "InvalidBody", "%s has no body", r->method);
	int rc = body ? fill(f, &r->body, body) : 0;
	if (body)
		unescape_nul(&r->body);
	if (json && (rc = fill_tree(f, json)) == 0)
		json_write(&r->body, json);
	if (rc == 0 && r->body.err)
		rc = err_named(f->err, ERR_INVALID, "InvalidBody", "the body is longer than %d MiB",
			       TEXT_MAX >> 20);
	return rc;
}

static int read_timeout(struct request *r, struct err *err)
{
	const cJSON *t = json_get(r->args, "timeout");
	r->timeout_ms = TIMEOUT_MS;
	if (!t)
		return 0;
	double seconds = t->valuedouble;
	if (!(isfinite(seconds) && seconds >= 0.001 && seconds <= TIMEOUT_MAX_S))
		return err_named(err, ERR_INVALID, "InvalidTimeout",
				 "timeout: expected seconds from 0.001 to %d", TIMEOUT_MAX_S);
	r->timeout_ms = (int64_t)(seconds * 1000);
	return 0;
}

/* ---- the whole ---- */

static int start(struct request *r, struct filling *f, const struct request_spec *spec,
		 struct bytes args, struct err *err)
{
	*r = (struct request){ .url = BUF_INIT(URL_MAX), .body = BUF_INIT(TEXT_MAX) };
	r->args = json_parse(args, err);
	if (!r->args)
		return -ERR_INVALID;
	*f = (struct filling){ spec->api, json_get(r->args, "secrets"), err };
	return 0;
}

int request_build(struct request *r, const struct request_spec *spec, struct bytes args,
		  struct err *err)
{
	struct filling f;
	int rc = start(r, &f, spec, args, err);
	if (rc < 0)
		return rc;
	r->method = request_method(r->args);
	r->changes = request_changes(r->args);
	r->resend = r->changes && request_resends(r->args);
	rc = build_url(r, &f, spec);
	if (rc == 0)
		rc = build_body(r, &f);
	if (rc == 0)
		rc = build_headers(r, &f);
	return rc < 0 ? rc : read_timeout(r, err);
}

/* Strings of the tree may be secrets by now. */
static void wipe_tree(cJSON *v) /* NOLINT(misc-no-recursion) */
{
	for (; v; v = v->next) {
		if (cJSON_IsString(v) && v->valuestring)
			wipe(v->valuestring, strlen(v->valuestring));
		wipe_tree(v->child);
	}
}

void request_clear(struct request *r)
{
	wipe_buf(&r->url);
	wipe_buf(&r->body);
	free(r->headers);
	wipe_tree(r->args);
	cJSON_Delete(r->args);
	*r = (struct request){ 0 };
}

void request_origin(const struct request_spec *spec, struct bytes args, struct buf *out)
{
	struct request r;
	struct filling f;
	struct err err = { 0 };
	int rc = start(&r, &f, spec, args, &err);
	const char *given = rc == 0 ? json_get_str(r.args, "url") : NULL;
	if (given && fill(&f, &r.url, given) == 0 &&
	    address_read(&r.address, buf_cstr(&r.url), &err) == 0)
		buf_add(out, buf_cstr(&r.url), r.address.origin);
	request_clear(&r);
}
