#include "local/core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *mem_zero(size_t n)
{
	void *p = calloc(1, n ? n : 1);
	INVARIANT(p);
	return p;
}

void *mem_resize(void *p, size_t count, size_t size)
{
	void *q = reallocarray(p, count ? count : 1, size);
	INVARIANT(q);
	return q;
}

void *mem_room(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : 4;
	return mem_resize(p, *cap, size);
}

char *mem_dup(struct bytes b)
{
	char *p = mem_resize(NULL, b.n + 1, 1);
	if (b.n > 0)
		memcpy(p, b.p, b.n);
	p[b.n] = '\0';
	return p;
}

char *mem_str(const char *s)
{
	return s ? mem_dup(bytes_str(s)) : NULL;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	va_start(ap, fmt);
	int n = vasprintf(&p, fmt, ap);
	va_end(ap);
	INVARIANT(n >= 0 && p);
	return p;
}

char *mem_take(struct buf *b, size_t *n)
{
	INVARIANT(!b->err);
	if (n)
		*n = b->n;
	char *p = b->p ? b->p : mem_dup((struct bytes){ NULL, 0 });
	*b = BUF_INIT(b->max);
	return p;
}
