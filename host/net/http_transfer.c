#include "net/http_transfer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "net/http_client.h"

enum { HEAD_MAX = 64 * 1024, HEADERS_MAX = 256, BODY_MAX = 16 * 1024 * 1024 };
enum { CONNECT_TIMEOUT_MS = 5000, IDLE_TIMEOUT_MS = 60000 };

/* ---- the request ---- */

/* What libcurl would add of its own accord; "Name:" tells it not to. */
static const char *const suppressed[] = { "Accept", "Content-Type", "Expect" };
/* What only libcurl can get right. */
static const char *const reserved[] = { "Content-Length", "Transfer-Encoding", "Expect" };

enum { SUPPRESSED = sizeof(suppressed) / sizeof(suppressed[0]) };

static int check_headers(const struct http_request *req, struct err *err)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		const struct http_header *h = &req->headers[i];
		if (!http_is_token(bytes_str(h->name)))
			return err_set(err, ERR_INVALID, "'%s' is not a header name", h->name);
		if (!http_is_value(bytes_str(h->value)))
			return err_set(err, ERR_INVALID,
				       "the value of header '%s' has a control character", h->name);
		for (size_t k = 0; k < sizeof(reserved) / sizeof(reserved[0]); k++) {
			if (strcasecmp(h->name, reserved[k]) == 0)
				return err_set(err, ERR_INVALID,
					       "header '%s' is the client's own to set", h->name);
		}
	}
	return 0;
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	size_t n = strlen(host);

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (host[0] == '[') {
		char inner[INET6_ADDRSTRLEN];
		(void)snprintf(inner, sizeof(inner), "%.*s", (int)strcspn(host + 1, "]%"),
			       host + 1);
		if (inet_pton(AF_INET6, inner, &v6) != 1)
			return false;
		return IN6_IS_ADDR_LOOPBACK(&v6) ||
		       (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
	}
	if (n > 0 && host[n - 1] == '.')
		n--;
	static const char name[] = "localhost";
	size_t len = sizeof(name) - 1;
	return n >= len && strncasecmp(host + n - len, name, len) == 0 &&
	       (n == len || host[n - len - 1] == '.');
}

/* The host as libcurl itself will read it: 127.1 and 0x7f000001 come out as 127.0.0.1. */
static int check_url(const char *url, bool *loopback, struct err *err)
{
	int rc = -ERR_INVALID;
	char *scheme = NULL, *host = NULL;
	CURLU *u = curl_url();
	if (!u)
		return err_set(err, ERR_NOMEM, "no memory to read a url");
	if (strchr(url, '\\') || !http_is_value(bytes_str(url)) ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) != 0 ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != 0 ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != 0)
		(void)err_set(err, ERR_INVALID, "not a url of the form http[s]://HOST[:PORT]/...");
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		(void)err_set(err, ERR_INVALID, "scheme '%s' is not http or https", scheme);
	else
		rc = 0;
	*loopback = rc == 0 && is_loopback(host);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return rc;
}

static size_t copy_size(const struct http_request *req, size_t nodes)
{
	size_t n = nodes * sizeof(struct curl_slist) + SUPPRESSED * sizeof("Content-Type:");
	for (size_t i = 0; i < req->n_headers; i++)
		n += strlen(req->headers[i].name) + strlen(req->headers[i].value) + sizeof(": ");
	n += strlen(req->method) + strlen(req->url) + 2;
	return n + (req->ca_file ? strlen(req->ca_file) + 1 : 0);
}

static char *put(char **at, const char *s)
{
	size_t n = strlen(s);
	char *here = memcpy(*at, s, n + 1);
	*at += n;
	return here;
}

static const char *put_string(char **at, const char *s)
{
	char *here = put(at, s);
	++*at;
	return here;
}

/* "Name: value"; libcurl's way to send a header without a value is "Name;". */
static char *put_header(char **at, const struct http_header *h)
{
	char *here = put(at, h->name);
	(void)put(at, h->value[0] ? ": " : ";");
	(void)put_string(at, h->value);
	return here;
}

static char *put_suppressed(char **at, const char *name)
{
	char *here = put(at, name);
	(void)put_string(at, ":");
	return here;
}

