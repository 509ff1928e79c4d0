/* matcher.h - the machine behind pattern.h: one pattern tried at one place of a subject. */
#ifndef SCRIPT_MATCHER_H
#define SCRIPT_MATCHER_H

#include <lua.h>
#include <stdint.h>

enum { CAPTURES_MAX = 32, CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

struct matcher {
	lua_State *L; /* for errors */
	const char *subject, *subject_end;
	const char *pattern_end;
	int64_t steps; /* left; shared by all tries of one call */
	int depth;     /* of recursion left */
	int level;     /* captures so far, finished or open */
	struct {
		const char *start;
		ptrdiff_t n; /* or one of the two above */
	} captures[CAPTURES_MAX];
};

void matcher_init(struct matcher *m, lua_State *L, const char *s, size_t n, const char *p,
		  size_t n_pattern);

/* Try pattern p at s. Returns the end of the match or NULL. Raises on a malformed pattern. */
const char *matcher_try(struct matcher *m, const char *s, const char *p);

/* Push capture i of a match [s, e); the whole match when there are no captures and i is 0. */
void matcher_push_capture(struct matcher *m, int i, const char *s, const char *e);

/* Push all captures (or the whole match when there are none and s is not NULL); how many. */
int matcher_push_captures(struct matcher *m, const char *s, const char *e);

#endif
