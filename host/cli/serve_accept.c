#include "cli/serve_accept.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/percent.h"
#include "script/functions.h"

enum { MEMORY_MAX = 16 << 20, CPU_MS = 100, TEXT_MAX = 16 << 20, MORE_MAX = 4096, NAME_SIZE = 128 };

struct hook_accept {
	struct lua_functions *functions;
	const char *headers; /* borrowed from the configuration */
};

/* ---- opening ---- */

static bool is_file(const char *accept)
{
	static const char end[] = ".lua";
	size_t n = strlen(accept);
	return n > strlen(end) && strcmp(accept + n - strlen(end), end) == 0 &&
	       !strpbrk(accept, " \t(");
}

/* On one line, so that messages speak of line 1. */
static void write_chunk(struct buf *out, const char *expression)
{
	buf_addf(out,
		 "return { accept = function(d) local body, headers, query, hook, identity, id, "
		 "auth = d.body, d.headers, d.query, d.hook, d.identity, d.id, d.auth return %s\n"
		 "end }",
		 expression);
}

int hook_accept_open(struct hook_accept **out, const struct config *c, const struct config_hook *h,
		     struct err *err)
{
	char name[160];
	struct err why = { 0 };
	struct buf chunk = BUF_INIT(TEXT_MAX);
	*out = NULL;
	if (!h->accept)
		return 0;
	struct hook_accept *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "no memory for hooks");
	a->headers = h->accept_headers;
	struct functions_spec spec = {
		.path = h->accept, .lua_dir = c->lua_dir, .memory_max = MEMORY_MAX, .cpu_ms = CPU_MS
	};
	if (!is_file(h->accept)) {
		(void)snprintf(name, sizeof(name), "accept of hook %.100s", h->start.name);
		write_chunk(&chunk, h->accept);
		spec.path = name;
		spec.source = buf_bytes(&chunk);
	}
	int rc = chunk.err ? err_set(&why, ERR_NOMEM, "no memory for it")
			   : functions_open(&a->functions, &spec, &why);
	buf_clear(&chunk);
	if (rc == 0 && !functions_has(a->functions, "accept"))
		rc = err_set(&why, ERR_INVALID, "%s: returns no function accept", h->accept);
	if (rc < 0) {
		hook_accept_close(a);
		return err_set(err, why.code, "%s:%d: [hook %s] accept: %s", c->file, h->line,
			       h->start.name, why.message);
	}
	*out = a;
	return 0;
}

void hook_accept_close(struct hook_accept *a)
{
	if (!a)
		return;
	functions_close(a->functions);
	free(a);
}

/* ---- what it is told ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ",\"%s\":", name);
	json_write_string(out, bytes_str(text));
}

/* Is name one of the list, parted by blanks? One that ends with '*' begins with what is before it. */
static bool is_listed(const char *list, const char *name)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, " \t");
		bool begins = n > 0 && p[n - 1] == '*';
		if (n > 0 && strncasecmp(p, name, begins ? n - 1 : n) == 0 &&
		    (begins || strlen(name) == n))
			return true;
		p += n + strspn(p + n, " \t");
	}
	return false;
}

/* Is it told of? Then out is its name in lower case. */
static bool header_name(const struct hook_accept *a, const char *name, char out[NAME_SIZE])
{
	static const char usual[] = "content-type user-agent traceparent x-github-event "
				    "x-github-delivery x-github-hook-* x-gitlab-event x-amz-sns-* "
				    "webhook-id svix-id ce-*";
	size_t n = 0;
	if ((!is_listed(usual, name) && !(a->headers && is_listed(a->headers, name))) ||
	    strlen(name) >= NAME_SIZE)
		return false;
	for (; name[n]; n++)
		out[n] = (char)tolower((unsigned char)name[n]);
	out[n] = '\0';
	return true;
}

