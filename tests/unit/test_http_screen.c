/* The byte-level screen, and the reader behind it: what they refuse, with which status, and why. */
#include "tap.h"

#include "net/http_reader.h"

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

enum { MAX_BODY = 1000 };

/* Feed text in pieces; @return the final result, and how many bytes the request took. */
static enum http_read feed(struct http_reader *r, struct bytes text, size_t piece, size_t *taken)
{
	enum http_read result = HTTP_READ_MORE;
	*taken = 0;
	while (*taken < text.n && result != HTTP_READ_DONE && result != HTTP_READ_REFUSED) {
		size_t n = text.n - *taken < piece ? text.n - *taken : piece;
		*taken += http_reader_feed(r, (struct bytes){ text.p + *taken, n }, &result);
	}
	return result;
}

/* The status of the refusal; 200 for a whole request, 0 when more is needed. */
static int judge(struct bytes text, size_t piece, char why[128])
{
	struct http_reader r = { 0 };
	size_t taken;
	http_reader_init(&r, MAX_BODY);
	enum http_read result = feed(&r, text, piece, &taken);
	int status = result == HTTP_READ_DONE ? 200 : 0;
	(void)snprintf(why, 128, "%s", result == HTTP_READ_REFUSED ? r.why : "");
	if (result == HTTP_READ_REFUSED)
		status = r.status;
	http_reader_clear(&r);
	return status;
}

static void expect(struct bytes text, int status, const char *why)
{
	static const size_t pieces[] = { 1, 7, 1 << 20 };
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char got[128];
		int was = judge(text, pieces[i], got);
		if (!CHECK(was == status && strstr(got, why)))
			TAP_NOTE("%.70s\n# got %d '%s', want %d '%s'", text.p, was, got, status,
				 why);
	}
}

struct sample {
	struct bytes text;
	int status;
	const char *why;
};

#define SAMPLE(text, status, why) \
	{ \
		{ (text), sizeof(text) - 1 }, (status), (why) \
	}

static void expect_all(const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect(samples[i].text, samples[i].status, samples[i].why);
}

#define EXPECT_ALL(samples) expect_all(samples, sizeof(samples) / sizeof((samples)[0]))

