#include "audit/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { VALUE_MAX = 120 }; /* bytes of one value in a line */

/* What a line shows, in this order. */
static const struct said {
	const char *name;
	bool but_calls; /* not repeated with every call of a run */
} said_first[] = {
	{ "run", false },       { "runbook", true },  { "actor", true },       { "step", false },
	{ "operation", false }, { "intent", false },  { "outcome", false },    { "state", false },
	{ "code", false },      { "message", false }, { "resource", false },   { "token", false },
	{ "reason", true },     { "torn", false },    { "torn_bytes", false }, { "segment", false },
	{ "program", false },
};

/* The fixed members, which every record has. */
static const char *const fixed[] = { "v", "seq", "time", "host", "pid", "kind", "prev", "sum" };

/* The part of a segment's name by which people call it: its last eight hex digits. Borrowed; not
 * NUL-terminated. */
static struct bytes short_name(const char *segment)
{
	const char *end = strrchr(segment, '.');
	const char *dash = strrchr(segment, '-');
	if (!end || !dash || dash > end)
		return bytes_str(segment);
	return (struct bytes){ dash + 1, (size_t)(end - dash - 1) };
}

static bool is_fixed(const char *name)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (strcmp(fixed[i], name) == 0)
			return true;
	}
	return false;
}

void print_text(struct buf *out, struct bytes text)
{
	while (text.n > 0) {
		size_t n = utf8_valid_at(text.p, text.n);
		uint32_t cp = n ? utf8_decode(text.p, n) : (unsigned char)text.p[0];
		if (n == 0 || utf8_is_trick(cp))
			buf_addf(out, "\\u%04" PRIx32, cp);
		else
			buf_add(out, text.p, n);
		n += n == 0;
		text.p += n;
		text.n -= n;
	}
}

/* The longest beginning of at most max bytes that does not end within a character. */
static size_t cut_at(struct bytes text, size_t max)
{
	if (text.n <= max)
		return text.n;
	while (max > 0 && ((unsigned char)text.p[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void add_value(struct buf *out, const cJSON *v, size_t max)
{
	struct buf text = BUF_INIT(PRINT_MAX);
	const char *s = cJSON_GetStringValue(v);
	if (s)
		buf_adds(&text, s);
	else
		json_write(&text, v);
	struct bytes whole = buf_bytes(&text);
	size_t n = cut_at(whole, max);
	print_text(out, (struct bytes){ whole.p, n });
	if (n < whole.n)
		buf_adds(out, "...");
	buf_clear(&text);
}

static bool needs_quotes(const char *s)
{
	return s && (*s == '\0' || strpbrk(s, " \"="));
}

/* Of an object, what names it: a runbook's path, an actor's type and name. */
static void add_object(struct buf *out, const cJSON *v)
{
	static const char *const naming[] = { "path", "type", "name", "user" };
	const char *gap = "";
	for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++) {
		const cJSON *m = json_get(v, naming[i]);
		if (!cJSON_IsString(m))
			continue;
		buf_adds(out, gap);
		add_value(out, m, VALUE_MAX);
		gap = ":";
	}
	if (gap[0] == '\0')
		add_value(out, v, VALUE_MAX);
}

static void add_member(struct buf *out, const cJSON *v)
{
	if (cJSON_IsObject(v)) {
		buf_addf(out, " %s=", v->string);
		add_object(out, v);
		return;
	}
	const char *quote = needs_quotes(cJSON_GetStringValue(v)) ? "\"" : "";
	buf_addf(out, " %s=%s", v->string, quote);
	add_value(out, v, VALUE_MAX);
	buf_adds(out, quote);
}

static void add_time(struct buf *out, const struct record *r)
{
	char time[ISO8601_SIZE];
	iso8601_format(time, r->head.time_ms);
	buf_adds(out, time);
}

void print_line(struct buf *out, const char *segment, const struct record *r)
{
	struct bytes name = short_name(segment);
	add_time(out, r);
	buf_adds(out, " ");
	print_text(out, bytes_str(r->head.kind));
	buf_addf(out, " %.*s:%" PRIu64, (int)name.n, name.p, r->head.seq);
	bool is_call = strncmp(r->head.kind, "call.", 5) == 0;
	for (size_t i = 0; i < sizeof(said_first) / sizeof(said_first[0]); i++) {
		const cJSON *v = json_get(r->tree, said_first[i].name);
		if (v && !cJSON_IsNull(v) && !(is_call && said_first[i].but_calls))
			add_member(out, v);
	}
	buf_adds(out, "\n");
}

void print_block(struct buf *out, const char *segment, const struct record *r)
{
	struct bytes name = short_name(segment);
	buf_addf(out, "%.*s:%" PRIu64 " ", (int)name.n, name.p, r->head.seq);
	print_text(out, bytes_str(r->head.kind));
	buf_adds(out, "\n  time: ");
	add_time(out, r);
	buf_adds(out, "\n  written by: process ");
	buf_addf(out, "%" PRId64 " on ", r->head.pid);
	print_text(out, bytes_str(r->head.host));
	buf_adds(out, "\n");
	for (const cJSON *v = r->tree->child; v; v = v->next) {
		if (is_fixed(v->string))
			continue;
		buf_adds(out, "  ");
		print_text(out, bytes_str(v->string));
		buf_adds(out, ": ");
		add_value(out, v, RECORD_LINE_MAX);
		buf_adds(out, "\n");
	}
}
