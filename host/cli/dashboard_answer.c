/* dashboard_answer.c - answers of the dashboard: what browsers are told beside the page. */
#include <stdio.h>
#include <string.h>

#include "admin/assets.h"
#include "cli/dashboard_private.h"
#include "net/http_server.h"

enum { HEADERS_MAX = 16 };

struct headers {
	struct http_header list[HEADERS_MAX];
	size_t n;
};

static void add_header(struct headers *h, const char *name, const char *value)
{
	INVARIANT(h->n < HEADERS_MAX);
	h->list[h->n++] = (struct http_header){ name, value };
}

/* What every answer has. Referrer-Policy: with no-referrer forms would be sent without Origin. */
static struct headers headers_of(const struct dashboard *d, const char *type)
{
	struct headers h = { 0 };
	add_header(&h, "Content-Type", type);
	add_header(&h, "Content-Security-Policy",
		   "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		   "connect-src 'self'; form-action 'self'; base-uri 'none'; "
		   "frame-ancestors 'none'");
	add_header(&h, "X-Frame-Options", "DENY");
	add_header(&h, "X-Content-Type-Options", "nosniff");
	add_header(&h, "Referrer-Policy", "same-origin");
	add_header(&h, "Cross-Origin-Opener-Policy", "same-origin");
	add_header(&h, "Cross-Origin-Resource-Policy", "same-origin");
	if (d->secure)
		add_header(&h, "Strict-Transport-Security", "max-age=31536000");
	return h;
}

static void answer_with(struct http_exchange *x, int status, const struct headers *h,
			struct bytes body)
{
	http_server_answer(x, status, h->list, h->n, body);
}

void answer_page(const struct dashboard *d, struct http_exchange *x, int status, struct html *page,
		 const char *cookie)
{
	struct headers h = headers_of(d, "text/html; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	if (cookie)
		add_header(&h, "Set-Cookie", cookie);
	if (page->out.err)
		answer_with(x, 500, &h,
			    BYTES_LIT("This page is too long, or there is no memory.\n"));
	else
		answer_with(x, status, &h, buf_bytes(&page->out));
	html_clear(page);
}

void answer_stranger(const struct dashboard *d, struct http_exchange *x, int status,
		     const char *why)
{
	struct html page = HTML_INIT;
	page_stranger(&page, why);
	answer_page(d, x, status, &page, NULL);
}

void answer_text(const struct dashboard *d, struct http_exchange *x, int status, const char *text)
{
	struct headers h = headers_of(d, "text/plain; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	if (status == 405)
		add_header(&h, "Allow", "GET, HEAD, POST");
	answer_with(x, status, &h, bytes_str(text));
}

void answer_moved(const struct dashboard *d, struct http_exchange *x, const char *where,
		  const char *cookie)
{
	struct headers h = headers_of(d, "text/plain; charset=utf-8");
	add_header(&h, "Cache-Control", "no-store");
	add_header(&h, "Location", where);
	if (cookie)
		add_header(&h, "Set-Cookie", cookie);
	answer_with(x, 303, &h, (struct bytes){ 0 });
}

void answer_feed(const struct dashboard *d, struct http_exchange *x)
{
	struct headers h = headers_of(d, "text/event-stream");
	add_header(&h, "Cache-Control", "no-store");
	add_header(&h, "X-Accel-Buffering", "no"); /* a proxy is not to wait for more */
	http_server_begin(x, 200, h.list, h.n);
}

void answer_asset(const struct dashboard *d, struct http_exchange *x, const struct asset *a)
{
	struct headers h = headers_of(d, a->type);
	add_header(&h, "Cache-Control", "public, max-age=31536000, immutable");
	answer_with(x, 200, &h, (struct bytes){ (const char *)a->p, a->n });
}

void cookie_write(char out[COOKIE_SIZE], const struct dashboard *d, const char *key)
{
	(void)snprintf(out, COOKIE_SIZE, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", d->cookie,
		       key, d->secure ? "; Secure" : "", *key ? "" : "; Max-Age=0");
}
