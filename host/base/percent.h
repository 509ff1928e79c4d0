/* percent.h - bytes in URLs and forms: "%2F" for "/" (RFC 3986). */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "base/buf.h"

/* The value of a hexadecimal digit of either case, -1 when c is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What URLs never need encoded beside letters and digits. */
#define PERCENT_UNRESERVED "-._~"

/* Append text with every byte encoded but letters, digits and the characters of `keep`. */
void percent_encode(struct buf *out, struct bytes text, const char *keep);

/* Take one byte off the front of *text, which is not empty: three characters where it is encoded. A '%'
 * that no two digits follow stands for itself. */
char percent_take(struct bytes *text);

/* Append text with every byte decoded; of a form, '+' stands for a blank. */
void percent_decode(struct buf *out, struct bytes text, bool form);

#endif
