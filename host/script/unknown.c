#include "script/unknown.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/call.h"
#include "script/record.h"

enum { TEXT_MAX = 64 * 1024 };

static void add_quoted(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-.:/@%+=,";
	if (*s && s[strspn(s, plain)] == '\0') {
		buf_adds(out, s);
		return;
	}
	buf_adds(out, "'");
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_add(out, s, 1);
	}
	buf_adds(out, "'");
}

void unknown_tell(struct buf *out, const char *template, const cJSON *args, const cJSON *context)
{
	char name[64];
	for (const char *p = template; *p;) {
		const char *close = *p == '{' ? strchr(p, '}') : NULL;
		size_t n = close ? (size_t)(close - p - 1) : 0;
		const char *value = NULL;
		if (close && n < sizeof(name)) {
			memcpy(name, p + 1, n);
			name[n] = '\0';
			value = json_get_str(args, name);
			if (!value)
				value = json_get_str(context, name);
		}
		if (value) {
			add_quoted(out, value);
			p = close + 1;
		} else {
			buf_add(out, p++, 1);
		}
	}
}

/* Owned by the caller; "" when memory is out, so that the rest is still told. */
static char *text_of(struct buf *b)
{
	char *s = b->err || b->n == 0 ? NULL : b->p;
	if (!s)
		buf_clear(b);
	return s ? s : calloc(1, 1);
}

static char *copy(const char *s)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	buf_adds(&b, s ? s : "");
	return text_of(&b);
}

/* Room for one more. An unknown outcome must not be lost in silence: no memory is the end. */
static size_t grow(struct unknown_list *list)
{
	size_t n = list->n + 1;
	struct run_unknown *v = realloc(list->v, n * sizeof(*v));
	char *(*owned)[5] = realloc(list->owned, n * sizeof(*owned));
	INVARIANT(v && owned);
	list->v = v;
	list->owned = owned;
	list->n = n;
	return n - 1;
}

void unknown_add(struct unknown_list *list, const struct call *c)
{
	const struct operation *op = c->op->op;
	struct buf args = BUF_INIT(TEXT_MAX), tell = BUF_INIT(TEXT_MAX);
	struct buf where = BUF_INIT(TEXT_MAX);
	cJSON *shown = record_redacted(c->args, op->members, c->run->runs->committer);
	json_write(&args, shown);
	if (op->tell && op->context && c->args_text)
		op->context(c->op->state, c->host.args, &where);
	cJSON *context = where.n > 0 ? json_parse(buf_bytes(&where), NULL) : NULL;
	if (op->tell)
		unknown_tell(&tell, op->tell, c->args, context);
	cJSON_Delete(context);
	buf_clear(&where);

	size_t i = grow(list);
	char **s = list->owned[i];
	s[0] = copy(c->op->full_name);
	s[1] = text_of(&args);
	s[2] = copy(op->resource ? json_get_str(shown, op->resource) : "");
	s[3] = copy(c->token);
	s[4] = text_of(&tell);
	list->v[i] = (struct run_unknown){
		.operation = s[0], .args = s[1], .resource = s[2], .token = s[3], .tell = s[4]
	};
	cJSON_Delete(shown);
}

void unknown_clear(struct unknown_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (int k = 0; k < 5; k++)
			free(list->owned[i][k]);
	free(list->v);
	free((void *)list->owned);
	*list = (struct unknown_list){ 0 };
}
