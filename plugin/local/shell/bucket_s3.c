#include "local/shell/bucket_s3.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/skew.h"
#include "aws/xml.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/percent.h"

enum { URL_MAX = 16 * 1024, TOKEN_MAX = 4096, PAGE = 1000 };

struct bucket_s3 {
	struct upstream upstream;
};

int bucket_s3_open(struct bucket_s3 **out, const struct host_api *api, const char *url,
		   struct err *err)
{
	struct bucket_s3 *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	int rc = upstream_open(&s->upstream, api, "s3", url, err);
	if (rc)
		bucket_s3_close(s);
	else
		*out = s;
	return rc;
}

void bucket_s3_close(struct bucket_s3 *s)
{
	if (s)
		upstream_close(&s->upstream);
	free(s);
}

/* ---- a request ---- */

/* The path as it is signed: not encoded, that is the signer's. */
static void add_path(struct buf *out, const struct bucket_s3_call *c)
{
	struct bytes base = c->s3->upstream.endpoint.path;
	if (base.n && base.p[base.n - 1] == '/')
		base.n--;
	buf_add(out, base.p, base.n);
	buf_addf(out, "/%s", c->q->bucket);
	if (c->q->op != BUCKET_LIST)
		buf_addf(out, "/%s", c->q->key);
}

static void add_query(struct buf *out, const struct bucket_s3_call *c)
{
	const struct bucket_request *q = c->q;
	if (q->version) {
		buf_adds(out, "versionId=");
		percent_encode(out, bytes_str(q->version), PERCENT_UNRESERVED);
	}
	if (q->op != BUCKET_LIST)
		return;
	int64_t left = q->max_keys > 0 ? q->max_keys - (int64_t)c->a->n_entries : PAGE;
	buf_adds(out, "list-type=2&encoding-type=url&prefix=");
	percent_encode(out, bytes_str(q->key), PERCENT_UNRESERVED);
	buf_addf(out, "&max-keys=%" PRId64, left < PAGE ? left : PAGE);
	if (c->token.n) {
		buf_adds(out, "&continuation-token=");
		percent_encode(out, buf_bytes(&c->token), PERCENT_UNRESERVED);
	} else if (q->start_after) {
		buf_adds(out, "&start-after=");
		percent_encode(out, bytes_str(q->start_after), PERCENT_UNRESERVED);
	}
}

struct message {
	struct upstream_head head;
	char hash[SHA256_HEX + 1];
	struct buf path, query, url;
};

static int sign(struct message *m, const struct bucket_s3_call *c, const char *method,
		struct err *err)
{
	uint8_t md[SHA256_LEN];
	if (sha256(md, c->q->body) != 0)
		return err_set(err, ERR_NOMEM, "cannot hash the body");
	hex_lower(m->hash, md, sizeof(md));
	upstream_head_add(&m->head, "X-Amz-Content-Sha256", m->hash);
	if (c->q->content_type)
		upstream_head_add(&m->head, "Content-Type", c->q->content_type);
	const struct sigv4_request r = {
		.method = method,
		.path = buf_bytes(&m->path),
		.query = m->query.n ? buf_bytes(&m->query) : BYTES_LIT(""),
		.body = c->q->body,
		.region = c->q->region,
		.flags = SIGV4_RAW_PATH,
	};
	return upstream_sign(&c->s3->upstream, &m->head, &r, err);
}

static void make_url(struct message *m, const struct bucket_s3_call *c)
{
	const struct endpoint *e = &c->s3->upstream.endpoint;
	add_path(&m->path, c);
	add_query(&m->query, c);
	buf_add(&m->url, e->url, (size_t)(e->path.p - e->url));
	percent_encode(&m->url, buf_bytes(&m->path), PERCENT_UNRESERVED "/");
	if (m->query.n)
		buf_addf(&m->url, "?%s", buf_cstr(&m->query));
}

static void on_answer(void *arg, const struct http_answer *h);

