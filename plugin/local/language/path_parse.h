/*
 * path_parse.h - a JSONPath as a list of steps. Private to path*.c.
 *
 *	$.orders[0]..price   root, NAMES(orders), INDEXES(0), DESCEND, NAMES(price)
 */
#ifndef LOCAL_PATH_PARSE_H
#define LOCAL_PATH_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

enum path_root {
	PATH_ROOT_INPUT,    /* $ */
	PATH_ROOT_CONTEXT,  /* $$ */
	PATH_ROOT_VARIABLE, /* $name */
	PATH_ROOT_ITEM,     /* @: the value a filter is asked about */
};

enum path_step_kind {
	PATH_NAMES,   /* .name ['a','b'] */
	PATH_INDEXES, /* [0] [0,-1] */
	PATH_SLICE,   /* [from:to:by] */
	PATH_WILD,    /* .* [*] */
	PATH_DESCEND, /* .. : the next step on every value below, the value itself included */
	PATH_FILTER,  /* [?(...)] */
};

struct path_filter;

struct path_step {
	enum path_step_kind kind;
	struct path_step *next;
	cJSON *items; /* NAMES: strings; INDEXES: integers */
	int64_t from, to, by;
	bool has_from, has_to;
	struct path_filter *filter;
};

struct path {
	enum path_root root;
	char *variable; /* its name, for PATH_ROOT_VARIABLE */
	struct path_step *steps;
	bool definite; /* single names and indexes only: at most one value */
	bool merging;  /* definite but for several names in the last step: one new object */
};

/* Where the reader is; p moves. Filters nest through here. */
struct path_reader {
	struct bytes text; /* the whole path, for messages */
	const char *p, *end;
	int depth;      /* of filters around p */
	bool in_filter; /* names end at operators, too */
	struct err *err;
};

enum { PATH_FILTER_DEPTH = 16, PATH_TEXT_MAX = 16 * 1024 };

/* @param[out] out owned by the caller; path_free */
NODISCARD int path_parse(struct path **out, struct bytes text, struct err *err);
void path_free(struct path *p); /* NULL is fine */

/* Read a path that starts at r->p ('$' or '@') and leave r->p behind it. */
NODISCARD int path_read(struct path **out, struct path_reader *r);

/* "Invalid path '...' : what at character 5", States.Runtime */
int path_read_failed(const struct path_reader *r, const char *what);
void path_skip_blanks(struct path_reader *r);
bool path_accept(struct path_reader *r, const char *word); /* blanks before it are skipped */

/* A quoted string at r->p; NULL after an error. Owned by the caller, a cJSON string. */
cJSON *path_read_quoted(struct path_reader *r);
NODISCARD int path_read_integer(int64_t *out, struct path_reader *r);

#endif
