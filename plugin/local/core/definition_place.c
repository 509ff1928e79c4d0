#include "local/core/definition_place.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "local/core/mem.h"

static void print_place(struct buf *out, const struct place *at)
{
	if (!at)
		return;
	print_place(out, at->up);
	if (at->name)
		buf_addf(out, "/%s", at->name);
	else
		buf_addf(out, "[%d]", at->index);
}

static int append(struct diagnostics *out, struct diagnostic found)
{
	out->list = mem_room(out->list, out->n, &out->cap, sizeof(*out->list));
	out->list[out->n++] = found;
	return -ERR_INVALID;
}

static int add(struct diagnostics *out, const struct place *at, struct diagnostic found)
{
	struct buf where = BUF_INIT(512);
	print_place(&where, at);
	found.location = mem_str(where.n ? buf_cstr(&where) : "/");
	buf_clear(&where);
	return append(out, found);
}

int place_bad(struct diagnostics *out, const struct place *at, const char *code, const char *fmt,
	      ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(out, at, (struct diagnostic){ .code = code, .message = mem_str(text) });
}

int place_refused(struct diagnostics *out, const struct place *at, const char *code,
		  const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(out, at,
		   (struct diagnostic){ .code = code, .message = mem_str(text), .harmless = true });
}

int place_not_run(struct diagnostics *out, const struct place *at, const char *what)
{
	return add(out, at,
		   (struct diagnostic){
		       .code = "NOT_RUN_HERE", .message = mem_str(what), .not_run = true });
}

int place_nowhere(struct diagnostics *out, const char *code, const char *text)
{
	return append(
	    out, (struct diagnostic){ .code = code, .message = mem_str(text), .harmless = true });
}

void diagnostics_clear(struct diagnostics *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->list[i].message);
		free(d->list[i].location);
	}
	free(d->list);
	*d = (struct diagnostics){ 0 };
}