static int send(struct bucket_s3_call *c, struct err *err)
{
	static const char *const methods[] = { [BUCKET_GET] = "GET",
					       [BUCKET_HEAD] = "HEAD",
					       [BUCKET_PUT] = "PUT",
					       [BUCKET_LIST] = "GET" };
	const struct host_api *api = c->s3->upstream.api;
	const char *method = methods[c->q->op];
	struct message m = { .path = BUF_INIT(URL_MAX),
			     .query = BUF_INIT(URL_MAX),
			     .url = BUF_INIT(URL_MAX) };
	c->tries.attempts++;
	upstream_head_init(&m.head, &c->s3->upstream);
	make_url(&m, c);
	int rc = m.url.err ? err_set(err, ERR_LIMIT, "the request's address is too long")
			   : sign(&m, c, method, err);
	if (!rc) {
		const struct http_request request = { .method = method,
						      .url = buf_cstr(&m.url),
						      .headers = m.head.v,
						      .n_headers = m.head.n,
						      .body = c->q->body,
						      .max_body = BUCKET_BODY_MAX };
		c->transfer = api->http_start(api->host, &request, on_answer, c);
	}
	buf_clear(&m.path);
	buf_clear(&m.query);
	buf_clear(&m.url);
	upstream_head_clear(&m.head);
	return rc;
}

/* ---- an answer ---- */

static void take_header(char *out, size_t size, const struct http_answer *h, const char *name)
{
	const char *value = http_header_get(h->headers, h->n_headers, name);
	(void)snprintf(out, size, "%s", value ? value : "");
}

static void take_error(struct bucket_answer *a, const struct http_answer *h)
{
	struct buf code = BUF_INIT(sizeof(a->code) - 1), text = BUF_INIT(4096);
	char status[16];
	(void)snprintf(status, sizeof(status), "%d", h->status);
	if (h->body.n) {
		aws_xml_text(&code, h->body, "Code");
		aws_xml_text(&text, h->body, "Message");
	} else if (h->status == 404) { /* HEAD: there is no body to say more */
		buf_adds(&code, "NoSuchKey");
	}
	bucket_answer_fail(a, h->status, code.n && !code.err ? buf_cstr(&code) : status, "%s",
			   text.n ? buf_cstr(&text) : "null");
	if (!a->request_id[0]) {
		buf_cut(&text, 0);
		aws_xml_text(&text, h->body, "RequestId");
		(void)snprintf(a->request_id, sizeof(a->request_id), "%s", buf_cstr(&text));
	}
	bucket_answer_ids(a);
	buf_clear(&code);
	buf_clear(&text);
}

static int64_t number_of(struct bytes xml, const char *name)
{
	struct buf text = BUF_INIT(32);
	int64_t n = 0;
	aws_xml_text(&text, xml, name);
	for (const char *p = buf_cstr(&text); *p >= '0' && *p <= '9' && n < INT64_MAX / 10 - 1; p++)
		n = n * 10 + (*p - '0');
	buf_clear(&text);
	return n;
}

/* Keys come percent-encoded, '+' for a blank, when encoding-type=url was understood. */
static bool take_entry(struct bucket_answer *a, struct bytes xml, bool encoded)
{
	struct buf text = BUF_INIT((size_t)4 * BUCKET_KEY_MAX), key = BUF_INIT(text.max);
	aws_xml_text(&text, xml, "Key");
	if (encoded)
		percent_decode(&key, buf_bytes(&text), true);
	struct bucket_entry *e = bucket_answer_add(a, buf_bytes(encoded ? &key : &text));
	buf_clear(&key);
	if (e) {
		e->size = number_of(xml, "Size");
		buf_cut(&text, 0);
		aws_xml_text(&text, xml, "ETag");
		(void)snprintf(e->etag, sizeof(e->etag), "%s", buf_cstr(&text));
		buf_cut(&text, 0);
		aws_xml_text(&text, xml, "StorageClass");
		(void)snprintf(e->storage_class, sizeof(e->storage_class), "%s",
			       text.n ? buf_cstr(&text) : "STANDARD");
		buf_cut(&text, 0);
		aws_xml_text(&text, xml, "LastModified");
		if (iso8601_parse(&e->modified_ms, buf_bytes(&text)) != 0)
			e->modified_ms = 0;
	}
	buf_clear(&text);
	return e != NULL;
}

/* One page of a listing. @return whether another one is to be asked for */
static bool take_page(struct bucket_s3_call *c, struct bytes xml)
{
	struct buf text = BUF_INIT(16);
	struct bytes rest = xml, one;
	aws_xml_text(&text, xml, "EncodingType");
	bool encoded = strcmp(buf_cstr(&text), "url") == 0;
	size_t before = c->a->n_entries;
	while (aws_xml_next(&rest, "Contents", &one)) {
		if (!take_entry(c->a, one, encoded)) {
			bucket_answer_fail(c->a, 0, "SdkClient", "out of memory");
			buf_clear(&text);
			return false;
		}
	}
	buf_cut(&text, 0);
	aws_xml_text(&text, xml, "IsTruncated");
	bool more = strcmp(buf_cstr(&text), "true") == 0;
	buf_clear(&text);
	buf_clear(&c->token);
	aws_xml_text(&c->token, xml, "NextContinuationToken");
	bool full = c->q->max_keys > 0 && (int64_t)c->a->n_entries >= c->q->max_keys;
	c->a->truncated = more && full;
	return more && !full && c->token.n > 0 && c->a->n_entries > before;
}

