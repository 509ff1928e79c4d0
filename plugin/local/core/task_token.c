#include "local/core/task_token.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "local/core/core.h"
#include "local/core/mem.h"

/* NONCE (32 hex digits), SEAL (16), the resource in hex. */
enum { NONCE = 32, SEAL = 16 };

/* Ties nonce, resource and region together; not a secret. */
static void seal(char out[SEAL + 1], const struct engine *e, const char *nonce,
		 const char *resource)
{
	uint8_t digest[SHA256_LEN];
	char *text = mem_printf("%s %.*s %s", e->region, NONCE, nonce, resource);
	INVARIANT(sha256(digest, bytes_str(text)) == 0);
	free(text);
	hex_lower(out, digest, SEAL / 2);
}

char *task_token_make(struct engine *e, const char *resource)
{
	uint8_t bytes[NONCE / 2];
	char nonce[NONCE + 1], check[SEAL + 1];
	size_t n = strlen(resource);
	e->world.random(e->world.arg, bytes, sizeof(bytes));
	hex_lower(nonce, bytes, sizeof(bytes));
	seal(check, e, nonce, resource);
	char *hex = mem_zero(n * 2 + 1);
	hex_lower(hex, (const uint8_t *)resource, n);
	char *token = mem_printf("%s%s%s", nonce, check, hex);
	free(hex);
	return token;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *task_token_resource(const struct engine *e, const char *token)
{
	size_t n = strlen(token);
	char check[SEAL + 1];
	if (n <= NONCE + SEAL || n % 2)
		return NULL;
	const char *hex = token + NONCE + SEAL;
	char *resource = mem_zero(strlen(hex) / 2 + 1);
	for (size_t i = 0; hex[i]; i += 2) {
		int high = digit(hex[i]), low = digit(hex[i + 1]);
		if (high < 0 || low < 0) {
			free(resource);
			return NULL;
		}
		resource[i / 2] = (char)(high * 16 + low);
	}
	seal(check, e, token, resource);
	if (strncmp(check, token + NONCE, SEAL) == 0)
		return resource;
	free(resource);
	return NULL;
}
