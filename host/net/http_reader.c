#include "net/http_reader.h"

#include <string.h>
#include <strings.h>

/* Memory that a connection keeps between two requests. */
enum { KEEP_MAX = 64 * 1024 };

static enum http_read refuse(struct http_reader *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	r->keep_alive = false;
	return HTTP_READ_REFUSED;
}

/* ---- what http_parser reports ---- */

/* The header block comes in one piece, so every callback comes once for its thing; were it not so,
 * a second call would extend the span. */
static void extend(struct http_span *s, const char *p, size_t n)
{
	if (!s->p)
		s->p = p;
	s->n += n;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	extend(&r->url, at, n);
	return 0;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	if (r->n_headers == 0 || r->values[r->n_headers - 1].p) {
		if (r->n_headers == HTTP_HEADERS_MAX)
			return -1;
		r->names[r->n_headers] = r->values[r->n_headers] = (struct http_span){ 0 };
		r->n_headers++;
	}
	extend(&r->names[r->n_headers - 1], at, n);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	if (r->n_headers == 0)
		return -1;
	extend(&r->values[r->n_headers - 1], at, n);
	return 0;
}

static int on_headers_complete(http_parser *p)
{
	struct http_reader *r = p->data;
	r->content_length = (p->flags & F_CONTENTLENGTH) ? p->content_length : UINT64_MAX;
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	buf_add(&r->body, at, n);
	return r->body.err;
}

static int on_complete(http_parser *p)
{
	struct http_reader *r = p->data;
	r->parsed = true;
	r->keep_alive = http_should_keep_alive(p);
	return 0;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* ---- the header block ---- */

static enum http_read refuse_parsed(struct http_reader *r)
{
	enum http_errno e = HTTP_PARSER_ERRNO(&r->parser);
	if (e == HPE_INVALID_METHOD)
		return refuse(r, 501, "unknown method");
	if (e == HPE_INVALID_VERSION)
		return refuse(r, 505, "HTTP version is not 1.1 or 1.0");
	if (e == HPE_INVALID_TRANSFER_ENCODING)
		return refuse(r, 501, "transfer encoding is not chunked");
	if (e == HPE_UNEXPECTED_CONTENT_LENGTH || e == HPE_INVALID_CONTENT_LENGTH)
		return refuse(r, 400,
			      "malformed or second Content-Length, or one beside "
			      "Transfer-Encoding");
	return refuse(r, 400, "malformed request");
}

/* Where the parser left strings, make C strings in place: what is overwritten is the colon, the CR
 * or a blank behind them. */
static const char *end_string(struct http_reader *r, struct http_span s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	if (s.n == 0)
		return ""; /* the parser's mark of an empty value is already in the next line */
	size_t at = (size_t)(s.p - r->head.p);
	r->head.p[at + s.n] = '\0';
	return r->head.p + at;
}

static void list_headers(struct http_reader *r)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		r->headers[i].name = end_string(r, r->names[i]);
		r->headers[i].value = end_string(r, r->values[i]);
	}
	r->request.headers = r->headers;
	r->request.n_headers = r->n_headers;
}

/* Origin form, "*", or the absolute form of which only path and query count. */
static bool split_target(struct http_reader *r)
{
	char *target = r->head.p + (r->url.p - r->head.p);
	static const char scheme[] = "http://";

	target[r->url.n] = '\0';
	if (strncasecmp(target, scheme, sizeof(scheme) - 1) == 0) {
		target += sizeof(scheme) - 1;
		target += strcspn(target, "/?");
	}
	char *query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	r->request.query = query ? query : "";
	r->request.path = target[0] ? target : "/";
	bool star = strcmp(target, "*") == 0 && strcmp(r->request.method, "OPTIONS") == 0;
	return (r->request.path[0] == '/' || star) && !strchr(r->request.path, '#') &&
	       !strchr(r->request.query, '#');
}

static const char *only(const struct http_reader *r, const char *name, int *count)
{
	const char *value = NULL;
	*count = 0;
	for (size_t i = 0; i < r->n_headers; i++) {
		if (strcasecmp(r->headers[i].name, name) != 0)
			continue;
		value = r->headers[i].value;
		++*count;
	}
	return value;
}

static bool is_host(const char *host)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-._~%!$&'()*+,;=:[]";
	return host[0] && host[strspn(host, allowed)] == '\0';
}

static enum http_read check_headers(struct http_reader *r)
{
	int hosts, lengths, encodings, expects;
	const char *host = only(r, "Host", &hosts);
	(void)only(r, "Content-Length", &lengths);
	const char *encoding = only(r, "Transfer-Encoding", &encodings);
	const char *expect = only(r, "Expect", &expects);

