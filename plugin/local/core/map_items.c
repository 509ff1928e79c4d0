#include "local/core/map_items.h"

#include <stdlib.h>

#include "local/core/data.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/mem.h"

void map_items_free(struct map_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		doc_unref(items[i].input);
	free(items);
}

/* ---- batches ---- */

struct batcher {
	int64_t most_items, most_bytes; /* 0: no limit */
	struct doc *shared;             /* BatchInput, or NULL */
};

static int read_batcher(struct frame *f, struct doc *input, struct batcher *b, struct err *err)
{
	const cJSON *def = json_get(f->state->def, "ItemBatcher");
	const cJSON *shared = json_get(def, "BatchInput");
	int rc = data_positive(f, input, def, "MaxItemsPerBatch", &b->most_items, err);
	if (!rc)
		rc = data_positive(f, input, def, "MaxInputBytesPerBatch", &b->most_bytes, err);
	if (!rc && shared)
		rc = data_template(f, shared, input, NULL, &b->shared, err);
	return rc;
}

/* One child's input from n items. */
static struct doc *join(const struct batcher *b, const struct map_item *items, size_t n)
{
	struct buf text = MEM_BUF;
	size_t len;
	buf_adds(&text, "{\"Items\":[");
	for (size_t i = 0; i < n; i++) {
		struct bytes one = doc_text(items[i].input);
		buf_adds(&text, i ? "," : "");
		buf_add(&text, one.p, one.n);
	}
	buf_adds(&text, "]");
	if (b->shared) {
		struct bytes shared = doc_text(b->shared);
		buf_adds(&text, ",\"BatchInput\":");
		buf_add(&text, shared.p, shared.n);
	}
	buf_adds(&text, "}");
	char *owned = mem_take(&text, &len);
	return doc_of_owned(owned, len);
}

/* How many of the n items fit into one batch: at least one. */
static size_t fitting(const struct batcher *b, const struct map_item *items, size_t n)
{
	size_t used = strlen("{\"Items\":[]}");
	if (b->shared)
		used += strlen(",\"BatchInput\":") + doc_text(b->shared).n;
	size_t i = 0;
	for (; i < n && (b->most_items == 0 || (int64_t)i < b->most_items); i++) {
		used += doc_text(items[i].input).n + (i > 0);
		if (b->most_bytes > 0 && (int64_t)used > b->most_bytes && i > 0)
			break;
	}
	return i;
}

/* Replace *items by batches of them. */
static int batch(const struct batcher *b, struct map_item **items, size_t *n, struct err *err)
{
	bool deep = false;
	struct map_item *batches = mem_zero((*n + 1) * sizeof(*batches));
	size_t made = 0;
	for (size_t i = 0; i < *n; made++) {
		size_t count = fitting(b, *items + i, *n - i);
		batches[made].input = join(b, *items + i, count);
		batches[made].count = (uint32_t)count;
		deep = deep || doc_too_deep(batches[made].input);
		i += count;
	}
	map_items_free(*items, *n);
	*items = batches;
	*n = made;
	return !deep ? 0
		     : fault(err, "States.DataLimitExceeded",
			     "A batch is nested more than %d levels deep.", JSON_DEPTH_MAX);
}

/* ---- items ---- */

static int select_items(struct frame *f, struct doc *input, const cJSON *list, const char *source,
			struct map_item *items, struct err *err)
{
	struct data_items d;
	int rc = 0;
	size_t i = 0;
	data_items_open(&d, f, input, f->state->parameters, source);
	d.pairs = cJSON_IsObject(list);
	for (const cJSON *v = list->child; v && !rc; v = v->next, i++) {
		rc = data_items_eval(&d, (int64_t)i, v, &items[i].input, err);
		if (!rc)
			doc_slim(items[i].input);
		items[i].count = 1;
	}
	data_items_close(&d);
	return rc;
}

int map_items_make(struct frame *f, const cJSON *list, const char *source, struct map_item **out,
		   size_t *n, struct err *err)
{
	struct doc *input;
	struct batcher b = { 0 };
	int rc = data_input(f, &input, err);
	if (rc)
		return rc;
	*n = (size_t)cJSON_GetArraySize(list);
	*out = mem_zero((*n + 1) * sizeof(**out));
	rc = select_items(f, input, list, source, *out, err);
	if (!rc && json_get(f->state->def, "ItemBatcher")) {
		rc = read_batcher(f, input, &b, err);
		if (!rc)
			rc = batch(&b, out, n, err);
		doc_unref(b.shared);
	}
	doc_unref(input);
	if (rc)
		map_items_free(*out, *n);
	return rc;
}
