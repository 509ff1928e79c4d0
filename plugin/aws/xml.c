#include "aws/xml.h"

#include <stdint.h>
#include <stdio.h>

#include "base/percent.h"
#include "base/utf8.h"

enum { ENTITY_MAX = 32 }; /* "&#x10ffff;", with some zeros */

static const char *find(struct bytes in, struct bytes what)
{
	return in.n && what.n ? memmem(in.p, in.n, what.p, what.n) : NULL;
}

static struct bytes behind(struct bytes b, const char *p)
{
	return (struct bytes){ p, b.n - (size_t)(p - b.p) };
}

/* Behind the '<name' of the next opening tag, NULL: none. */
static const char *find_open(struct bytes in, const char *name)
{
	size_t n = strlen(name);
	const char *p = in.p, *end = in.p + in.n;
	while (in.n && (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		p++;
		if ((size_t)(end - p) > n && memcmp(p, name, n) == 0 && strchr(" \t\r\n/>", p[n]) &&
		    p[n])
			return p + n;
	}
	return NULL;
}

bool aws_xml_next(struct bytes *rest, const char *name, struct bytes *inner)
{
	char close[64];
	const char *open = find_open(*rest, name);
	int n = snprintf(close, sizeof(close), "</%s>", name);
	if (!open || n < 0 || (size_t)n >= sizeof(close))
		return false;
	const struct bytes after = behind(*rest, open);
	const char *end = memchr(after.p, '>', after.n);
	if (!end)
		return false;
	struct bytes body = behind(after, end + 1);
	if (end > after.p && end[-1] == '/') {
		*inner = (struct bytes){ body.p, 0 };
		*rest = body;
		return true;
	}
	const char *stop = find(body, (struct bytes){ close, (size_t)n });
	if (!stop)
		return false;
	*inner = (struct bytes){ body.p, (size_t)(stop - body.p) };
	*rest = behind(body, stop + n);
	return true;
}

/* ---- entities ---- */

/* "&#38;" and "&#x26;". @return the code point; 0: it is none */
static uint32_t number(struct bytes text)
{
	bool hex = text.n > 1 && (text.p[1] == 'x' || text.p[1] == 'X');
	uint32_t value = 0;
	for (size_t i = hex ? 2 : 1; i < text.n; i++) {
		int digit = hex_digit(text.p[i]);
		if (digit < 0 || (!hex && digit > 9) || value > 0x10ffff)
			return 0;
		value = value * (hex ? 16 : 10) + (uint32_t)digit;
	}
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	return value > 0x10ffff || surrogate ? 0 : value;
}

/* Append what "name" of "&name;" stands for. @return false: nothing we know */
static bool add_entity(struct buf *out, struct bytes name)
{
	static const struct {
		struct bytes name;
		char stands_for;
	} known[] = {
		{ { "amp", 3 }, '&' },  { { "lt", 2 }, '<' },    { { "gt", 2 }, '>' },
		{ { "quot", 4 }, '"' }, { { "apos", 4 }, '\'' },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (bytes_eq(name, known[i].name)) {
			buf_add(out, &known[i].stands_for, 1);
			return true;
		}
	}
	char text[4];
	uint32_t cp = name.n > 1 && name.p[0] == '#' ? number(name) : 0;
	if (cp)
		buf_add(out, text, utf8_encode(text, cp));
	return cp != 0;
}

/* Append what the text, which begins with '&', begins with. @return how much of it that is */
static size_t add_reference(struct buf *out, struct bytes text)
{
	size_t most = text.n < ENTITY_MAX ? text.n : ENTITY_MAX;
	const char *semicolon = memchr(text.p, ';', most);
	size_t n = semicolon ? (size_t)(semicolon - text.p) : 0;
	if (n > 1 && add_entity(out, (struct bytes){ text.p + 1, n - 1 }))
		return n + 1;
	buf_add(out, text.p, 1);
	return 1;
}

void aws_xml_text(struct buf *out, struct bytes xml, const char *name)
{
	struct bytes text;
	if (!aws_xml_next(&xml, name, &text))
		return;
	while (text.n > 0) {
		const char *amp = memchr(text.p, '&', text.n);
		size_t plain = amp ? (size_t)(amp - text.p) : text.n;
		buf_add(out, text.p, plain);
		text = behind(text, text.p + plain);
		if (text.n > 0)
			text = behind(text, text.p + add_reference(out, text));
	}
}
