#include "base/glob.h"

#include <stddef.h>

/* On a mismatch the last '*' takes one character more; those before it need no second try. */
bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *taken = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			taken = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
