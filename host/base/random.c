#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/compiler.h"

void random_bytes(void *out, size_t n)
{
	char *p = out;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		INVARIANT(got > 0);
		p += got;
		n -= (size_t)got;
	}
}

double random_unit(void)
{
	uint64_t bits;
	random_bytes(&bits, sizeof(bits));
	return (double)(bits >> 11) * 0x1p-53;
}

void uuid_format(char out[UUID_SIZE], const uint8_t bytes[16], int version)
{
	uint8_t b[16];
	memcpy(b, bytes, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | (version << 4));
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, UUID_SIZE,
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		       b[13], b[14], b[15]);
}

void uuid_v4(char out[UUID_SIZE])
{
	uint8_t b[16];
	random_bytes(b, sizeof(b));
	uuid_format(out, b, 4);
}

void uuid_v7(char out[UUID_SIZE], int64_t wall_ms)
{
	uint8_t b[16];
	uint64_t ms = (uint64_t)wall_ms;
	random_bytes(b, sizeof(b));
	for (int i = 5; i >= 0; i--, ms >>= 8)
		b[i] = (uint8_t)ms;
	uuid_format(out, b, 7);
}