/* One allocation for everything: the nodes of the header list first, the strings behind. */
static void copy_request(struct http_transfer *t, const struct http_request *req)
{
	size_t nodes = req->n_headers + SUPPRESSED;
	struct curl_slist *list = t->copy = malloc(copy_size(req, nodes));
	INVARIANT(list != NULL);
	char *at = (char *)(list + nodes);
	size_t n = 0;

	for (size_t i = 0; i < req->n_headers; i++)
		list[n++].data = put_header(&at, &req->headers[i]);
	for (size_t i = 0; i < SUPPRESSED; i++) {
		if (!http_header_get(req->headers, req->n_headers, suppressed[i]))
			list[n++].data = put_suppressed(&at, suppressed[i]);
	}
	for (size_t i = 0; i < n; i++)
		list[i].next = i + 1 < n ? &list[i + 1] : NULL;
	t->headers = n ? list : NULL;
	t->method = put_string(&at, req->method);
	t->url = put_string(&at, req->url);
	t->ca_file = req->ca_file ? put_string(&at, req->ca_file) : NULL;
}

struct http_transfer *http_transfer_new(const struct http_request *req, http_done_fn *done,
					void *arg)
{
	struct http_transfer *t = calloc(1, sizeof(*t));
	INVARIANT(t != NULL);
	struct err *err = &t->answer.err;
	bool loopback = false;

	t->done = done;
	t->arg = arg;
	t->start_us = clock_mono_us();
	t->body = req->body;
	t->connect_timeout_ms =
	    req->connect_timeout_ms ? req->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	t->idle_timeout_ms = req->idle_timeout_ms ? req->idle_timeout_ms : IDLE_TIMEOUT_MS;
	t->timeout_ms = req->timeout_ms;
	t->max_body = req->max_body ? req->max_body : BODY_MAX;
	t->head = BUF_INIT(HEAD_MAX);
	t->in = BUF_INIT(t->max_body);
	copy_request(t, req);
	if (!http_is_token(bytes_str(req->method)))
		(void)err_set(err, ERR_INVALID, "'%s' is not an HTTP method", req->method);
	else if (check_headers(req, err) == 0)
		(void)check_url(req->url, &loopback, err);
	t->no_proxy = loopback || (req->flags & HTTP_NO_PROXY);
	t->once = req->flags & HTTP_ONCE;
	return t;
}

void http_transfer_free(struct http_transfer *t)
{
	free(t->copy);
	free(t->header_list);
	buf_clear(&t->head);
	buf_clear(&t->in);
	free(t);
}

/* ---- what arrives ---- */

/* Set the error that the end of the transfer will report; libcurl ends it on the 0. */
static size_t refuse(struct http_transfer *t, enum err_code code, const char *why)
{
	(void)err_set(&t->answer.err, code, "%s", why);
	return 0;
}

static struct bytes trim(struct bytes s)
{
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	return s;
}

static bool starts(struct bytes s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static size_t on_header_line(struct http_transfer *t, struct bytes line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct bytes name = { line.p, colon ? (size_t)(colon - line.p) : 0 };
	if (!colon || !http_is_token(name))
		return refuse(t, ERR_IO, "malformed header line in the answer");
	struct bytes value = trim((struct bytes){ colon + 1, line.n - name.n - 1 });
	if (!http_is_value(value))
		return refuse(t, ERR_IO, "control character in a header of the answer");
	buf_add(&t->head, name.p, name.n);
	buf_add(&t->head, "", 1);
	buf_add(&t->head, value.p, value.n);
	buf_add(&t->head, "", 1);
	if (t->head.err || ++t->n_headers > HEADERS_MAX)
		return refuse(t, ERR_LIMIT,
			      "the headers of the answer are larger than 64 KiB or "
			      "more than 256");
	return line.n;
}

/* libcurl hands over whole lines: status lines (also of 1xx answers), headers, the empty line, and
 * trailers, which are ignored. */
static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	struct bytes line = { p, size * n };

	t->last_us = clock_mono_us();
	if (starts(line, "HTTP/")) {
		buf_clear(&t->head);
		t->n_headers = 0;
		t->head_done = false;
	} else if (trim(line).n == 0) {
		t->head_done = true;
	} else if (!t->head_done) {
		return on_header_line(t, line);
	}
	return line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	t->last_us = clock_mono_us();
	buf_add(&t->in, p, size * n);
	if (t->in.err == 0)
		return size * n;
	(void)err_set(&t->answer.err, ERR_LIMIT, "the body of the answer is larger than %zu bytes",
		      t->max_body);
	(void)snprintf(t->answer.err.name, sizeof(t->answer.err.name), "ResponseTooLarge");
	return 0;
}

