#include "local/core/arn.h"

#include "base/utf8.h"
#include "local/core/fault.h"

/* Cut the bytes before the next colon off *rest; false when there is none left. */
static bool cut(struct bytes *rest, struct bytes *out)
{
	if (!rest->p)
		return false;
	const char *colon = rest->n ? memchr(rest->p, ':', rest->n) : NULL;
	*out = *rest;
	if (!colon) {
		*rest = (struct bytes){ NULL, 0 };
		return true;
	}
	out->n = (size_t)(colon - rest->p);
	*rest = (struct bytes){ colon + 1, rest->n - out->n - 1 };
	return true;
}

static int parse(struct arn *out, const char *text, struct err *err)
{
	struct bytes rest = bytes_str(text), prefix;
	*out = (struct arn){ 0 };
	if (!cut(&rest, &prefix) || !bytes_eq(prefix, BYTES_LIT("arn")))
		return fault(err, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", text);
	if (!cut(&rest, &out->partition) || !cut(&rest, &out->service) ||
	    !cut(&rest, &out->region) || !cut(&rest, &out->account) || !cut(&rest, &out->type) ||
	    !cut(&rest, &out->machine) || out->machine.n == 0)
		return fault(err, "InvalidArn", "Invalid Arn: 'Invalid ARN: %s'", text);
	out->rest = rest;
	const char *slash = memchr(out->machine.p, '/', out->machine.n);
	if (slash) {
		size_t n = (size_t)(slash - out->machine.p);
		out->label = (struct bytes){ slash + 1, out->machine.n - n - 1 };
		out->machine.n = n;
	}
	return 0;
}

int arn_parse_as(struct arn *out, const char *text, const char *type, const char *other,
		 struct err *err)
{
	int rc = parse(out, text, err);
	if (rc)
		return rc;
	if (bytes_eq(out->type, bytes_str(type)) ||
	    (other && bytes_eq(out->type, bytes_str(other))))
		return 0;
	return fault(err, "InvalidArn",
		     "Invalid Arn: 'Resource type not valid in this context: %.*s'",
		     (int)out->type.n, out->type.p);
}

static bool name_char_ok(uint32_t c)
{
	static const char banned[] = " <>{}[]?*\"#%\\^|~`$&,;:/";
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff || c == 0x10ffff)
		return false;
	return c > 0x7f || !strchr(banned, (int)c);
}

bool arn_name_ok(const char *name)
{
	size_t n = strlen(name), chars = 0;
	for (size_t i = 0; i < n; chars++) {
		size_t len = utf8_valid_at(name + i, n - i);
		if (!len || !name_char_ok(utf8_decode(name + i, len)))
			return false;
		i += len;
	}
	return chars >= 1 && chars <= 80;
}
