/*
 * similar.h - which of the known names a misspelt one was meant to be.
 *
 *	struct similar s = similar_to(name);
 *	for each known name: similar_consider(&s, known);
 *	s.best: the nearest, or NULL when none is near enough to be meant
 *
 * Pure. Case counts as equal: the commonest slip is mapRunARN.
 */
#ifndef BASE_SIMILAR_H
#define BASE_SIMILAR_H

struct similar {
	const char *name, *best; /* borrowed */
	int least;               /* distance of best; at first, of what is too far */
};

struct similar similar_to(const char *name);
void similar_consider(struct similar *s, const char *known);

#endif
