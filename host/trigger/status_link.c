#include "trigger/status_link.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"

enum { TOKEN_HEX = 32 };
static const char runs[] = "/runs/";
static const char token_is[] = "token=";

static int token_of(char out[SHA256_HEX + 1], struct bytes key, const char *hook_path,
		    const char *run)
{
	uint8_t code[HMAC_MAX];
	const struct bytes parts[] = { BYTES_LIT("runbook status v1\n"), bytes_str(hook_path),
				       BYTES_LIT("\n"), bytes_str(run) };
	int rc = hmac_parts(code, HMAC_WITH_SHA256, key, parts, sizeof(parts) / sizeof(parts[0]));
	if (rc < 0)
		return rc;
	hex_lower(out, code, SHA256_LEN);
	out[TOKEN_HEX] = '\0';
	return 0;
}

int status_link_write(struct buf *out, const char *base_url, struct bytes key,
		      const char *hook_path, const char *run)
{
	char token[SHA256_HEX + 1];
	int rc = token_of(token, key, hook_path, run);
	if (rc == 0)
		buf_addf(out, "%s%s%s%s?%s%s", base_url, hook_path, runs, run, token_is, token);
	return rc;
}

/* The value of a parameter of the query, up to the next '&'. Empty, with p NULL: it is not there. */
static struct bytes parameter(const char *query, const char *name_is)
{
	size_t n = strlen(name_is);
	for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&') {
		if (strncmp(p, name_is, n) == 0)
			return (struct bytes){ p + n, strcspn(p + n, "&") };
	}
	return (struct bytes){ 0 };
}

bool status_link_read(char run[UUID_SIZE], const char *hook_path, const char *path,
		      const char *query, struct bytes key)
{
	char token[SHA256_HEX + 1] = "";
	size_t n = strlen(hook_path);
	const char *id = strncmp(path, hook_path, n) == 0 ? path + n : "";
	id = strncmp(id, runs, strlen(runs)) == 0 ? id + strlen(runs) : "";
	(void)snprintf(run, UUID_SIZE, "%s", strlen(id) == UUID_LEN ? id : "");
	int rc = token_of(token, key, hook_path, run);
	return bytes_eq_secret(bytes_str(token), parameter(query, token_is)) && rc == 0 && run[0];
}

/* ---- waiting ---- */

/* -1: malformed */
static int64_t read_wait(struct bytes text)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", INT64_C(60) * 1000 } };
	int64_t n = 0;
	size_t i = 0;
	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && n < STATUS_WAIT_MAX_MS; i++)
		n = n * 10 + (text.p[i] - '0');
	if (i == 0)
		return -1;
	while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
		i++;
	const struct bytes unit = { text.p + i, text.n - i };
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		if (bytes_eq(unit, bytes_str(units[k].name)))
			return n * units[k].ms < STATUS_WAIT_MAX_MS ? n * units[k].ms
								    : STATUS_WAIT_MAX_MS;
	}
	return -1;
}

/* "respond-async, wait=30": what is not understood is not looked at (RFC 7240). */
static int64_t preferred(const char *prefer)
{
	static const char wait_is[] = "wait=";
	for (const char *p = prefer; *p; p += strcspn(p, ",;")) {
		p += strspn(p, ",; \t");
		if (strncasecmp(p, wait_is, strlen(wait_is)) == 0) {
			p += strlen(wait_is);
			int64_t ms = read_wait((struct bytes){ p, strcspn(p, ",; \t") });
			return ms > 0 ? ms : 0;
		}
	}
	return 0;
}

int64_t status_wait_ms(const struct http_received *req)
{
	const struct bytes asked = parameter(req->query, "wait=");
	const char *prefer = http_header_get(req->headers, req->n_headers, "Prefer");
	if (asked.p)
		return read_wait(asked);
	return prefer ? preferred(prefer) : 0;
}
