#include "local/core/doc.h"

#include <stdlib.h>

#include "local/core/mem.h"

static struct doc *doc_new(void)
{
	struct doc *d = mem_zero(sizeof(*d));
	d->refs = 1;
	return d;
}

struct doc *doc_of_text(struct bytes text)
{
	return doc_of_owned(mem_dup(text), text.n);
}

struct doc *doc_of_owned(char *text, size_t n)
{
	struct doc *d = doc_new();
	d->text = text;
	d->n = n;
	return d;
}

struct doc *doc_of_tree(cJSON *tree)
{
	INVARIANT(tree);
	struct doc *d = doc_new();
	d->tree = tree;
	return d;
}

struct doc *doc_ref(struct doc *d)
{
	if (d)
		d->refs++;
	return d;
}

void doc_unref(struct doc *d)
{
	if (!d || --d->refs > 0)
		return;
	free(d->text);
	cJSON_Delete(d->tree);
	free(d);
}

struct bytes doc_text(struct doc *d)
{
	if (!d->text) {
		struct buf b = MEM_BUF;
		json_write(&b, d->tree);
		d->text = mem_take(&b, &d->n);
	}
	return (struct bytes){ d->text, d->n };
}

const cJSON *doc_tree(struct doc *d)
{
	if (!d->tree) {
		d->tree = json_parse((struct bytes){ d->text, d->n }, NULL);
		INVARIANT(d->tree);
	}
	return d->tree;
}

void doc_slim(struct doc *d)
{
	(void)doc_text(d);
	cJSON_Delete(d->tree);
	d->tree = NULL;
}
