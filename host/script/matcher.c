/*
 * The matching algorithm is that of lstrlib.c in Lua 5.4 (Copyright (C) 1994-2022 Lua.org, PUC-Rio,
 * MIT licence), cut into smaller functions, with a count of steps.
 */
#include "script/matcher.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "script/pattern.h"

enum { ESCAPE = '%', DEPTH_MAX = 200 };

static const char *match(struct matcher *m, const char *s, const char *p);

static void step(struct matcher *m)
{
	if (--m->steps < 0)
		(void)luaL_error(m->L, "pattern too complex: more than %d steps",
				 PATTERN_STEPS_MAX);
}

static unsigned char byte_at(const char *s)
{
	return (unsigned char)*s;
}

void matcher_init(struct matcher *m, lua_State *L, const char *s, size_t n, const char *p,
		  size_t n_pattern)
{
	*m = (struct matcher){
		.L = L,
		.subject = s,
		.subject_end = s + n,
		.pattern_end = p + n_pattern,
		.steps = PATTERN_STEPS_MAX,
	};
}

/* ---- single characters and classes ---- */

/* The end of the single-character item that begins at p. */
static const char *class_end(struct matcher *m, const char *p)
{
	if (*p++ == ESCAPE) {
		if (p == m->pattern_end)
			(void)luaL_error(m->L, "malformed pattern (ends with '%%')");
		return p + 1;
	}
	if (p[-1] != '[')
		return p;
	const char *set = p;
	if (*p == '^')
		p++;
	do { /* the first character of a set may be ']' */
		if (p == m->pattern_end)
			(void)luaL_error(m->L, "malformed pattern (missing ']')");
		if (*p++ == ESCAPE && p < m->pattern_end)
			p++;
	} while (p == m->pattern_end || *p != ']');
	m->steps -= (p - set) / 4;
	return p + 1;
}

static bool in_class(int c, int class)
{
	bool in = false;
	switch (tolower(class)) {
	case 'a':
		in = isalpha(c);
		break;
	case 'c':
		in = iscntrl(c);
		break;
	case 'd':
		in = isdigit(c);
		break;
	case 'g':
		in = isgraph(c);
		break;
	case 'l':
		in = islower(c);
		break;
	case 'p':
		in = ispunct(c);
		break;
	case 's':
		in = isspace(c);
		break;
	case 'u':
		in = isupper(c);
		break;
	case 'w':
		in = isalnum(c);
		break;
	case 'x':
		in = isxdigit(c);
		break;
	default:
		return class == c;
	}
	return isupper(class) ? !in : in;
}

/* p is at '[', last at the closing ']'. */
static bool in_set(int c, const char *p, const char *last)
{
	bool wanted = true;
	if (p[1] == '^') {
		wanted = false;
		p++;
	}
	while (++p < last) {
		if (*p == ESCAPE) {
			p++;
			if (in_class(c, byte_at(p)))
				return wanted;
		} else if (p[1] == '-' && p + 2 < last) {
			p += 2;
			if (byte_at(p - 2) <= c && c <= byte_at(p))
				return wanted;
		} else if (byte_at(p) == c) {
			return wanted;
		}
	}
	return !wanted;
}

static bool single(struct matcher *m, const char *s, const char *p, const char *end)
{
	step(m);
	if (s >= m->subject_end)
		return false;
	m->steps -= (end - p) / 4; /* a long set is more work */
	int c = byte_at(s);
	switch (*p) {
	case '.':
		return true;
	case ESCAPE:
		return in_class(c, byte_at(p + 1));
	case '[':
		return in_set(c, p, end - 1);
	default:
		return byte_at(p) == c;
	}
}

/* ---- the items that are more than one character ---- */

static const char *balance(struct matcher *m, const char *s, const char *p)
{
	if (p >= m->pattern_end - 1)
		(void)luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
	if (s >= m->subject_end || *s != *p)
		return NULL;
	char open = p[0], close = p[1];
	int depth = 1;
	while (++s < m->subject_end) {
		step(m);
		if (*s == close) {
			if (--depth == 0)
				return s + 1;
		} else if (*s == open) {
			depth++;
		}
	}
	return NULL;
}

static const char *longest(struct matcher *m, const char *s, const char *p, const char *end)
{
	ptrdiff_t i = 0;
	while (single(m, s + i, p, end))
		i++;
	for (; i >= 0; i--) {
		const char *e = match(m, s + i, end + 1);
		if (e)
			return e;
	}
	return NULL;
}

static const char *shortest(struct matcher *m, const char *s, const char *p, const char *end)
{
	for (;;) {
		const char *e = match(m, s, end + 1);
		if (e)
			return e;
		if (!single(m, s, p, end))
			return NULL;
		s++;
	}
}

static const char *start_capture(struct matcher *m, const char *s, const char *p, ptrdiff_t what)
{
	if (m->level >= CAPTURES_MAX)
		(void)luaL_error(m->L, "too many captures");
	m->captures[m->level].start = s;
	m->captures[m->level].n = what;
	m->level++;
	const char *e = match(m, s, p);
	if (!e)
		m->level--;
	return e;
}

