#include "admin/form.h"

#include <string.h>
#include <strings.h>

#include "base/percent.h"
#include "base/utf8.h"

enum { NAME_MAX_LEN = 64 };

/* Take what stands before the next `end` off the front of *rest. */
static struct bytes take_part(struct bytes *rest, char end)
{
	const char *at = memchr(rest->p, end, rest->n);
	struct bytes part = { rest->p, at ? (size_t)(at - rest->p) : rest->n };
	size_t taken = part.n + (at != NULL);
	*rest = (struct bytes){ rest->p + taken, rest->n - taken };
	return part;
}

static bool is_named(struct bytes part, const char *name)
{
	struct buf text = BUF_INIT(NAME_MAX_LEN);
	percent_decode(&text, part, true);
	bool same = !text.err && bytes_eq(buf_bytes(&text), bytes_str(name));
	buf_clear(&text);
	return same;
}

/* A text without NUL. */
static bool copy_value(char *out, size_t size, struct bytes value)
{
	if (value.n == 0 || value.n >= size || memchr(value.p, '\0', value.n) ||
	    !utf8_valid(value.p, value.n))
		return false;
	memcpy(out, value.p, value.n);
	out[value.n] = '\0';
	return true;
}

bool form_get(struct bytes form, const char *name, char *out, size_t size)
{
	struct buf value = BUF_INIT(size);
	int found = 0;
	while (form.n > 0) {
		struct bytes part = take_part(&form, '&');
		if (!is_named(take_part(&part, '='), name))
			continue;
		found++;
		buf_cut(&value, 0);
		percent_decode(&value, part, true);
	}
	out[0] = '\0';
	bool good = found == 1 && !value.err && copy_value(out, size, buf_bytes(&value));
	buf_clear(&value);
	return good;
}

bool form_cookie(const struct http_received *req, const char *name, char *out, size_t size)
{
	struct bytes value = { 0 };
	int found = 0;
	for (size_t i = 0; i < req->n_headers; i++) {
		struct bytes rest = bytes_str(req->headers[i].value);
		while (strcasecmp(req->headers[i].name, "Cookie") == 0 && rest.n > 0) {
			struct bytes part = take_part(&rest, ';');
			while (part.n > 0 && part.p[0] == ' ')
				part = (struct bytes){ part.p + 1, part.n - 1 };
			if (!bytes_eq(take_part(&part, '='), bytes_str(name)))
				continue;
			found++;
			value = part;
		}
	}
	out[0] = '\0';
	return found == 1 && copy_value(out, size, value);
}
