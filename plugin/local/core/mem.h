/*
 * mem.h - memory for the engine: never NULL.
 *
 * The engine's state is one web of executions, frames and Map Runs; half a transition cannot be
 * undone. So when memory is exhausted the process stops (invariant_failed) and the store, which
 * holds all that was acknowledged, brings the engine back. Input that could ask for absurd amounts
 * is limited before it gets here (definition, payload and request sizes).
 */
#ifndef LOCAL_MEM_H
#define LOCAL_MEM_H

#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/compiler.h"
#include "base/json.h"

void *mem_zero(size_t n);                             /* n bytes of zero; free() */
void *mem_resize(void *p, size_t count, size_t size); /* as realloc; keeps the old bytes */
char *mem_dup(struct bytes b);                        /* NUL-terminated copy */
char *mem_str(const char *s);                         /* copy; NULL gives NULL */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *mem_take(struct buf *b, size_t *n); /* the bytes of b, owned by the caller; b is empty */

/* Make room for one more element of an array: *cap doubles when n reaches it. */
void *mem_room(void *p, size_t n, size_t *cap, size_t size);

/* A buffer without a practical ceiling, for data whose size was checked on its way in. */
#define MEM_BUF BUF_INIT((size_t)1 << 40)

#endif
