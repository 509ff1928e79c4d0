#include "base/percent.h"

static bool is_plain(char c, const char *keep)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c && strchr(keep, c);
}

void percent_encode(struct buf *out, struct bytes text, const char *keep)
{
	for (size_t i = 0; i < text.n; i++) {
		if (is_plain(text.p[i], keep))
			buf_add(out, &text.p[i], 1);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)text.p[i]);
	}
}

char percent_take(struct bytes *text)
{
	const char *p = text->p;
	int high = p[0] == '%' && text->n > 2 ? hex_digit(p[1]) : -1;
	int low = high >= 0 ? hex_digit(p[2]) : -1;
	size_t n = low >= 0 ? 3 : 1;
	*text = (struct bytes){ p + n, text->n - n };
	if (low < 0)
		return p[0];
	return (char)(high * 16 + low);
}

void percent_decode(struct buf *out, struct bytes text, bool form)
{
	while (text.n > 0) {
		bool blank = form && text.p[0] == '+';
		char c = percent_take(&text);
		if (blank)
			c = ' ';
		buf_add(out, &c, 1);
	}
}
