#include "base/similar.h"

#include <string.h>

enum { NAME_SIZE = 64 };

static int min3(int a, int b, int c)
{
	int ab = a < b ? a : b;
	return ab < c ? ab : c;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Levenshtein. */
static int edit_distance(const char *a, const char *b)
{
	int row[NAME_SIZE + 1];
	int n = (int)strlen(b);
	if (n > NAME_SIZE || strlen(a) > NAME_SIZE)
		return NAME_SIZE;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
			diagonal = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[n];
}

struct similar similar_to(const char *name)
{
	return (struct similar){ .name = name, .least = (int)strlen(name) / 3 + 2 };
}

void similar_consider(struct similar *s, const char *known)
{
	int d = edit_distance(s->name, known);
	if (d < s->least) {
		s->least = d;
		s->best = known;
	}
}
