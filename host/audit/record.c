#include "audit/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ,"sum":"0123456789abcdef"} */
#define SUM_BEFORE ",\"sum\":\""
#define SUM_AFTER "\"}"
enum { SUM_LEN = sizeof(SUM_BEFORE) - 1 + RECORD_SUM_HEX + sizeof(SUM_AFTER) - 1 };

/* The tail of a line whose earlier bytes are `body`. */
static int sum_of(char out[SUM_LEN + 1], struct bytes body)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	int rc = sha256(digest, body);
	if (rc < 0)
		return rc;
	hex_lower(hex, digest, sizeof(digest));
	(void)snprintf(out, SUM_LEN + 1, SUM_BEFORE "%.*s" SUM_AFTER, RECORD_SUM_HEX, hex);
	return 0;
}

void record_write(struct buf *out, const struct record_head *head, struct bytes members,
		  const char *prev)
{
	/* A line break within a line would be our bug: JSON writes it as \n. */
	INVARIANT(members.n == 0 || !memchr(members.p, '\n', members.n));
	char time[ISO8601_SIZE], sum[SUM_LEN + 1];
	size_t start = out->n;

	iso8601_format(time, head->time_ms);
	buf_addf(out, "{\"v\":%d,\"seq\":%" PRIu64 ",\"time\":\"%s\",\"host\":", RECORD_VERSION,
		 head->seq, time);
	json_write_string(out, bytes_str(head->host));
	buf_addf(out, ",\"pid\":%" PRId64 ",\"kind\":", head->pid);
	json_write_string(out, bytes_str(head->kind));
	if (members.n > 0)
		buf_adds(out, ",");
	buf_add(out, members.p, members.n);
	buf_addf(out, ",\"prev\":\"%s\"", prev);
	if (out->err)
		return;
	out->err = sum_of(sum, (struct bytes){ out->p + start, out->n - start });
	if (!out->err)
		buf_adds(out, sum);
}

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "%s", why);
}

static int check_sum(struct bytes line, struct err *err)
{
	char want[SUM_LEN + 1];
	if (line.n <= SUM_LEN)
		return bad(err, "the line is too short to be a record");
	struct bytes body = { line.p, line.n - SUM_LEN };
	if (sum_of(want, body) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a digest");
	if (memcmp(line.p + body.n, want, SUM_LEN) != 0)
		return bad(err, "the sum does not match the line: it was changed or torn");
	return 0;
}

/* Take the next member if it has that name. */
static const cJSON *take(const cJSON **next, const char *name)
{
	const cJSON *v = *next;
	if (!v || strcmp(v->string, name) != 0)
		return NULL;
	*next = v->next;
	return v;
}

static bool take_int(const cJSON **next, const char *name, int64_t min, int64_t *out)
{
	const cJSON *v = take(next, name);
	return v && json_int_token(v, out) && *out >= min;
}

static bool take_text(const cJSON **next, const char *name, const char **out)
{
	const cJSON *v = take(next, name);
	*out = cJSON_GetStringValue(v);
	return *out != NULL;
}

static bool take_time(const cJSON **next, int64_t *out)
{
	const char *text;
	char again[ISO8601_SIZE];
	if (!take_text(next, "time", &text) || iso8601_parse(out, bytes_str(text)) != 0)
		return false;
	iso8601_format(again, *out);
	return strcmp(again, text) == 0;
}

static bool is_hex(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static int read_head(struct record *r, struct err *err)
{
	const cJSON *next = r->tree->child;
	int64_t v, seq;
	if (!take_int(&next, "v", 0, &v))
		return bad(err, "the line does not begin with the format version");
	if (v != RECORD_VERSION)
		return err_set(err, ERR_INVALID,
			       "format version %" PRId64 ", this program reads version %d", v,
			       RECORD_VERSION);
	if (!take_int(&next, "seq", 1, &seq))
		return bad(err, "the second member is not a sequence number");
	r->head.seq = (uint64_t)seq;
	if (!take_time(&next, &r->head.time_ms))
		return bad(err, "the third member is not a time like 2026-11-21T22:51:03.042Z");
	if (!take_text(&next, "host", &r->head.host))
		return bad(err, "the fourth member is not the host's name");
	if (!take_int(&next, "pid", 0, &r->head.pid))
		return bad(err, "the fifth member is not a process id");
	if (!take_text(&next, "kind", &r->head.kind) || r->head.kind[0] == '\0')
		return bad(err, "the sixth member is not the record's kind");
	return 0;
}

static int read_prev(struct record *r, struct err *err)
{
	const cJSON *sum = r->tree->child->prev; /* cJSON: the first child's prev is the last */
	const cJSON *prev = sum->prev;
	if (strcmp(sum->string, "sum") != 0 || strcmp(prev->string, "prev") != 0 ||
	    !cJSON_IsString(prev) || !is_hex(prev->valuestring, SHA256_HEX))
		return bad(err, "the line does not end with prev and sum");
	r->prev = prev->valuestring;
	return 0;
}

int record_parse(struct record *r, struct bytes line, struct err *err)
{
	*r = (struct record){ 0 };
	int rc = check_sum(line, err);
	if (rc < 0)
		return rc;
	r->tree = json_parse(line, err);
	if (!r->tree)
		return -ERR_INVALID;
	rc = cJSON_IsObject(r->tree) ? read_head(r, err) : bad(err, "the line is not an object");
	if (rc == 0)
		rc = read_prev(r, err);
	if (rc < 0)
		record_clear(r);
	return rc;
}

void record_clear(struct record *r)
{
	cJSON_Delete(r->tree);
	*r = (struct record){ 0 };
}

int record_leaf(char out[SHA256_HEX + 1], struct bytes line)
{
	uint8_t digest[SHA256_LEN];
	struct sha256 *h = sha256_begin();
	sha256_add(h, (struct bytes){ "", 1 }); /* RFC 6962: 0x00 in front of a leaf */
	sha256_add(h, line);
	int rc = sha256_end(h, digest);
	if (rc == 0)
		hex_lower(out, digest, sizeof(digest));
	return rc;
}