static void take_object(struct bucket_answer *a, const struct http_answer *h, enum bucket_op op)
{
	const char *modified = http_header_get(h->headers, h->n_headers, "Last-Modified");
	const char *length = http_header_get(h->headers, h->n_headers, "Content-Length");
	take_header(a->etag, sizeof(a->etag), h, "ETag");
	take_header(a->content_type, sizeof(a->content_type), h, "Content-Type");
	if (!modified || http_date_parse(&a->modified_ms, modified) != 0)
		a->modified_ms = 0;
	a->size = (int64_t)h->body.n;
	if (op == BUCKET_HEAD && length) {
		a->size = 0;
		for (; *length >= '0' && *length <= '9' && a->size < INT64_MAX / 10 - 1; length++)
			a->size = a->size * 10 + (*length - '0');
	}
	if (op == BUCKET_GET)
		buf_add(&a->body, h->body.p, h->body.n);
}

/* ---- another attempt ---- */

static void end(struct bucket_s3_call *c)
{
	buf_clear(&c->token);
	c->done(c->arg); /* may free c */
}

static void on_again(void *arg)
{
	struct bucket_s3_call *c = arg;
	struct err why;
	c->timer = NULL;
	if (send(c, &why) == 0)
		return;
	bucket_answer_fail(c->a, 0, "SdkClient", "%s", why.message);
	end(c); /* may free c */
}

/* @return whether the request will be sent again */
static bool try_again(struct bucket_s3_call *c, enum retry_class why)
{
	const struct host_api *api = c->s3->upstream.api;
	int64_t pause_ms = upstream_pause(&c->s3->upstream, &c->tries, why);
	if (pause_ms >= 0)
		c->timer = api->timer_start(api->host, pause_ms, on_again, c);
	return pause_ms >= 0;
}

static void on_answer(void *arg, const struct http_answer *h)
{
	struct bucket_s3_call *c = arg;
	struct bucket_answer *a = c->a;
	struct err why;
	bool more = false;
	c->transfer = NULL;
	if (try_again(c, upstream_judge(h)))
		return;
	a->status = h->status;
	a->attempts = c->tries.attempts;
	take_header(a->request_id, sizeof(a->request_id), h, "x-amz-request-id");
	take_header(a->host_id, sizeof(a->host_id), h, "x-amz-id-2");
	if (h->err.code)
		bucket_answer_fail(a, 0, "SdkClient", "Unable to execute HTTP request: %s",
				   h->err.message);
	else if (h->status < 200 || h->status > 299)
		take_error(a, h);
	else if (c->q->op == BUCKET_LIST)
		more = take_page(c, h->body);
	else
		take_object(a, h, c->q->op);
	if (!a->code[0])
		retry_succeeded(&c->s3->upstream.quota, c->tries.cost);
	c->tries = (struct upstream_tries){ 0 };
	if (more && send(c, &why) == 0)
		return;
	if (more)
		bucket_answer_fail(a, 0, "SdkClient", "%s", why.message);
	end(c); /* may free c */
}

/* ---- start and stop ---- */

static void on_late(void *arg)
{
	struct bucket_s3_call *c = arg;
	c->timer = NULL;
	end(c); /* may free c */
}

void bucket_s3_start(struct bucket_s3_call *c, struct bucket_s3 *s, const struct bucket_request *q,
		     struct bucket_answer *a)
{
	struct err why;
	c->s3 = s;
	c->q = q;
	c->a = a;
	c->token = BUF_INIT(TOKEN_MAX);
	c->tries = (struct upstream_tries){ 0 };
	bool fine = bucket_request_check(q, a);
	if (fine && send(c, &why) == 0)
		return;
	if (fine)
		bucket_answer_fail(a, 0, "SdkClient", "%s", why.message);
	c->timer = s->upstream.api->timer_start(s->upstream.api->host, 0, on_late, c);
}

void bucket_s3_stop(struct bucket_s3_call *c)
{
	const struct host_api *api = c->s3->upstream.api;
	if (c->transfer)
		api->http_stop(api->host, c->transfer);
	if (c->timer)
		api->timer_stop(api->host, c->timer);
	c->transfer = NULL;
	c->timer = NULL;
	buf_clear(&c->token);
}
