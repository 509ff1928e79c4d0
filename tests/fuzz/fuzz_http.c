/*
 * fuzz_http.c - the server's way from bytes to requests, on any input.
 *
 * The first byte says in what pieces the rest is fed. However it is cut, the same requests must be
 * found and the same refusal made, and what is handed over keeps the promises of base/http.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_forwarded.h"
#include "net/http_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BODY = 4096 };

/* Through a proxy: an address comes out that is written and read back alike. */
static void note_client(struct buf *log, const struct http_received *q)
{
	struct net_block trusted[2];
	struct net_address peer = { .family = NET_UNIX }, client, again;
	char text[NET_ADDRESS_SIZE];
	bool ok = net_block_parse(&trusted[0], BYTES_LIT("unix")) &&
		  net_block_parse(&trusted[1], BYTES_LIT("10.0.0.0/8"));
	INVARIANT(ok);
	client =
	    http_forwarded_for(&peer, &(struct net_blocks){ trusted, 2 }, q->headers, q->n_headers);
	net_address_text(&client, text);
	ok = client.family == NET_UNIX || (net_address_parse(&again, bytes_str(text)) &&
					   memcmp(&again, &client, sizeof(again)) == 0);
	INVARIANT(ok);
	buf_addf(log, "from %s\n", text);
}

static void note_request(struct buf *log, const struct http_received *q)
{
	buf_addf(log, "%s %s?%s\n", q->method, q->path, q->query);
	INVARIANT(q->path[0] == '/' || strcmp(q->path, "*") == 0);
	for (size_t i = 0; i < q->n_headers; i++) {
		INVARIANT(http_is_token(bytes_str(q->headers[i].name)));
		INVARIANT(http_is_value(bytes_str(q->headers[i].value)));
		buf_addf(log, "%s: %s\n", q->headers[i].name, q->headers[i].value);
	}
	note_client(log, q);
	INVARIANT(q->body.n <= MAX_BODY);
	buf_addf(log, "%zu ", q->body.n);
	buf_add(log, q->body.p, q->body.n);
}

/* All requests in text, fed in pieces of that size, as one text. */
static void read_all(struct buf *log, struct bytes text, size_t piece)
{
	struct http_reader *r = calloc(1, sizeof(*r));
	INVARIANT(r != NULL);
	http_reader_init(r, MAX_BODY);
	enum http_read result = HTTP_READ_MORE;

	while (text.n > 0 && result != HTTP_READ_REFUSED) {
		size_t n = http_reader_feed(
		    r, (struct bytes){ text.p, text.n < piece ? text.n : piece }, &result);
		INVARIANT(n > 0 && n <= text.n);
		text = (struct bytes){ text.p + n, text.n - n };
		if (result == HTTP_READ_DONE) {
			note_request(log, &r->request);
			http_reader_next(r);
		}
	}
	if (result == HTTP_READ_REFUSED)
		buf_addf(log, "refused: %d %s", r->status, r->why);
	http_reader_clear(r);
	free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct bytes text = { (const char *)data + 1, size - 1 };
	struct buf whole = BUF_INIT(1 << 24), pieces = BUF_INIT(1 << 24);

	read_all(&whole, text, SIZE_MAX);
	read_all(&pieces, text, data[0] ? data[0] : 1);
	INVARIANT(whole.n == pieces.n);
	INVARIANT(whole.n == 0 || memcmp(whole.p, pieces.p, whole.n) == 0);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
