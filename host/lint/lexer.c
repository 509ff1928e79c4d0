#include "lint/lexer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/percent.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c && strchr(letters, c);
}

void lexer_fail(struct lexer *l, const struct token *at, const char *fmt, ...)
{
	va_list ap;
	if (l->failed)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(l->message, sizeof(l->message), fmt, ap);
	va_end(ap);
	l->error = *at;
	l->failed = true;
	l->at = l->end;
}

void lexer_init(struct lexer *l, struct bytes source, struct arena *arena)
{
	*l =
	    (struct lexer){ .arena = arena, .at = source.p, .end = source.p + source.n, .line = 1 };
	if (source.n >= 3 && memcmp(source.p, "\xef\xbb\xbf", 3) == 0)
		l->at += 3;
	l->line_start = l->at;
	if (l->at < l->end && *l->at == '#')
		while (l->at < l->end && *l->at != '\n')
			l->at++;
}

/* The character i places ahead; 0 behind the end. */
static char peek(const struct lexer *l, size_t i)
{
	if ((size_t)(l->end - l->at) > i)
		return l->at[i];
	return '\0';
}

/* Any of \n \r \r\n \n\r is one end of line. */
static void skip_newline(struct lexer *l)
{
	char first = *l->at++;
	if ((peek(l, 0) == '\n' || peek(l, 0) == '\r') && peek(l, 0) != first)
		l->at++;
	l->line++;
	l->line_start = l->at;
}

static struct token begin(const struct lexer *l, enum token_kind kind)
{
	return (struct token){ kind, l->line, (int)(l->at - l->line_start) + 1, { l->at, 0 } };
}

/* ---- long brackets ---- */

/* At '[': the number of '=' in an opening long bracket, or -1 when it is none. */
static int long_level(const struct lexer *l)
{
	size_t i = 1;
	while (peek(l, i) == '=')
		i++;
	return peek(l, i) == '[' ? (int)i - 1 : -1;
}

static bool closes(const struct lexer *l, int level)
{
	for (int i = 1; i <= level; i++)
		if (peek(l, (size_t)i) != '=')
			return false;
	return peek(l, (size_t)level + 1) == ']';
}

/* Skip to behind the closing bracket; the text between in *text, ends of lines as they are. */
static bool skip_long(struct lexer *l, int level, const struct token *at, const char *what,
		      struct bytes *text)
{
	l->at += level + 2;
	if (l->at < l->end && (*l->at == '\n' || *l->at == '\r'))
		skip_newline(l);
	const char *start = l->at;
	while (l->at < l->end) {
		if (*l->at == ']' && closes(l, level)) {
			*text = (struct bytes){ start, (size_t)(l->at - start) };
			l->at += level + 2;
			return true;
		}
		if (*l->at == '\n' || *l->at == '\r')
			skip_newline(l);
		else
			l->at++;
	}
	lexer_fail(l, at, "unfinished long %s", what);
	return false;
}

/* ---- strings ---- */

static int read_decimal(struct lexer *l)
{
	int n = 0;
	for (int i = 0; i < 3 && is_digit(peek(l, 0)); i++)
		n = n * 10 + (*l->at++ - '0');
	return n;
}

static size_t put_utf8(char *out, unsigned long c)
{
	char rev[8];
	size_t n = 0;
	unsigned long first = 0x3f; /* what fits into the first byte */
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	do {
		rev[n++] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
		first >>= 1;
	} while (c > first);
	rev[n++] = (char)((~first << 1) | c);
	for (size_t i = 0; i < n; i++)
		out[i] = rev[n - 1 - i];
	return n;
}

