#include "base/utf8.h"

static bool tail(const unsigned char *u, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

static bool three_bytes(const unsigned char *u)
{
	bool overlong = u[0] == 0xe0 && u[1] < 0xa0;
	bool surrogate = u[0] == 0xed && u[1] > 0x9f;
	return !overlong && !surrogate && tail(u, 1, 3);
}

static bool four_bytes(const unsigned char *u)
{
	bool overlong = u[0] == 0xf0 && u[1] < 0x90;
	bool beyond = u[0] == 0xf4 && u[1] > 0x8f;
	return !overlong && !beyond && tail(u, 1, 4);
}

size_t utf8_valid_at(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		return n >= 2 && tail(u, 1, 2) ? 2 : 0;
	if (u[0] >= 0xe0 && u[0] <= 0xef)
		return n >= 3 && three_bytes(u) ? 3 : 0;
	if (u[0] >= 0xf0 && u[0] <= 0xf4)
		return n >= 4 && four_bytes(u) ? 4 : 0;
	return 0;
}

bool utf8_valid(const char *s, size_t n)
{
	while (n > 0) {
		size_t k = utf8_valid_at(s, n);
		if (k == 0)
			return false;
		s += k;
		n -= k;
	}
	return true;
}

uint32_t utf8_decode(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	if (len == 1)
		return u[0];
	uint32_t cp = u[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | (u[i] & 0x3f);
	return cp;
}

size_t utf8_encode(char *out, uint32_t cp)
{
	unsigned char *u = (unsigned char *)out;
	if (cp < 0x80) {
		u[0] = (unsigned char)cp;
		return 1;
	}
	if (cp < 0x800) {
		u[0] = (unsigned char)(0xc0 | cp >> 6);
		u[1] = (unsigned char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		u[0] = (unsigned char)(0xe0 | cp >> 12);
		u[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
		u[2] = (unsigned char)(0x80 | (cp & 0x3f));
		return 3;
	}
	u[0] = (unsigned char)(0xf0 | cp >> 18);
	u[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
	u[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
	u[3] = (unsigned char)(0x80 | (cp & 0x3f));
	return 4;
}

bool utf8_is_trick(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff;
}
