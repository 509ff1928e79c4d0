/*
 * intrinsic.h - intrinsic functions: reading a call, and the functions. Private to template.c and
 * intrinsic*.c.
 *
 *	States.Format('{}: {}', $.name, States.ArrayLength($.list))
 *
 * An expression is read into a tree first, so that a definition can be checked without running it.
 */
#ifndef LOCAL_INTRINSIC_H
#define LOCAL_INTRINSIC_H

#include "local/language/template.h"

enum { INTRINSIC_DEPTH = 10, INTRINSIC_TEXT_MAX = 64 * 1024 };

struct intrinsic_call;

struct intrinsic {
	const char *name; /* "States.Format" */
	int min, max;     /* number of arguments; max < 0: any */
	bool formats;     /* its first argument is a format: keeps its escapes */
	/* The result, owned by the caller; NULL after intrinsic_failed. */
	cJSON *(*run)(struct intrinsic_call *call);
};

/* A call whose arguments have their values. */
struct intrinsic_call {
	struct bytes source; /* as written, for messages */
	cJSON *args;         /* list; the functions may take elements out */
	const struct template_env *env;
	struct err *err;
};

/* Tables end with a row whose name is NULL. */
extern const struct intrinsic intrinsic_lists[], intrinsic_texts[];

/* A path ('$'), literal or call, as read. */
enum expr_kind { EXPR_PATH, EXPR_LITERAL, EXPR_CALL };

struct expr {
	enum expr_kind kind;
	struct bytes source; /* borrowed from the text */
	cJSON *literal;
	const struct intrinsic *function;
	struct expr *args; /* first argument */
	struct expr *next; /* next argument of the same call */
};

/* @param[out] out owned by the caller; expr_free. -ERR_INVALID when text is no path and no call. */
NODISCARD int expr_parse(struct expr **out, const char *text, struct err *err);
void expr_free(struct expr *e); /* with everything below and behind it; NULL is fine */

/* States.IntrinsicFailure "The function '...' had the following error: ..."; returns NULL. */
cJSON *intrinsic_failed(struct intrinsic_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Argument n as a rounded integer / text / list; failed (false, NULL) names it by `what`. */
bool intrinsic_integer(struct intrinsic_call *call, int n, const char *what, int64_t *out);
const char *intrinsic_text(struct intrinsic_call *call, int n, const char *what);
cJSON *intrinsic_list(struct intrinsic_call *call, int n, const char *what);

#endif