/* Behind "\u". Returns how many bytes were put. */
static size_t read_unicode(struct lexer *l, char *out)
{
	struct token at = begin(l, TOKEN_STRING);
	unsigned long c = 0;
	if (peek(l, 0) != '{' || hex_digit(peek(l, 1)) < 0) {
		lexer_fail(l, &at, "\\u takes hexadecimal digits in braces");
		return 0;
	}
	for (l->at++; hex_digit(peek(l, 0)) >= 0; l->at++) {
		c = c * 16 + (unsigned long)hex_digit(*l->at);
		if (c >= 0x80000000UL) {
			lexer_fail(l, &at, "UTF-8 value too large");
			return 0;
		}
	}
	if (peek(l, 0) != '}') {
		lexer_fail(l, &at, "missing '}' in \\u{xxxx}");
		return 0;
	}
	l->at++;
	return put_utf8(out, c);
}

static size_t read_hex(struct lexer *l, char *out)
{
	struct token at = begin(l, TOKEN_STRING);
	int high = hex_digit(peek(l, 0)), low = high < 0 ? -1 : hex_digit(peek(l, 1));
	if (high < 0 || low < 0) {
		lexer_fail(l, &at, "\\x takes two hexadecimal digits");
		return 0;
	}
	l->at += 2;
	*out = (char)(high * 16 + low);
	return 1;
}

static void skip_blank(struct lexer *l)
{
	while (l->at < l->end && strchr(" \f\t\v\n\r", *l->at) && *l->at) {
		if (*l->at == '\n' || *l->at == '\r')
			skip_newline(l);
		else
			l->at++;
	}
}

/* Behind a backslash. Returns how many bytes were put. */
static size_t read_escape(struct lexer *l, char *out)
{
	static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
	struct token at = begin(l, TOKEN_STRING);
	char c = peek(l, 0);
	const char *simple = c ? strchr(from, c) : NULL;
	if (is_digit(c)) {
		int n = read_decimal(l);
		if (n > 255)
			lexer_fail(l, &at, "decimal escape too large");
		*out = (char)n;
		return 1;
	}
	if (c == '\n' || c == '\r') {
		skip_newline(l);
		*out = '\n';
		return 1;
	}
	if (l->at < l->end)
		l->at++;
	if (simple) {
		*out = to[simple - from];
		return 1;
	}
	if (c == 'x')
		return read_hex(l, out);
	if (c == 'u')
		return read_unicode(l, out);
	if (c == 'z')
		skip_blank(l);
	else
		lexer_fail(l, &at, "invalid escape sequence");
	return 0;
}

static struct token read_string(struct lexer *l)
{
	struct token t = begin(l, TOKEN_STRING);
	char quote = *l->at++;
	size_t room = 0; /* no escape is shorter than its value */
	for (const char *p = l->at; p < l->end && *p != quote; p++, room++)
		if (*p == '\\' && p + 1 < l->end)
			p++, room++;
	char *out = arena_take(l->arena, room + 8);
	if (!out) {
		lexer_fail(l, &t, "the file is too large");
		return t;
	}
	t.text.p = out;
	while (l->at < l->end && *l->at != quote) {
		if (*l->at == '\n' || *l->at == '\r')
			break;
		if (*l->at == '\\') {
			l->at++;
			t.text.n += read_escape(l, out + t.text.n);
		} else {
			out[t.text.n++] = *l->at++;
		}
	}
	if (l->at >= l->end || *l->at != quote)
		lexer_fail(l, &t, "unfinished string");
	else
		l->at++;
	return t;
}

/* ---- numbers ---- */

static size_t skip_digits(const char *p, const char *end, bool hex, size_t *digits)
{
	size_t n = 0;
	while (p + n < end && (hex ? hex_digit(p[n]) >= 0 : is_digit(p[n])))
		n++;
	*digits += n;
	return n;
}

static bool is_number(struct bytes s)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t digits = 0, exponent = 0;
	bool hex = s.n > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	p += hex ? 2 : 0;
	p += skip_digits(p, end, hex, &digits);
	if (p < end && *p == '.')
		p++, p += skip_digits(p, end, hex, &digits);
	if (digits == 0)
		return false;
	if (p < end && (hex ? *p == 'p' || *p == 'P' : *p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		p += skip_digits(p, end, false, &exponent);
		if (exponent == 0)
			return false;
	}
	return p == end;
}

