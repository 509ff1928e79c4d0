#include "local/core/csv.h"

#include <stdlib.h>

#include "local/core/fault.h"
#include "local/core/mem.h"

static char delimiter(const cJSON *config)
{
	static const struct {
		const char *name;
		char c;
	} all[] = { { "PIPE", '|' }, { "SEMICOLON", ';' }, { "SPACE", ' ' }, { "TAB", '\t' } };
	const char *name = json_get_str(config, "CSVDelimiter");
	for (size_t i = 0; name && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].c;
	return ',';
}

static void take(struct bytes *text, size_t n)
{
	*text = (struct bytes){ text->p + n, text->n - n };
}

/* How many bytes stand for themselves. */
static size_t plain(struct bytes text, bool quoted, char between)
{
	const char *quote = quoted && text.n ? memchr(text.p, '"', text.n) : NULL;
	size_t n = 0;
	if (quoted)
		return quote ? (size_t)(quote - text.p) : text.n;
	while (n < text.n && text.p[n] != between && text.p[n] != '\n' && text.p[n] != '\r')
		n++;
	return n;
}

/* The next cell, without its quotes. @return whether the row goes on behind it */
static bool read_cell(struct bytes *text, char between, struct buf *cell)
{
	bool quoted = text->n > 0 && text->p[0] == '"';
	buf_cut(cell, 0);
	take(text, quoted);
	for (;;) {
		size_t n = plain(*text, quoted, between);
		buf_add(cell, text->p, n);
		take(text, n);
		if (text->n == 0 || !quoted)
			break;
		quoted = text->n > 1 && text->p[1] == '"'; /* two stand for one */
		buf_add(cell, "\"", quoted);
		take(text, quoted ? 2 : 1);
	}
	bool more = text->n > 0 && text->p[0] == between;
	take(text, more);
	return more;
}

/* Move to the next row; empty lines are none. @return false: there is none */
static bool find_row(struct bytes *text)
{
	while (text->n > 0 && (text->p[0] == '\n' || text->p[0] == '\r'))
		take(text, 1);
	return text->n > 0;
}

/* The cells of the next row as an array of strings, or NULL at the end. */
static cJSON *read_names(struct bytes *text, char between)
{
	struct buf cell = MEM_BUF;
	bool more = find_row(text);
	cJSON *row = more ? cJSON_CreateArray() : NULL;
	while (more) {
		more = read_cell(text, between, &cell);
		cJSON *v = cJSON_CreateString(buf_cstr(&cell));
		INVARIANT(row && v && cJSON_AddItemToArray(row, v));
	}
	buf_clear(&cell);
	return row;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A file may have a million columns. */
static bool has_duplicates(const cJSON *header)
{
	size_t n = (size_t)cJSON_GetArraySize(header), at = 0;
	const char **names = mem_resize(NULL, n, sizeof(*names));
	bool found = false;
	for (const cJSON *name = header->child; name; name = name->next)
		names[at++] = name->valuestring;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n && !found; i++)
		found = strcmp(names[i - 1], names[i]) == 0;
	free(names);
	return found;
}

/* The next row as an object. */
static cJSON *read_item(struct bytes *text, const struct csv_form *form, const cJSON *header,
			struct buf *cell)
{
	cJSON *o = cJSON_CreateObject();
	bool more = true;
	for (const cJSON *name = header->child; name; name = name->next) {
		if (more)
			more = read_cell(text, form->between, cell);
		else
			buf_cut(cell, 0);
		INVARIANT(o && cJSON_AddStringToObject(o, name->valuestring, buf_cstr(cell)));
	}
	while (more)
		more = read_cell(text, form->between, cell);
	return o;
}

int csv_form_read(struct csv_form *out, const cJSON *config, struct err *err)
{
	const char *where = json_get_str(config, "CSVHeaderLocation");
	*out = (struct csv_form){ .between = delimiter(config) };
	if (!where || strcmp(where, "GIVEN") != 0)
		return 0;
	out->header = json_get(config, "CSVHeaders");
	bool fine = cJSON_IsArray(out->header) && out->header->child;
	for (const cJSON *name = fine ? out->header->child : NULL; name; name = name->next)
		fine = fine && cJSON_IsString(name);
	return fine ? 0 : fault(err, "States.ItemReaderFailed", "CSV headers are missing.");
}

int csv_parse(const struct csv_form *form, int64_t most, struct bytes text, cJSON **out,
	      struct err *err)
{
	cJSON *first = form->header ? NULL : read_names(&text, form->between);
	const cJSON *header = form->header ? form->header : first;
	struct buf cell = MEM_BUF;
	if (!header || has_duplicates(header)) {
		cJSON_Delete(first);
		return fault(err, "States.ItemReaderFailed",
			     header ? "CSV headers cannot contain duplicates."
				    : "CSV headers are missing.");
	}
	*out = cJSON_CreateArray();
	for (int64_t n = 0; (most == 0 || n < most) && find_row(&text); n++)
		INVARIANT(*out &&
			  cJSON_AddItemToArray(*out, read_item(&text, form, header, &cell)));
	buf_clear(&cell);
	cJSON_Delete(first);
	return 0;
}