TEST(what_is_well_formed_passes)
{
	static const struct sample samples[] = {
		SAMPLE(GET "\r\n", 200, ""),
		SAMPLE(GET "Empty:\r\nBlank:  \r\nTab:\ta\tb\r\n\r\n", 200, ""),
		SAMPLE(GET "A: \xc3\xa9\x80\r\n\r\n", 200, ""),
		SAMPLE("GET / HTTP/1.0\r\n\r\n", 200, ""),
		SAMPLE("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 200, ""),
		SAMPLE("GET http://a/b?c HTTP/1.1\r\n" HOST "\r\n", 200, ""),
		SAMPLE("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200, ""),
		SAMPLE(GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200, ""),
		SAMPLE(POST "Content-Length: 0\r\n\r\n", 200, ""),
		SAMPLE(POST "Content-Length: 3\r\n\r\nabc", 200, ""),
		SAMPLE(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na", 200, ""),
		SAMPLE(CHUNKED "0\r\n\r\n", 200, ""),
		SAMPLE(CHUNKED "3\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\n", 200, ""),
		SAMPLE(POST "Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\na", 200,
		       ""),
	};
	EXPECT_ALL(samples);
}

TEST(what_is_cut_short_is_waited_for)
{
	static const struct sample samples[] = {
		SAMPLE("GET / HT", 0, ""),
		SAMPLE(GET, 0, ""),
		SAMPLE(GET "\r", 0, ""),
		SAMPLE(POST "Content-Length: 3\r\n\r\nab", 0, ""),
		SAMPLE(CHUNKED "3\r\nabc\r\n0\r\n\r", 0, ""),
	};
	EXPECT_ALL(samples);
}

TEST(lines_are_strict)
{
	static const struct sample samples[] = {
		SAMPLE("GET / HTTP/1.1\nHost: a\n\n", 400, "malformed request line"),
		SAMPLE(GET "A: b\nC: d\r\n\r\n", 400, "line feed without"),
		SAMPLE(GET "A: b\rC: d\r\n\r\n", 400, "carriage return without"),
		SAMPLE(GET "A: b\r\r\n\r\n", 400, "carriage return without"),
		SAMPLE(GET "\n", 400, "malformed header name"),
		SAMPLE(GET "A: b\r\n c\r\n\r\n", 400, "folded"),
		SAMPLE(GET "A: b\r\n\tc\r\n\r\n", 400, "folded"),
		SAMPLE("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded"),
		SAMPLE(GET "A: b\0c\r\n\r\n", 400, "control character"),
		SAMPLE(GET "A\0: b\r\n\r\n", 400, "malformed header name"),
		SAMPLE(GET "A: \x7f\r\n\r\n", 400, "control character"),
		SAMPLE(GET "A : b\r\n\r\n", 400, "blank before the colon"),
		SAMPLE(GET "A\t: b\r\n\r\n", 400, "blank before the colon"),
		SAMPLE(GET ": b\r\n\r\n", 400, "without a name"),
		SAMPLE(GET "A\r\n\r\n", 400, "malformed header name"),
		SAMPLE(GET "A(b): c\r\n\r\n", 400, "malformed header name"),
		SAMPLE(GET "\xc3\xa9: c\r\n\r\n", 400, "malformed header name"),
	};
	EXPECT_ALL(samples);
}

TEST(the_request_line_is_strict)
{
	static const struct sample samples[] = {
		SAMPLE("\r\n" GET "\r\n", 400, "malformed request line"),
		SAMPLE(" GET / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET  / HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET /  HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET / HTTP/1.1 \r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET /\r\n\r\n", 400, "malformed request line"),
		SAMPLE("GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400, "malformed request line"),
		SAMPLE("\x16\x03\x01\x02", 400, "malformed request line"),
		SAMPLE("GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400, "target"),
		SAMPLE("GET * HTTP/1.1\r\n" HOST "\r\n", 400, ""),
		SAMPLE("GET a HTTP/1.1\r\n" HOST "\r\n", 400, ""),
		SAMPLE("BREW / HTTP/1.1\r\n" HOST "\r\n", 501, "unknown method"),
		SAMPLE("get / HTTP/1.1\r\n" HOST "\r\n", 501, "unknown method"),
		SAMPLE("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501, "CONNECT"),
		SAMPLE("GET / HTTP/2.0\r\n" HOST "\r\n", 505, "version"),
		SAMPLE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501, "method"),
		SAMPLE("GET / HTTP/0.9\r\n" HOST "\r\n", 505, "version"),
		SAMPLE("GET / FTP/1.1\r\n" HOST "\r\n", 400, "malformed"),
	};
	EXPECT_ALL(samples);
}

TEST(framing_is_unambiguous)
{
	static const struct sample samples[] = {
		SAMPLE(POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400,
		       "Content-Length"),
		SAMPLE(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400,
		       "Content-Length"),
		SAMPLE(POST "Content-Length: 1, 1\r\n\r\na", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: +3\r\n\r\nabc", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: -1\r\n\r\n", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: 0x1\r\n\r\na", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: 1 1\r\n\r\na", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: \r\n\r\n", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: 99999999999999999999\r\n\r\n", 400, "Content-Length"),
		SAMPLE(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
		       "Transfer-Encoding"),
		SAMPLE(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400,
		       "Transfer-Encoding"),
		SAMPLE(POST "Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n\r\n", 400,
		       "Transfer-Encoding"),
		SAMPLE(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "not chunked"),
		SAMPLE(POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501, "not chunked"),
		SAMPLE(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501,
		       "not chunked"),
		SAMPLE(POST "Transfer-Encoding: identity\r\n\r\n", 501, "not chunked"),
		SAMPLE(POST "Transfer-Encoding: \x0b"
			    "chunked\r\n\r\n",
		       400, "control character"),
		SAMPLE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"),
	};
	EXPECT_ALL(samples);
}

TEST(chunks_are_strict)
{
	static const struct sample samples[] = {
		SAMPLE(CHUNKED "\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED " 1\r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "1 \r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "1;a=b\r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "0x1\r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "-1\r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "g\r\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "1\na\r\n", 400, "chunk size"),
		SAMPLE(CHUNKED "000000001\r\na\r\n", 400, "8 digits"),
		SAMPLE(CHUNKED "1\r\nab\r\n", 400, "malformed chunk"),
		SAMPLE(CHUNKED "1\r\na\n0\r\n\r\n", 400, "malformed chunk"),
		SAMPLE(CHUNKED "1\rXa\r\n", 400, "malformed chunk"),
		SAMPLE(CHUNKED "0\r\nA: b\r\n\r\n", 400, "trailer"),
		SAMPLE(CHUNKED "0\r\n\n", 400, "trailer"),
		SAMPLE(CHUNKED "3e9\r\n", 413, "too large"),
		SAMPLE(CHUNKED "1\r\na\r\n3E8\r\n", 413, "too large"),
		SAMPLE(CHUNKED "ffffffff\r\n", 413, "too large"),
		SAMPLE(POST "Content-Length: 1001\r\n\r\n", 413, "too large"),
		SAMPLE(POST "Content-Length: 5000000000\r\n\r\n", 413, "too large"),
	};
	EXPECT_ALL(samples);
}

TEST(host_is_there_once_and_looks_like_one)
{
	static const struct sample samples[] = {
		SAMPLE("GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
		SAMPLE(GET HOST "\r\n", 400, "more than one Host"),
		SAMPLE("GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, "more than one Host"),
		SAMPLE("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed Host"),
		SAMPLE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host"),
		SAMPLE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "malformed Host"),
		SAMPLE("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "malformed Host"),
		SAMPLE(GET "Expect: 200-ok\r\n\r\n", 417, "expectation"),
	};
	EXPECT_ALL(samples);
}

TEST(the_screen_and_base_http_know_the_same_characters)
{
	for (int c = 0; c < 256; c++) {
		char text[] = "GET / HTTP/1.0\r\nx?: y?\r\n\r\n", why[128];
		char *name = strchr(text, 'x') + 1, *value = strchr(text, 'y') + 1;
		struct bytes all = { text, sizeof(text) - 1 };
		*value = 'y';
		*name = (char)c;
		bool token = c == ':' || http_is_token((struct bytes){ name, 1 });
		CHECK_INT(judge(all, 1000, why), token ? 200 : 400);
		*name = 'x';
		*value = (char)c;
		CHECK_INT(judge(all, 1000, why),
			  http_is_value((struct bytes){ value, 1 }) ? 200 : 400);
	}
}

static void fill(struct buf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_adds(b, "a");
}

TEST(lines_blocks_and_counts_have_ceilings)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_adds(&b, "GET /");
	fill(&b, HTTP_LINE_MAX - sizeof("GET / HTTP/1.1\r\n") + 1);
	buf_adds(&b, " HTTP/1.1\r\n" HOST "\r\n");
	expect(buf_bytes(&b), 200, "");
	buf_clear(&b);
	buf_adds(&b, "GET /");
	fill(&b, HTTP_LINE_MAX);
	expect(buf_bytes(&b), 414, "8 KiB");

	buf_clear(&b);
	buf_adds(&b, GET "A: ");
	fill(&b, HTTP_LINE_MAX - sizeof("A: \r\n") + 1);
	buf_adds(&b, "\r\n\r\n");
	expect(buf_bytes(&b), 200, "");
	buf_clear(&b);
	buf_adds(&b, GET "A: ");
	fill(&b, HTTP_LINE_MAX);
	expect(buf_bytes(&b), 431, "8 KiB");

	buf_clear(&b);
	buf_adds(&b, GET);
	for (int i = 0; i < HTTP_HEADERS_MAX - 1; i++)
		buf_adds(&b, "A: b\r\n");
	buf_adds(&b, "\r\n");
	expect(buf_bytes(&b), 200, "");
	buf_cut(&b, b.n - 2);
	buf_adds(&b, "A: b\r\n");
	expect(buf_bytes(&b), 431, "100 headers");

	buf_clear(&b);
	buf_adds(&b, GET);
	for (int i = 0; i < 9; i++) {
		buf_adds(&b, "A: ");
		fill(&b, HTTP_LINE_MAX - 64);
		buf_adds(&b, "\r\n");
	}
	expect(buf_bytes(&b), 431, "64 KiB");
	buf_clear(&b);
}

TEST(what_was_read_is_handed_over)
{
	static const char text[] = "POST /a/b?c=d?e HTTP/1.1\r\nHost: x\r\nEmpty: \r\n"
				   "Two:  words here\t \r\nTransfer-Encoding: Chunked\r\n\r\n"
				   "2\r\na\0\r\n1\r\nb\r\n0\r\n\r\nGET /next";
	struct http_reader r = { 0 };
	size_t taken;
	http_reader_init(&r, MAX_BODY);

	CHECK_INT(feed(&r, (struct bytes){ text, sizeof(text) - 1 }, 5, &taken), HTTP_READ_DONE);

	const struct http_received *q = &r.request;
	CHECK_STR(q->method, "POST");
	CHECK_STR(q->path, "/a/b");
	CHECK_STR(q->query, "c=d?e");
	CHECK_INT(q->n_headers, 4);
	CHECK_STR(http_header_get(q->headers, q->n_headers, "empty"), "");
	CHECK_STR(http_header_get(q->headers, q->n_headers, "TWO"), "words here");
	CHECK(bytes_eq(q->body, (struct bytes){ "a\0b", 3 }));
	CHECK(r.keep_alive && !r.old && !r.expect_continue && !r.head_method);
	CHECK_STR(text + taken, "GET /next");

	http_reader_next(&r);
	CHECK_INT(
	    feed(&r, BYTES_LIT("HEAD http://a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		 1000, &taken),
	    HTTP_READ_DONE);
	CHECK_STR(q->path, "/");
	CHECK_STR(q->query, "b");
	CHECK_INT(q->body.n, 0);
	CHECK(!r.keep_alive && r.head_method);
	http_reader_clear(&r);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(what_is_well_formed_passes),
				 TAP_CASE(what_is_cut_short_is_waited_for),
				 TAP_CASE(lines_are_strict), TAP_CASE(the_request_line_is_strict),
				 TAP_CASE(framing_is_unambiguous), TAP_CASE(chunks_are_strict),
				 TAP_CASE(host_is_there_once_and_looks_like_one),
				 TAP_CASE(the_screen_and_base_http_know_the_same_characters),
				 TAP_CASE(lines_blocks_and_counts_have_ceilings),
				 TAP_CASE(what_was_read_is_handed_over)));
}
