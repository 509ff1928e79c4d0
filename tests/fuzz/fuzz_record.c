/*
 * fuzz_record.c - any bytes as a line of the audit log, its sum put right so that the reader goes
 * on. Whatever is accepted can be printed, and shows a terminal nothing but text.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/intents.h"
#include "audit/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_is_text(const struct buf *b)
{
	for (size_t i = 0; i < b->n; i++) {
		unsigned char c = (unsigned char)b->p[i];
		INVARIANT((c >= 0x20 && c != 0x7f) || c == '\n');
	}
}

static void add_sum(struct buf *line)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	INVARIANT(sha256(digest, buf_bytes(line)) == 0);
	hex_lower(hex, digest, sizeof(digest));
	buf_addf(line, ",\"sum\":\"%.*s\"}", RECORD_SUM_HEX, hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;
	struct buf line = BUF_INIT(RECORD_LINE_MAX), text = BUF_INIT(PRINT_MAX);
	struct intents in = INTENTS_INIT(true);
	buf_add(&line, data, size);
	add_sum(&line);
	if (record_parse(&r, buf_bytes(&line), NULL) == 0) {
		print_line(&text, "20261121T225103042Z-1-9f3c01ab.jsonl", &r);
		print_block(&text, "x", &r);
		check_is_text(&text);
		int rc = intents_follow(&in, &r, NULL);
		INVARIANT(rc == 0 || rc == -ERR_INVALID);
		record_clear(&r);
	}
	intents_clear(&in);
	buf_clear(&text);
	buf_clear(&line);
	return 0;
}