static struct token read_number(struct lexer *l)
{
	struct token t = begin(l, TOKEN_NUMBER);
	bool hex = *l->at == '0' && (peek(l, 1) == 'x' || peek(l, 1) == 'X');
	const char *e = hex ? "pP" : "eE";
	while (is_digit(peek(l, 0)) || is_letter(peek(l, 0)) || peek(l, 0) == '.') {
		char c = *l->at++;
		if (strchr(e, c) && (peek(l, 0) == '+' || peek(l, 0) == '-'))
			l->at++;
	}
	t.text.n = (size_t)(l->at - t.text.p);
	if (!is_number(t.text))
		lexer_fail(l, &t, "malformed number '%.*s'", t.text.n < 40 ? (int)t.text.n : 40,
			   t.text.p);
	return t;
}

/* ---- names and symbols ---- */

static bool is_reserved(struct bytes s)
{
	static const char *const words[] = {
		"and",      "break",  "do",   "else", "elseif", "end",   "false", "for",
		"function", "goto",   "if",   "in",   "local",  "nil",   "not",   "or",
		"repeat",   "return", "then", "true", "until",  "while",
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == s.n && memcmp(words[i], s.p, s.n) == 0)
			return true;
	return false;
}

static struct token read_name(struct lexer *l)
{
	struct token t = begin(l, TOKEN_NAME);
	while (is_letter(peek(l, 0)) || is_digit(peek(l, 0)))
		l->at++;
	t.text.n = (size_t)(l->at - t.text.p);
	if (is_reserved(t.text))
		t.kind = TOKEN_WORD;
	return t;
}

static struct token read_symbol(struct lexer *l)
{
	static const char *const symbols[] = {
		"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>", "+",
		"-",   "*",  "/",  "%",  "^",  "#",  "&",  "~",  "|",  "<",  ">",
		"=",   "(",  ")",  "{",  "}",  "[",  "]",  ";",  ":",  ",",  ".",
	};
	struct token t = begin(l, TOKEN_SYMBOL);
	size_t left = (size_t)(l->end - l->at);
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		t.text.n = strlen(symbols[i]);
		if (t.text.n <= left && memcmp(symbols[i], l->at, t.text.n) == 0) {
			l->at += t.text.n;
			return t;
		}
	}
	unsigned char c = (unsigned char)*l->at;
	if (c > 0x20 && c < 0x7f)
		lexer_fail(l, &t, "unexpected symbol '%c'", c);
	else
		lexer_fail(l, &t, "unexpected byte 0x%02x", c);
	return t;
}

/* At "--". */
static void skip_comment(struct lexer *l)
{
	struct token t = begin(l, TOKEN_SYMBOL);
	struct bytes text;
	l->at += 2;
	int level = peek(l, 0) == '[' ? long_level(l) : -1;
	if (level >= 0) {
		(void)skip_long(l, level, &t, "comment", &text);
		return;
	}
	while (l->at < l->end && *l->at != '\n' && *l->at != '\r')
		l->at++;
}

static struct token read_long_string(struct lexer *l, int level)
{
	struct token t = begin(l, TOKEN_STRING);
	(void)skip_long(l, level, &t, "string", &t.text);
	return t;
}

struct token lexer_next(struct lexer *l)
{
	for (skip_blank(l); peek(l, 0) == '-' && peek(l, 1) == '-'; skip_blank(l))
		skip_comment(l);
	if (l->at >= l->end)
		return begin(l, TOKEN_END);
	char c = *l->at;
	struct token t;
	int level = c == '[' ? long_level(l) : -1;
	if (is_letter(c))
		t = read_name(l);
	else if (is_digit(c) || (c == '.' && is_digit(peek(l, 1))))
		t = read_number(l);
	else if (c == '"' || c == '\'')
		t = read_string(l);
	else if (level >= 0)
		t = read_long_string(l, level);
	else if (c == '[' && peek(l, 1) == '=') {
		t = begin(l, TOKEN_STRING);
		lexer_fail(l, &t, "invalid long string delimiter");
	} else
		t = read_symbol(l);
	if (l->failed)
		t.kind = TOKEN_END;
	return t;
}