	if (hosts != 1 && !(hosts == 0 && r->old))
		return refuse(r, 400, hosts ? "more than one Host" : "no Host");
	if (host && !is_host(host))
		return refuse(r, 400, "malformed Host");
	if (lengths > 1)
		return refuse(r, 400, "more than one Content-Length");
	if (encodings > 0 && (lengths > 0 || r->old))
		return refuse(r, 400, "Transfer-Encoding beside Content-Length or in HTTP/1.0");
	if (encodings > 1 || (encoding && strcasecmp(encoding, "chunked") != 0))
		return refuse(r, 501, "transfer encoding is not chunked");
	if (expects > 1 || (expect && strcasecmp(expect, "100-continue") != 0))
		return refuse(r, 417, "expectation is not 100-continue");
	r->expect_continue = expect && !r->old;
	return HTTP_READ_MORE;
}

/* How the body is framed, and with it what the screen lets pass from now on. */
static enum http_read begin_body(struct http_reader *r)
{
	bool chunked = r->parser.flags & F_CHUNKED;
	uint64_t length = r->content_length == UINT64_MAX ? 0 : r->content_length;

	if (chunked)
		http_screen_expect_chunks(&r->screen, r->max_body);
	else
		http_screen_expect_length(&r->screen, length, r->max_body);
	if (r->screen.state == SCREEN_REFUSED)
		return refuse(r, r->screen.status, r->screen.why);
	bool whole = r->screen.state == SCREEN_BODY_DONE;
	if (whole != r->parsed)
		return refuse(r, 400, "ambiguous framing");
	return whole ? HTTP_READ_DONE : HTTP_READ_HEAD;
}

static enum http_read parse_head(struct http_reader *r)
{
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
	size_t n = http_parser_execute(&r->parser, &settings, r->head.p, r->head.n);
	if (HTTP_PARSER_ERRNO(&r->parser) != HPE_OK)
		return refuse_parsed(r);
	if (n != r->head.n || !r->url.p || r->n_headers != (size_t)r->screen.n_headers)
		return refuse(r, 400, "malformed request");
	if (r->parser.http_major != 1 || r->parser.http_minor > 1)
		return refuse(r, 505, "HTTP version is not 1.1 or 1.0");
	if (r->parser.method == HTTP_CONNECT)
		return refuse(r, 501, "CONNECT");
	r->old = r->parser.http_minor == 0;
	r->request.method = http_method_str((enum http_method)r->parser.method);
	r->head_method = r->parser.method == HTTP_HEAD;
	list_headers(r);
	if (!split_target(r))
		return refuse(r, 400, "malformed request target");
	enum http_read result = check_headers(r);
	return result == HTTP_READ_REFUSED ? result : begin_body(r);
}

static size_t feed_head(struct http_reader *r, struct bytes in, enum http_read *result)
{
	size_t n = http_screen_head(&r->screen, in);
	buf_add(&r->head, in.p, n);
	if (r->screen.state == SCREEN_REFUSED)
		*result = refuse(r, r->screen.status, r->screen.why);
	else if (r->head.err)
		*result = refuse(r, 503, "out of memory");
	else if (r->screen.state == SCREEN_HEAD_DONE)
		*result = parse_head(r);
	return n;
}

/* ---- the body ---- */

static size_t feed_body(struct http_reader *r, struct bytes in, enum http_read *result)
{
	size_t n = http_screen_body(&r->screen, in);
	if (r->screen.state == SCREEN_REFUSED) {
		*result = refuse(r, r->screen.status, r->screen.why);
		return n;
	}
	size_t parsed = http_parser_execute(&r->parser, &settings, in.p, n);
	bool whole = r->screen.state == SCREEN_BODY_DONE;
	if (r->body.err)
		*result = refuse(r, 413, "body too large");
	else if (HTTP_PARSER_ERRNO(&r->parser) != HPE_OK || parsed != n || whole != r->parsed)
		*result = refuse(r, 400, "ambiguous framing");
	else if (whole)
		*result = HTTP_READ_DONE;
	return n;
}

size_t http_reader_feed(struct http_reader *r, struct bytes in, enum http_read *result)
{
	*result = HTTP_READ_MORE;
	size_t n = r->screen.state < SCREEN_HEAD_DONE ? feed_head(r, in, result)
						      : feed_body(r, in, result);
	if (*result == HTTP_READ_DONE)
		r->request.body = buf_bytes(&r->body);
	return n;
}

/* ---- from request to request ---- */

static void reuse(struct buf *b)
{
	if (b->cap > KEEP_MAX || b->err)
		buf_clear(b);
	else
		buf_cut(b, 0);
}

void http_reader_next(struct http_reader *r)
{
	const struct http_received kept = { .peer = r->request.peer, .client = r->request.client };
	http_screen_init(&r->screen);
	reuse(&r->head);
	reuse(&r->body);
	r->url = (struct http_span){ 0 };
	r->n_headers = 0;
	r->parsed = r->keep_alive = r->old = r->head_method = r->expect_continue = false;
	r->request = kept;
}

void http_reader_init(struct http_reader *r, size_t max_body)
{
	r->max_body = max_body;
	r->head = BUF_INIT(HTTP_HEAD_MAX + 1);
	r->body = BUF_INIT(max_body);
	r->request = (struct http_received){ 0 };
	http_reader_next(r);
}

void http_reader_clear(struct http_reader *r)
{
	buf_clear(&r->head);
	buf_clear(&r->body);
}