static void write_headers(const struct hook_accept *a, const struct http_received *req,
			  struct buf *out)
{
	bool first = true;
	buf_adds(out, ",\"headers\":{");
	for (size_t i = 0; i < req->n_headers; i++) {
		char lower[NAME_SIZE];
		if (!header_name(a, req->headers[i].name, lower))
			continue;
		buf_adds(out, first ? "" : ",");
		json_write_string(out, bytes_str(lower));
		buf_adds(out, ":");
		json_write_string(out, bytes_str(req->headers[i].value));
		first = false;
	}
	buf_adds(out, "}");
}

static void write_decoded(struct buf *out, struct bytes text)
{
	struct buf plain = BUF_INIT(TEXT_MAX);
	percent_decode(&plain, text, true);
	json_write_string(out, buf_bytes(&plain));
	buf_clear(&plain);
}

static void write_query(const char *query, struct buf *out)
{
	bool first = true;
	buf_adds(out, ",\"query\":{");
	for (const char *p = query; *p;) {
		size_t n = strcspn(p, "&"), name = strcspn(p, "=&");
		if (n > 0) {
			size_t value = name < n ? name + 1 : n;
			buf_adds(out, first ? "" : ",");
			write_decoded(out, (struct bytes){ p, name });
			buf_adds(out, ":");
			write_decoded(out, (struct bytes){ p + value, n - value });
			first = false;
		}
		p += n + (p[n] == '&');
	}
	buf_adds(out, "}");
}

static void write_delivery(const struct hook_accept *a, const struct webhook_delivery *d,
			   struct buf *out)
{
	buf_adds(out, "{\"body\":");
	buf_add(out, d->input.p, d->input.n);
	write_headers(a, d->req, out);
	write_query(d->req->query, out);
	add_text(out, "hook", d->hook);
	add_text(out, "auth", d->auth ? d->auth : "");
	add_text(out, "identity", d->identity);
	add_text(out, "id", d->id);
	buf_adds(out, "}");
}

/* ---- what it says ---- */

static int take(const cJSON *said, const struct webhook_delivery *d, struct buf *input,
		char why[HOOK_WHY_SIZE])
{
	if (cJSON_IsNull(said) || cJSON_IsFalse(said))
		return 0;
	if (cJSON_IsTrue(said))
		buf_add(input, d->input.p, d->input.n);
	else if (cJSON_IsObject(said))
		json_write(input, said);
	else
		(void)snprintf(why, HOOK_WHY_SIZE,
			       "accept returned %s: expected nil, false, true or a table of names "
			       "and values",
			       cJSON_IsArray(said) ? "a list" : "something else");
	if (input->err)
		(void)snprintf(why, HOOK_WHY_SIZE, "the input is too long");
	return input->n > 0 && !input->err ? 1 : -ERR_INVALID;
}

int hook_accept_ask(struct hook_accept *a, const struct webhook_delivery *d, struct buf *input,
		    char why[HOOK_WHY_SIZE])
{
	struct buf told = BUF_INIT(TEXT_MAX), said = BUF_INIT(TEXT_MAX), more = BUF_INIT(MORE_MAX);
	struct err err = { 0 };
	why[0] = '\0';
	if (!a) {
		buf_add(input, d->input.p, d->input.n);
		return input->err ? -ERR_NOMEM : 1;
	}
	write_delivery(a, d, &told);
	int rc = told.err ? err_set(&err, ERR_LIMIT, "it is too long")
			  : functions_call_more(a->functions, "accept", buf_bytes(&told), &said,
						&more, &err);
	cJSON *v = rc == 0 ? json_parse(buf_bytes(&said), &err) : NULL;
	if (v) {
		rc = take(v, d, input, why);
		if (rc == 0)
			(void)snprintf(why, HOOK_WHY_SIZE, "%s", buf_cstr(&more));
	} else {
		rc = -ERR_INVALID;
		(void)snprintf(why, HOOK_WHY_SIZE, "accept failed: %.200s%s%.30s", err.message,
			       err.name[0] ? ": " : "", err.name);
	}
	cJSON_Delete(v);
	buf_clear(&told);
	buf_clear(&said);
	buf_clear(&more);
	return rc;
}
