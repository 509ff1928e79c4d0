/*
 * jsonw.h - write JSON text member by member, as the service does.
 *
 * `name` is the member's name, or NULL for an element of an array or the whole text. Strings are
 * borrowed; a NULL string writes nothing at all, because the service leaves absent members out.
 * Failures stick in the buffer.
 */
#ifndef LOCAL_JSONW_H
#define LOCAL_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct jsonw {
	struct buf *out;
	bool more; /* the next member needs a comma before it */
};

void jsonw_open(struct jsonw *w, const char *name, char bracket); /* '{' or '[' */
void jsonw_close(struct jsonw *w, char bracket);
void jsonw_str(struct jsonw *w, const char *name, const char *value);
void jsonw_bytes(struct jsonw *w, const char *name, struct bytes value); /* .p NULL: nothing */
void jsonw_raw(struct jsonw *w, const char *name, struct bytes json);    /* already JSON */
void jsonw_int(struct jsonw *w, const char *name, int64_t value);
void jsonw_bool(struct jsonw *w, const char *name, bool value);

/* Seconds since the epoch in the notation of Java's Double.toString, as the service writes every
 * time: 1790218660927 ms is 1.790218660927E9. */
void jsonw_date(struct jsonw *w, const char *name, int64_t ms);

/* A double in the same notation: 0.0, 33.5, 1.0E10. */
void jsonw_double(struct jsonw *w, const char *name, double value);

#endif
