#include "local/core/csv.h"

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

static void take(struct bytes *text)
{
	text->p++;
	text->n--;
}

/* The next cell, without its quotes. */
static void read_cell(struct bytes *text, char between, struct buf *cell)
{
	bool quoted = text->n > 0 && text->p[0] == '"';
	if (quoted)
		take(text);
	while (text->n > 0) {
		char c = text->p[0];
		if (quoted && c == '"' && !(text->n > 1 && text->p[1] == '"')) {
			quoted = false;
			take(text);
			continue;
		}
		if (!quoted && (c == between || c == '\n' || c == '\r'))
			return;
		if (quoted && c == '"')
			take(text); /* the first of two */
		buf_add(cell, text->p, 1);
		take(text);
	}
}

/* The next row as an array of strings, or NULL at the end. Empty lines are skipped. */
static cJSON *read_row(struct bytes *text, char between)
{
	while (text->n > 0 && (text->p[0] == '\n' || text->p[0] == '\r'))
		take(text);
	if (text->n == 0)
		return NULL;
	cJSON *row = cJSON_CreateArray();
	for (;;) {
		struct buf cell = MEM_BUF;
		read_cell(text, between, &cell);
		cJSON *v = cJSON_CreateString(buf_cstr(&cell));
		INVARIANT(row && v && cJSON_AddItemToArray(row, v));
		buf_clear(&cell);
		if (text->n == 0 || text->p[0] != between)
			return row;
		take(text);
	}
}

static bool has_duplicates(const cJSON *header)
{
	for (const cJSON *a = header->child; a; a = a->next)
		for (const cJSON *b = a->next; b; b = b->next)
			if (strcmp(a->valuestring, b->valuestring) == 0)
				return true;
	return false;
}

static cJSON *to_object(const cJSON *header, const cJSON *row)
{
	cJSON *o = cJSON_CreateObject();
	const cJSON *cell = row->child;
	for (const cJSON *name = header->child; name; name = name->next) {
		INVARIANT(o && cJSON_AddStringToObject(o, name->valuestring,
						       cell ? cell->valuestring : ""));
		cell = cell ? cell->next : NULL;
	}
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

int csv_parse(const struct csv_form *form, struct bytes text, cJSON **out, struct err *err)
{
	cJSON *first = form->header ? NULL : read_row(&text, form->between);
	const cJSON *header = form->header ? form->header : first;
	cJSON *row;
	if (!header || has_duplicates(header)) {
		cJSON_Delete(first);
		return fault(err, "States.ItemReaderFailed",
			     header ? "CSV headers cannot contain duplicates."
				    : "CSV headers are missing.");
	}
	*out = cJSON_CreateArray();
	while ((row = read_row(&text, form->between)) != NULL) {
		INVARIANT(*out && cJSON_AddItemToArray(*out, to_object(header, row)));
		cJSON_Delete(row);
	}
	cJSON_Delete(first);
	return 0;
}
