#include "base/log_line.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

bool log_format_parse(enum log_format *out, const char *name)
{
	static const char *const names[] = { "text", "logfmt", "json" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum log_format)i;
			return true;
		}
	}
	return false;
}

static void add_quoted(struct buf *out, struct bytes value)
{
	buf_adds(out, "\"");
	while (value.n > 0) {
		size_t n = utf8_valid_at(value.p, value.n);
		uint32_t cp = n ? utf8_decode(value.p, n) : 0xfffd;
		if (cp == '"' || cp == '\\')
			buf_addf(out, "\\%c", (int)cp);
		else if (cp == '\n')
			buf_adds(out, "\\n");
		else if (cp == '\t')
			buf_adds(out, "\\t");
		else if (utf8_is_trick(cp))
			buf_addf(out, "\\u%04" PRIx32, cp);
		else
			buf_add(out, n ? value.p : "\xef\xbf\xbd", n ? n : 3);
		n += n == 0;
		value.p += n;
		value.n -= n;
	}
	buf_adds(out, "\"");
}

static bool is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if (c <= ' ' || c >= 0x7f || c == '=' || c == '"' || c == '\\')
			return false;
	}
	return value.n > 0;
}

static void add(struct buf *out, enum log_format format, const char *key, struct bytes value)
{
	bool first = out->n == 0 || out->p[out->n - 1] == '{' || out->p[out->n - 1] == '\n';
	if (format == LOG_AS_JSON) {
		buf_addf(out, "%s\"%s\":", first ? "" : ",", key);
		add_quoted(out, value);
		return;
	}
	buf_addf(out, "%s%s=", first ? "" : " ", key);
	if (is_plain(value))
		buf_add(out, value.p, value.n);
	else
		add_quoted(out, value);
}

void log_line_write(struct buf *out, enum log_format format, const struct log_line *line)
{
	const struct log_about *a = &line->about;
	const struct {
		const char *key, *value;
	} known[] = { { "run", a->run },
		      { "runbook", a->runbook },
		      { "schedule", a->schedule },
		      { "hook", a->hook },
		      { "part", a->part } };
	char when[ISO8601_SIZE];
	iso8601_format(when, line->at_ms);
	if (format == LOG_AS_JSON)
		buf_adds(out, "{");
	add(out, format, "time", bytes_str(when));
	add(out, format, "level", bytes_str(line->level));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].value)
			add(out, format, known[i].key, bytes_str(known[i].value));
	}
	add(out, format, "message", line->message);
	buf_adds(out, format == LOG_AS_JSON ? "}\n" : "\n");
}
