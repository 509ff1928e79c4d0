#include "local/core/doc.h"

#include <stdlib.h>

#include "local/core/mem.h"

/* A value within a template, each as deep as may come in, and a list or two around them. */
enum { WRAPPED_DEPTH_MAX = 2 * JSON_DEPTH_MAX + 8 };

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
		d->tree =
		    json_parse_within((struct bytes){ d->text, d->n }, WRAPPED_DEPTH_MAX, NULL);
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

static bool tree_deeper(const cJSON *v, int most)
{
	if (!cJSON_IsArray(v) && !cJSON_IsObject(v))
		return false;
	bool deeper = most == 0;
	for (const cJSON *m = v->child; m && !deeper; m = m->next)
		deeper = tree_deeper(m, most - 1);
	return deeper;
}

static bool text_deeper(struct bytes text, int most)
{
	bool quoted = false;
	int depth = 0;
	for (size_t i = 0; i < text.n && depth <= most; i++) {
		char c = text.p[i];
		if (c == '\\')
			i++; /* within quotes: valid JSON has it nowhere else */
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{'))
			depth++;
		else if (!quoted && (c == ']' || c == '}'))
			depth--;
	}
	return depth > most;
}

bool doc_too_deep(const struct doc *d)
{
	if (d->tree)
		return tree_deeper(d->tree, JSON_DEPTH_MAX);
	return text_deeper((struct bytes){ d->text, d->n }, JSON_DEPTH_MAX);
}
