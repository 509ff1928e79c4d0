#include "trigger/approval_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/percent.h"
#include "base/utf8.h"

enum { TEXT_MAX = 4096, DIGITS_MAX = 15 };

/* ---- parts ---- */

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 127)
			return false;
	return true;
}

static bool copy(char out[APPROVAL_LINK_TEXT], const char *s)
{
	size_t n = strlen(s);
	if (n == 0 || n >= APPROVAL_LINK_TEXT || !is_printable(s))
		return false;
	memcpy(out, s, n + 1);
	return true;
}

/* Neither can have a slash: the path is cut there. */
static bool is_id(const char *s)
{
	return s[strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_")] ==
	       '\0';
}

bool approval_link_fill(struct approval_link *l, const char *run, const char *step,
			const char *person)
{
	return copy(l->run, run) && is_id(run) && copy(l->step, step) && is_id(step) &&
	       copy(l->person, person) && utf8_valid(l->person, strlen(l->person));
}

/* No part has a line break, so no two links have the same text. */
static int sign(char out[SHA256_HEX + 1], struct bytes key, const struct approval_link *l)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	uint8_t mac[SHA256_LEN];
	buf_addf(&text, "runbook-approval-v1\n%s\n%d\n%s\n%s\n%s\n%" PRId64, l->run, l->attempt,
		 l->step, l->person, l->approve ? "approve" : "reject", l->until_ms);
	int rc = text.err ? text.err : hmac_sha256(mac, key, buf_bytes(&text));
	buf_clear(&text);
	if (rc < 0)
		return rc;
	hex_lower(out, mac, sizeof(mac));
	wipe(mac, sizeof(mac));
	return 0;
}

/* ---- writing ---- */

int approval_link_write(struct buf *out, const char *base_url, struct bytes key,
			const struct approval_link *l)
{
	char sig[SHA256_HEX + 1];
	int rc = sign(sig, key, l);
	if (rc < 0)
		return rc;
	buf_addf(out, "%s" APPROVAL_LINK_PATH "%s/%s?attempt=%d&by=", base_url, l->run, l->step,
		 l->attempt);
	percent_encode(out, bytes_str(l->person), PERCENT_UNRESERVED);
	buf_addf(out, "&do=%s&until=%" PRId64 "&sig=%s", l->approve ? "approve" : "reject",
		 l->until_ms, sig);
	wipe(sig, sizeof(sig));
	return out->err;
}

/* ---- reading ---- */

/* The next NAME=VALUE; *rest goes on behind it. */
static bool next_pair(struct bytes *rest, struct bytes *name, struct bytes *value)
{
	if (rest->n == 0)
		return false;
	const char *and = memchr(rest->p, '&', rest->n);
	size_t n = and? (size_t)(and-rest->p) : rest->n;
	const char *is = memchr(rest->p, '=', n);
	size_t at = is ? (size_t)(is - rest->p) : n;
	*name = (struct bytes){ rest->p, at };
	*value = is ? (struct bytes){ is + 1, n - at - 1 } : (struct bytes){ rest->p + n, 0 };
	rest->p += n + (and != NULL);
	rest->n -= n + (and != NULL);
	return true;
}

static bool read_number(int64_t *out, const char *s)
{
	size_t n = strlen(s);
	*out = 0;
	if (n == 0 || n > DIGITS_MAX || strspn(s, "0123456789") != n || (n > 1 && *s == '0'))
		return false;
	for (; *s; s++)
		*out = *out * 10 + (*s - '0');
	return true;
}

enum part { PART_ATTEMPT, PART_BY, PART_DO, PART_UNTIL, PART_SIG, PARTS };

static int part_of(struct bytes name)
{
	static const char *const names[PARTS] = { "attempt", "by", "do", "until", "sig" };
	for (int i = 0; i < PARTS; i++)
		if (bytes_eq(name, bytes_str(names[i])))
			return i;
	return -1;
}

