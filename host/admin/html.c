#include "admin/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/percent.h"
#include "base/utf8.h"

/* ---- escaping ---- */

static const char *entity(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static bool is_shown(uint32_t c)
{
	return c == '\t' || c == '\n' || !utf8_is_trick(c);
}

static void add_escaped(struct html *h, struct bytes text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	for (size_t i = 0; i < text.n;) {
		size_t n = utf8_valid_at(text.p + i, text.n - i);
		const char *as = entity(text.p[i]);
		if (as)
			buf_adds(&h->out, as);
		else if (n == 0 || !is_shown(utf8_decode(text.p + i, n)))
			buf_adds(&h->out, replacement);
		else
			buf_add(&h->out, text.p + i, n);
		i += n ? n : 1;
	}
}

/* cut: there was more of it */
static void add_text(struct html *h, struct bytes text, bool cut)
{
	size_t max = h->out.n < HTML_MAX / 2 ? HTML_TEXT_MAX : HTML_TEXT_LATE;
	if (text.n > max) {
		cut = true;
		text.n = max;
		while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
			text.n--; /* not inside a character */
	}
	add_escaped(h, text);
	if (cut)
		buf_adds(&h->out, "\u2026 (cut)");
}

/* ---- formats ---- */

/* What stands behind a percent sign. @return its length */
static size_t add_value(struct html *h, const char *at, va_list *args)
{
	if (at[0] == 's') {
		const char *text = va_arg(*args, const char *);
		add_text(h, bytes_str(text ? text : ""), false);
		return 1;
	}
	if (at[0] == 'd') {
		buf_addf(&h->out, "%d", va_arg(*args, int));
		return 1;
	}
	if (strncmp(at, "zu", 2) == 0) {
		buf_addf(&h->out, "%zu", va_arg(*args, size_t));
		return 2;
	}
	if (strncmp(at, ".1f", 3) == 0) {
		buf_addf(&h->out, "%.1f", va_arg(*args, double));
		return 3;
	}
	if (strncmp(at, PRId64, sizeof(PRId64) - 1) == 0) {
		buf_addf(&h->out, "%" PRId64, va_arg(*args, int64_t));
		return sizeof(PRId64) - 1;
	}
	INVARIANT(at[0] == '%');
	buf_adds(&h->out, "%");
	return 1;
}

void html_add(struct html *h, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	while (*format) {
		size_t n = strcspn(format, "%");
		buf_add(&h->out, format, n);
		format += n;
		if (*format)
			format += 1 + add_value(h, format + 1, &args);
	}
	va_end(args);
}

/* ---- other values ---- */

void html_path(struct html *h, const char *segment)
{
	percent_encode(&h->out, bytes_str(segment), PERCENT_UNRESERVED);
}

void html_json(struct html *h, const cJSON *value)
{
	struct buf text = BUF_INIT(HTML_MAX);
	if (!value)
		return;
	json_write(&text, value);
	add_text(h, buf_bytes(&text), text.err != 0);
	buf_clear(&text);
}

void html_clear(struct html *h)
{
	buf_clear(&h->out);
}
