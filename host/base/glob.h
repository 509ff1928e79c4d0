/*
 * glob.h - patterns of names: '*' stands for any run of characters, also none and also ':' and '/';
 * '?' for any one; everything else for itself. The time is bounded by the product of the lengths.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>

bool glob_match(const char *pattern, const char *text);

#endif