int64_t http_transfer_idle_left_us(struct http_transfer *t, int64_t now_us)
{
	curl_off_t ready_us = 0, sent = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	/* Until the connection stands it is the connect time-out that counts. */
	if (ready_us == 0 || sent != t->sent)
		t->last_us = now_us;
	else if (t->last_us < t->begin_us + ready_us)
		t->last_us = t->begin_us + ready_us;
	t->sent = sent;
	return t->last_us + t->idle_timeout_ms * 1000 - now_us;
}

/* ---- what libcurl is asked to do ---- */

/* The handle's first failure sticks, so that a list of options reads as one. */
struct setup {
	CURL *easy;
	CURLcode rc;
};

static void set_long(struct setup *s, CURLoption option, long value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, option, value);
}

static void set_pointer(struct setup *s, CURLoption option, const void *value)
{
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, option, value);
}

static void set_message(struct setup *s, struct http_transfer *t)
{
	set_pointer(s, CURLOPT_URL, t->url);
	set_long(s, CURLOPT_PATH_AS_IS, 1);
	set_pointer(s, CURLOPT_HTTPHEADER, t->headers);
	if (strcmp(t->method, "HEAD") == 0) {
		set_long(s, CURLOPT_NOBODY, 1);
		return;
	}
	bool post = strcmp(t->method, "POST") == 0 || strcmp(t->method, "PUT") == 0 ||
		    strcmp(t->method, "PATCH") == 0;
	if (post || t->body.n > 0) {
		if (s->rc == CURLE_OK)
			s->rc = curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
						 (curl_off_t)t->body.n);
		set_pointer(s, CURLOPT_POSTFIELDS, t->body.n ? t->body.p : "");
	}
	set_pointer(s, CURLOPT_CUSTOMREQUEST, t->method);
	/* An answer that announces more is not waited for; on_body counts one that does not. */
	if (s->rc == CURLE_OK)
		s->rc =
		    curl_easy_setopt(s->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->max_body);
}

static void set_connection(struct setup *s, const struct http_transfer *t)
{
	set_long(s, CURLOPT_NOSIGNAL, 1);
	set_long(s, CURLOPT_QUICK_EXIT, 1); /* or a stop waits for getaddrinfo */
	set_pointer(s, CURLOPT_PROTOCOLS_STR, "http,https");
	set_long(s, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	set_long(s, CURLOPT_FOLLOWLOCATION, 0);
	set_long(s, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(s, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_timeout_ms);
	set_long(s, CURLOPT_MAXAGE_CONN, 50); /* seconds idle; servers and NATs drop them unseen */
	set_long(s, CURLOPT_FRESH_CONNECT, t->once);
	set_long(s, CURLOPT_DNS_CACHE_TIMEOUT, 30);
	set_long(s, CURLOPT_TCP_KEEPALIVE, 1);
	set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	if (t->no_proxy) {
		set_pointer(s, CURLOPT_PROXY, "");
		set_pointer(s, CURLOPT_NOPROXY, "*");
	}
}

static void set_tls(struct setup *s, const struct http_transfer *t)
{
	set_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_long(s, CURLOPT_SSL_VERIFYPEER, 1);
	set_long(s, CURLOPT_SSL_VERIFYHOST, 2);
	/* With a CA directory libcurl's cache of the parsed bundle is off, and every connection
	 * costs 30 ms of CPU. */
	set_pointer(s, CURLOPT_CAPATH, NULL);
	if (t->ca_file)
		set_pointer(s, CURLOPT_CAINFO, t->ca_file);
}

static void set_callbacks(struct setup *s, struct http_transfer *t)
{
	set_pointer(s, CURLOPT_PRIVATE, t);
	set_pointer(s, CURLOPT_ERRORBUFFER, t->text);
	set_pointer(s, CURLOPT_HEADERDATA, t);
	set_pointer(s, CURLOPT_WRITEDATA, t);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
	if (s->rc == CURLE_OK)
		s->rc = curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
}

int http_transfer_prepare(struct http_transfer *t, CURL *easy)
{
	struct setup s = { easy, CURLE_OK };
	set_message(&s, t);
	set_connection(&s, t);
	set_tls(&s, t);
	set_callbacks(&s, t);
	t->begin_us = t->last_us = clock_mono_us();
	if (s.rc == CURLE_OK)
		return 0;
	return err_set(&t->answer.err, ERR_IO, "libcurl: %s", curl_easy_strerror(s.rc));
}

/* ---- how it ended ---- */

struct outcome {
	CURLcode rc;
	enum err_code code;
	bool retryable;
};

/* What is not here is ERR_IO and final. Transient: another attempt may find a healthy peer. */
static const struct outcome outcomes[] = {
	{ CURLE_COULDNT_RESOLVE_PROXY, ERR_IO, true },
	{ CURLE_COULDNT_RESOLVE_HOST, ERR_IO, true },
	{ CURLE_COULDNT_CONNECT, ERR_IO, true },
	{ CURLE_HTTP2, ERR_IO, true },
	{ CURLE_PARTIAL_FILE, ERR_IO, true },
	{ CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT, true },
	{ CURLE_SSL_CONNECT_ERROR, ERR_IO, true },
	{ CURLE_GOT_NOTHING, ERR_IO, true },
	{ CURLE_SEND_ERROR, ERR_IO, true },
	{ CURLE_RECV_ERROR, ERR_IO, true },
	{ CURLE_HTTP2_STREAM, ERR_IO, true },
	{ CURLE_URL_MALFORMAT, ERR_INVALID, false },
	{ CURLE_FILESIZE_EXCEEDED, ERR_LIMIT, false },
	{ CURLE_OUT_OF_MEMORY, ERR_NOMEM, false },
	{ CURLE_ABORTED_BY_CALLBACK, ERR_CANCELLED, false },
};

/* scheme://host:port only: what follows may hold secrets. */
static int origin_length(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	return (int)(host - url + (ptrdiff_t)strcspn(host, "/?#"));
}

/* libcurl takes header lines of up to 100 KiB and calls a longer one "out of memory". */
static bool is_long_header(const struct http_transfer *t, CURLcode rc)
{
	curl_off_t first_byte_us = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
	return rc == CURLE_OUT_OF_MEMORY && first_byte_us > 0 && !t->head_done;
}

static void set_error(struct http_transfer *t, CURLcode rc)
{
	struct outcome o = { rc, ERR_IO, false };
	if (is_long_header(t, rc)) {
		(void)err_set(&t->answer.err, ERR_LIMIT,
			      "%.*s: a header line of the answer is larger than 64 KiB",
			      origin_length(t->url), t->url);
		return;
	}
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].rc == rc)
			o = outcomes[i];
	}
	(void)err_set(&t->answer.err, o.code, "%.*s: %s", origin_length(t->url), t->url,
		      t->text[0] ? t->text : curl_easy_strerror(rc));
	t->answer.err.retryable = o.retryable;
}

