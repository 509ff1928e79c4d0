/*
 * lexer.h - the words of a Lua 5.4 source, with their places.
 *
 * As section 3.1 of the reference manual says and Lua's own reads it. Pure; text of tokens is borrowed
 * from the source (names, numbers) or kept in the arena (strings, their escapes read). After the first
 * error every token is the end of the file. Columns count bytes from 1; a tab is one.
 */
#ifndef LINT_LEXER_H
#define LINT_LEXER_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "lint/arena.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_SYMBOL, /* text is the operator or bracket */
	TOKEN_WORD,   /* a reserved word */
};

struct token {
	enum token_kind kind;
	int line, column;
	struct bytes text; /* of a string: its value */
};

struct lexer {
	struct arena *arena;
	const char *at, *end, *line_start;
	int line;
	bool failed;
	struct token error; /* when failed: where */
	char message[160];
};

/* A byte order mark and a first line that starts with '#' are skipped. */
void lexer_init(struct lexer *l, struct bytes source, struct arena *arena);
struct token lexer_next(struct lexer *l);

/* Note an error at a token, if it is the first. */
void lexer_fail(struct lexer *l, const struct token *at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static inline bool token_is(const struct token *t, const char *text)
{
	return (t->kind == TOKEN_SYMBOL || t->kind == TOKEN_WORD) && strlen(text) == t->text.n &&
	       memcmp(t->text.p, text, t->text.n) == 0;
}

#endif
