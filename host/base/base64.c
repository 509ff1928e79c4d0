#include "base/base64.h"

#include <stdint.h>

#include "base/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct bytes data)
{
	for (size_t i = 0; i < data.n; i += 3) {
		size_t left = data.n - i < 3 ? data.n - i : 3;
		uint32_t bits = 0;
		char group[4] = "====";
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (unsigned char)data.p[i + k] : 0);
		for (size_t k = 0; k <= left; k++)
			group[k] = alphabet[bits >> (18 - 6 * k) & 63];
		buf_add(out, group, sizeof(group));
	}
}

/* 0 to 63, or -1. */
static int value_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static int decode_group(struct buf *out, const char *p, size_t padding)
{
	uint32_t bits = 0;
	for (size_t k = 0; k < 4; k++) {
		int v = k < 4 - padding ? value_of(p[k]) : 0;
		if (v < 0)
			return -ERR_INVALID;
		bits = bits << 6 | (uint32_t)v;
	}
	if (bits & ((UINT32_C(1) << (8 * padding)) - 1))
		return -ERR_INVALID;
	const char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
	buf_add(out, bytes, 3 - padding);
	return 0;
}

int base64_decode(struct buf *out, struct bytes text)
{
	if (text.n % 4)
		return -ERR_INVALID;
	for (size_t i = 0; i < text.n; i += 4) {
		size_t padding = 0;
		if (i + 4 == text.n && text.p[i + 3] == '=')
			padding = text.p[i + 2] == '=' ? 2 : 1;
		if (decode_group(out, text.p + i, padding))
			return -ERR_INVALID;
	}
	return 0;
}