static const char *end_capture(struct matcher *m, const char *s, const char *p)
{
	int i = m->level - 1;
	while (i >= 0 && m->captures[i].n != CAPTURE_OPEN)
		i--;
	if (i < 0)
		(void)luaL_error(m->L, "invalid pattern capture");
	m->captures[i].n = s - m->captures[i].start;
	const char *e = match(m, s, p);
	if (!e)
		m->captures[i].n = CAPTURE_OPEN;
	return e;
}

static const char *back_reference(struct matcher *m, const char *s, int digit)
{
	int i = digit - '1';
	if (i < 0 || i >= m->level || m->captures[i].n == CAPTURE_OPEN)
		(void)luaL_error(m->L, "invalid capture index %%%d", i + 1);
	/* A position capture has length -2: it never matches, as in the original. */
	size_t n = (size_t)m->captures[i].n;
	if ((size_t)(m->subject_end - s) < n)
		return NULL;
	m->steps -= (int64_t)(n / 8);
	step(m);
	return n == 0 || memcmp(m->captures[i].start, s, n) == 0 ? s + n : NULL;
}

/* %f[set]: from outside the set into it. Returns whether; *after is where the pattern goes on. */
static bool frontier(struct matcher *m, const char *s, const char *p, const char **after)
{
	if (p >= m->pattern_end || *p != '[')
		(void)luaL_error(m->L, "missing '[' after '%%f' in pattern");
	*after = class_end(m, p);
	int before = s == m->subject ? '\0' : byte_at(s - 1);
	int here = s < m->subject_end ? byte_at(s) : '\0';
	m->steps -= (*after - p) / 2;
	step(m);
	return !in_set(before, p, *after - 1) && in_set(here, p, *after - 1);
}

/* One single-character item with its suffix. Returns where the subject goes on when the item took
 * its part and the pattern goes on at *p; NULL with *p NULL: what to answer is in *answer. */
static const char *simple_item(struct matcher *m, const char *s, const char **p,
			       const char **answer)
{
	const char *item = *p, *end = class_end(m, item);
	int suffix = end < m->pattern_end ? byte_at(end) : 0;
	*p = NULL;
	*answer = NULL;
	switch (suffix) {
	case '?':
		if (single(m, s, item, end) && (*answer = match(m, s + 1, end + 1)))
			return NULL;
		*p = end + 1;
		return s;
	case '+':
		*answer = single(m, s, item, end) ? longest(m, s + 1, item, end) : NULL;
		return NULL;
	case '*':
		*answer = longest(m, s, item, end);
		return NULL;
	case '-':
		*answer = shortest(m, s, item, end);
		return NULL;
	default:
		if (!single(m, s, item, end))
			return NULL;
		*p = end;
		return s + 1;
	}
}

/* %b, %f and %1 to %9 take their part and the pattern goes on at *p; false: not one of these. A
 * failed match leaves *s NULL. */
static bool escaped_item(struct matcher *m, const char **s, const char **p)
{
	const char *after = *p + 2;
	unsigned char kind = *p + 1 < m->pattern_end ? byte_at(*p + 1) : 0;
	if (kind == 'b') {
		*s = balance(m, *s, after);
		*p += 4;
	} else if (kind == 'f') {
		if (!frontier(m, *s, *p + 2, &after))
			*s = NULL;
		*p = after;
	} else if (isdigit(kind)) {
		*s = back_reference(m, *s, kind);
		*p = after;
	} else {
		return false;
	}
	return true;
}

static const char *match_on(struct matcher *m, const char *s, const char *p)
{
	const char *answer = NULL;
	while (s && p != m->pattern_end) {
		if (*p == '(')
			return p[1] == ')' ? start_capture(m, s, p + 2, CAPTURE_POSITION)
					   : start_capture(m, s, p + 1, CAPTURE_OPEN);
		if (*p == ')')
			return end_capture(m, s, p + 1);
		if (*p == '$' && p + 1 == m->pattern_end)
			return s == m->subject_end ? s : NULL;
		if (*p == ESCAPE && escaped_item(m, &s, &p))
			continue;
		s = simple_item(m, s, &p, &answer);
		if (!p)
			return answer;
	}
	return s;
}

static const char *match(struct matcher *m, const char *s, const char *p)
{
	if (m->depth-- == 0)
		(void)luaL_error(m->L, "pattern too complex");
	step(m);
	const char *e = match_on(m, s, p);
	m->depth++;
	return e;
}

const char *matcher_try(struct matcher *m, const char *s, const char *p)
{
	m->level = 0;
	m->depth = DEPTH_MAX;
	return match(m, s, p);
}

/* ---- captures ---- */

void matcher_push_capture(struct matcher *m, int i, const char *s, const char *e)
{
	if (i >= m->level) {
		if (i != 0)
			(void)luaL_error(m->L, "invalid capture index %%%d", i + 1);
		(void)lua_pushlstring(m->L, s, (size_t)(e - s));
		return;
	}
	ptrdiff_t n = m->captures[i].n;
	if (n == CAPTURE_OPEN)
		(void)luaL_error(m->L, "unfinished capture");
	if (n == CAPTURE_POSITION)
		lua_pushinteger(m->L, m->captures[i].start - m->subject + 1);
	else
		(void)lua_pushlstring(m->L, m->captures[i].start, (size_t)n);
}

int matcher_push_captures(struct matcher *m, const char *s, const char *e)
{
	int n = m->level == 0 && s ? 1 : m->level;
	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		matcher_push_capture(m, i, s, e);
	return n;
}
