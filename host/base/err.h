/*
 * err.h - what went wrong, as data.
 *
 * A function that can fail returns int: 0, or a negative enum err_code. Its last
 * parameter is `struct err *err`, owned by the caller (usually on its stack or inside the
 * operation). It is written only on failure, is never allocated, and may be NULL.
 *
 * There is deliberately no "last error": one thread interleaves many runs, and an error
 * must not be able to outlive or swap the operation it belongs to.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/compiler.h"

enum err_code {
	ERR_INVALID = 1, /* the caller's input; retrying cannot help */
	ERR_NOMEM,
	ERR_LIMIT, /* one of our own limits (size, depth, deadline budget) */
	ERR_IO,    /* system or transport failed */
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_AUTH,   /* no usable credentials */
	ERR_REMOTE, /* the service answered with an error; see name and status */
};

struct err {
	enum err_code code;
	int status; /* HTTP status, 0 if there was no answer */
	bool retryable;
	char name[64];      /* the service's own error name, e.g. "ResourceNotFound"; "" if none */
	char message[1024]; /* one line, lower case, no trailing full stop, no secrets */
};

/* Fill *err (when not NULL) and return -code, so that: return err_set(err, ERR_IO, "..."); */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same with a name that callers decide by, e.g. "NoCredentials". */
int err_named(struct err *err, enum err_code code, const char *name, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The code behind a negative return. */
static inline enum err_code err_code_of(int rc)
{
	return (enum err_code)(-rc);
}

const char *err_code_name(enum err_code code);

#endif