bool http_maybe_sent(const struct http_transfer *t)
{
	curl_off_t ready_us = 0;
	long sent = 0;
	if (!t->easy)
		return false;
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
	(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	return sent > 0 || ready_us > 0;
}

static void measure(struct http_transfer *t)
{
	curl_off_t connect_us = 0, tls_us = 0;
	long connects = 0;

	t->answer.total_us = clock_mono_us() - t->start_us;
	if (!t->easy)
		return;
	(void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	(void)curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
	t->answer.maybe_sent = http_maybe_sent(t);
	if (connects > 0)
		t->answer.connect_us = tls_us > 0 ? tls_us : connect_us;
}

static void drop_answer(struct http_transfer *t)
{
	t->answer.status = 0;
	buf_clear(&t->head);
	buf_clear(&t->in);
}

void http_transfer_fail(struct http_transfer *t, enum err_code code, const char *why)
{
	measure(t);
	drop_answer(t);
	(void)err_set(&t->answer.err, code, "%.*s: %s", origin_length(t->url), t->url, why);
	t->answer.err.retryable = code == ERR_TIMEOUT;
}

static void list_headers(struct http_transfer *t)
{
	const char *at = t->head.p;
	if (t->n_headers == 0)
		return;
	t->header_list = calloc(t->n_headers, sizeof(*t->header_list));
	INVARIANT(t->header_list != NULL);
	for (size_t i = 0; i < t->n_headers; i++) {
		t->header_list[i].name = at;
		at += strlen(at) + 1;
		t->header_list[i].value = at;
		at += strlen(at) + 1;
	}
	t->answer.headers = t->header_list;
	t->answer.n_headers = t->n_headers;
}

void http_transfer_end(struct http_transfer *t, CURLcode rc)
{
	long status = 0;
	measure(t);
	if (t->answer.err.code == 0 && rc != CURLE_OK)
		set_error(t, rc);
	if (t->answer.err.code != 0) {
		drop_answer(t);
		return;
	}
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->answer.status = (int)status;
	t->answer.body = buf_bytes(&t->in);
	list_headers(t);
}
