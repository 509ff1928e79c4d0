#include "local/shell/store_batch.h"

#include <stdlib.h>

void batch_init(struct batch *b)
{
	*b = (struct batch){ .bytes = BUF_INIT(SIZE_MAX / 2) };
}

void batch_clear(struct batch *b)
{
	buf_clear(&b->bytes);
	free(b->rows);
	free(b->snapshot);
	batch_init(b);
}

void batch_erase(struct batch *b)
{
	b->n = 0;
	buf_cut(&b->bytes, 0);
	b->erase = true;
}

static size_t add_text(struct buf *bytes, const char *text)
{
	size_t at = bytes->n;
	buf_add(bytes, text, strlen(text) + 1);
	return at;
}

static int grow(struct batch *b)
{
	size_t cap = b->cap ? 2 * b->cap : 64;
	struct batch_row *rows = reallocarray(b->rows, cap, sizeof(*rows));
	if (!rows)
		return -ERR_NOMEM;
	b->rows = rows;
	b->cap = cap;
	return 0;
}

int batch_add(struct batch *b, const char *region, const struct engine_record *r)
{
	if (b->n == b->cap && grow(b) != 0)
		return -ERR_NOMEM;
	struct batch_row *row = &b->rows[b->n];
	row->region = add_text(&b->bytes, region);
	row->kind = add_text(&b->bytes, r->kind);
	row->key = add_text(&b->bytes, r->key);
	row->gone = !r->json.p;
	row->json = b->bytes.n;
	row->json_n = row->gone ? 0 : r->json.n;
	if (row->json_n)
		buf_add(&b->bytes, r->json.p, r->json.n);
	b->n += b->bytes.err == 0;
	return b->bytes.err;
}