/* Each part once and no other. */
static bool read_query(char parts[PARTS][APPROVAL_LINK_TEXT], const char *query)
{
	struct bytes rest = bytes_str(query), name, value;
	unsigned seen = 0;
	bool good = true;
	while (next_pair(&rest, &name, &value)) {
		struct buf text = BUF_INIT(TEXT_MAX);
		int i = part_of(name);
		percent_decode(&text, value, false);
		good = good && i >= 0 && !(seen & 1u << i) && text.n > 0 && !text.err &&
		       strlen(buf_cstr(&text)) == text.n && copy(parts[i], buf_cstr(&text));
		seen |= i >= 0 ? 1u << i : 0;
		buf_clear(&text);
	}
	return good && seen == (1u << PARTS) - 1;
}

static bool read_parts(struct approval_link *l, char parts[PARTS][APPROVAL_LINK_TEXT],
		       const char *path)
{
	char run[APPROVAL_LINK_TEXT];
	int64_t attempt;
	size_t skip = strlen(APPROVAL_LINK_PATH);
	const char *slash =
	    strncmp(path, APPROVAL_LINK_PATH, skip) == 0 ? strchr(path + skip, '/') : NULL;
	if (!slash || (size_t)(slash - path - (ptrdiff_t)skip) >= sizeof(run) ||
	    !read_number(&attempt, parts[PART_ATTEMPT]) || attempt > INT32_MAX ||
	    !read_number(&l->until_ms, parts[PART_UNTIL]))
		return false;
	(void)snprintf(run, sizeof(run), "%.*s", (int)(slash - path - (ptrdiff_t)skip),
		       path + skip);
	l->attempt = (int)attempt;
	l->approve = strcmp(parts[PART_DO], "approve") == 0;
	return (l->approve || strcmp(parts[PART_DO], "reject") == 0) &&
	       approval_link_fill(l, run, slash + 1, parts[PART_BY]);
}

enum approval_link_state approval_link_read(struct approval_link *out, const char *path,
					    const char *query, struct bytes key, int64_t now_ms)
{
	char parts[PARTS][APPROVAL_LINK_TEXT] = { { 0 } };
	char want[SHA256_HEX + 1], given[SHA256_HEX + 1] = { 0 };
	*out = (struct approval_link){ 0 };
	bool formed = read_query(parts, query);
	formed = read_parts(out, parts, path) && formed;
	formed = strlen(parts[PART_SIG]) == SHA256_HEX && formed;
	(void)snprintf(given, sizeof(given), "%.*s", SHA256_HEX, parts[PART_SIG]);
	bool same =
	    sign(want, key, out) == 0 && bytes_eq_secret((struct bytes){ want, SHA256_HEX },
							 (struct bytes){ given, SHA256_HEX });
	wipe(want, sizeof(want));
	if (!same || !formed)
		return APPROVAL_LINK_WRONG;
	return now_ms < out->until_ms ? APPROVAL_LINK_GOOD : APPROVAL_LINK_LATE;
}

/* ---- the form ---- */

/* Bytes that are continued belong to the character before them. */
static size_t cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	for (n = max; n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80;)
		n--;
	return n;
}

void approval_form_comment(char out[APPROVAL_COMMENT_SIZE], struct bytes body)
{
	struct bytes name, value;
	out[0] = '\0';
	while (next_pair(&body, &name, &value)) {
		struct buf text = BUF_INIT((size_t)1 << 20);
		percent_decode(&text, value, true);
		bool good = !text.err && utf8_valid(buf_cstr(&text), text.n) &&
			    strlen(buf_cstr(&text)) == text.n;
		if (good && bytes_eq(name, BYTES_LIT("comment"))) {
			size_t n = cut(buf_cstr(&text), text.n, APPROVAL_COMMENT_SIZE - 1);
			memcpy(out, buf_cstr(&text), n);
			out[n] = '\0';
		}
		buf_clear(&text);
	}
}
