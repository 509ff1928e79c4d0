#include "aws/canonical.h"

#include <stdlib.h>
#include <strings.h>

#include "base/percent.h"

enum { QUERY_MAX = 1 << 16 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* ---- path ---- */

static bool segment_is(struct bytes s, const char *text)
{
	return bytes_eq(s, bytes_str(text));
}

/* Take the next segment off the front of *rest. False at the end of the path. */
static bool next_segment(struct bytes *rest, struct bytes *segment)
{
	while (rest->n > 0 && *rest->p == '/') {
		rest->p++;
		rest->n--;
	}
	*segment = (struct bytes){ rest->p, 0 };
	while (rest->n > 0 && *rest->p != '/') {
		rest->p++;
		rest->n--;
		segment->n++;
	}
	return segment->n > 0;
}

/* Write "/a/b", resolving "." and "..": *out holds nothing but this path from `start` on. */
static void add_normalised(struct buf *out, struct bytes path)
{
	size_t start = out->n;
	struct bytes rest = path, segment;
	bool ends_open = path.n > 0 && path.p[path.n - 1] == '/';
	while (next_segment(&rest, &segment)) {
		bool dot = segment_is(segment, "."), up = segment_is(segment, "..");
		if (rest.n == 0 && (dot || up))
			ends_open = true;
		while (up && out->n > start && out->p[--out->n] != '/')
			; /* drop the last segment with its slash */
		if (dot || up)
			continue;
		buf_adds(out, "/");
		percent_encode(out, segment, PERCENT_UNRESERVED);
	}
	if (ends_open || out->n == start)
		buf_adds(out, "/");
}

void canonical_path(struct buf *out, struct bytes path, bool normalise)
{
	if (normalise) {
		add_normalised(out, path);
		return;
	}
	percent_encode(out, path, PERCENT_UNRESERVED "/");
	if (path.n == 0)
		buf_adds(out, "/");
}

/* ---- query ---- */

struct pair {
	struct bytes name, value; /* inside the encoded text */
};

/* Encode what is not encoded yet: "%e1" becomes "%E1", a lone "%" becomes "%25". */
static struct bytes encode_part(struct buf *text, struct bytes part)
{
	size_t start = text->n;
	while (part.n > 0) {
		char c = percent_take(&part);
		percent_encode(text, (struct bytes){ &c, 1 }, PERCENT_UNRESERVED);
	}
	return (struct bytes){ NULL, text->n - start };
}

static int order(struct bytes a, struct bytes b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = n > 0 ? memcmp(a.p, b.p, n) : 0;
	return diff ? diff : (a.n > b.n) - (a.n < b.n);
}

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int by_name = order(x->name, y->name);
	return by_name ? by_name : order(x->value, y->value);
}

/* Split and encode into *text; afterwards give every pair its place there. */
static size_t encode_pairs(struct buf *text, struct pair *pairs, struct bytes query)
{
	size_t n = 0;
	while (query.n > 0) {
		const char *amp = memchr(query.p, '&', query.n);
		struct bytes pair = { query.p, amp ? (size_t)(amp - query.p) : query.n };
		size_t taken = pair.n + (amp ? 1 : 0);
		query = (struct bytes){ query.p + taken, query.n - taken };
		if (pair.n == 0)
			continue;
		const char *eq = memchr(pair.p, '=', pair.n);
		size_t name = eq ? (size_t)(eq - pair.p) : pair.n;
		size_t skip = eq ? name + 1 : name;
		pairs[n].name = encode_part(text, (struct bytes){ pair.p, name });
		pairs[n].value = encode_part(text, (struct bytes){ pair.p + skip, pair.n - skip });
		n++;
	}
	const char *at = text->p;
	for (size_t i = 0; i < n && at; i++) {
		pairs[i].name.p = at;
		pairs[i].value.p = at + pairs[i].name.n;
		at += pairs[i].name.n + pairs[i].value.n;
	}
	return n;
}

int canonical_query(struct buf *out, struct bytes query, struct err *err)
{
	if (query.n == 0)
		return 0;
	size_t most = 1;
	for (size_t i = 0; i < query.n; i++)
		most += query.p[i] == '&';
	struct buf text = BUF_INIT(QUERY_MAX);
	struct pair *pairs = calloc(most, sizeof(*pairs));
	size_t n = pairs ? encode_pairs(&text, pairs, query) : 0;
	int rc = pairs ? text.err : -ERR_NOMEM;
	if (rc == 0 && n > 0)
		qsort(pairs, n, sizeof(*pairs), pair_order);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		buf_adds(out, i > 0 ? "&" : "");
		buf_add(out, pairs[i].name.p, pairs[i].name.n);
		buf_adds(out, "=");
		buf_add(out, pairs[i].value.p, pairs[i].value.n);
	}
	free(pairs);
	buf_clear(&text);
	return rc == 0 ? 0 : err_set(err, err_code_of(rc), "cannot put the query in order");
}

/* ---- headers ---- */

/* Changed on the way by proxies or by the HTTP library: a signature over them would break. */
static bool is_signed(const char *name)
{
	static const char *const unsigned_names[] = {
		"authorization",
		"connection",
		"expect",
		"keep-alive",
		"proxy-authenticate",
		"proxy-authorization",
		"te",
		"trailer",
		"transfer-encoding",
		"upgrade",
		"user-agent",
		"x-amzn-trace-id",
		"accept-encoding",
	};
	for (size_t i = 0; i < sizeof(unsigned_names) / sizeof(unsigned_names[0]); i++) {
		if (strcasecmp(name, unsigned_names[i]) == 0)
			return false;
	}
	/* Says which attempt this is; added for the service's statistics, never signed. */
	return strncasecmp(name, "amz-sdk-", 8) != 0;
}

static void add_lower(struct buf *out, const char *s)
{
	for (; *s; s++) {
		char c = lower(*s);
		buf_add(out, &c, 1);
	}
}

static void add_trimmed(struct buf *out, const char *value)
{
	bool blank = false, first = true;
	for (; *value; value++) {
		if (is_blank(*value)) {
			blank = true;
			continue;
		}
		if (blank && !first)
			buf_adds(out, " ");
		buf_add(out, value, 1);
		blank = first = false;
	}
}

/* Sort by name, keeping the order of equal names: insertion, for there are about ten. */
static void sort_by_name(const struct http_header **list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct http_header *h = list[i];
		size_t k = i;
		for (; k > 0 && strcasecmp(list[k - 1]->name, h->name) > 0; k--)
			list[k] = list[k - 1];
		list[k] = h;
	}
}

int canonical_headers(struct buf *out, struct buf *names, const struct http_header *headers,
		      size_t n, struct err *err)
{
	const struct http_header *list[CANONICAL_HEADERS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_signed(headers[i].name))
			continue;
		if (count == CANONICAL_HEADERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d headers to sign",
				       CANONICAL_HEADERS_MAX);
		list[count++] = &headers[i];
	}
	sort_by_name(list, count);
	for (size_t i = 0; i < count; i++) {
		bool again = i > 0 && strcasecmp(list[i - 1]->name, list[i]->name) == 0;
		bool more = i + 1 < count && strcasecmp(list[i + 1]->name, list[i]->name) == 0;
		if (again) {
			buf_adds(out, ",");
		} else {
			add_lower(out, list[i]->name);
			buf_adds(out, ":");
			buf_adds(names, names->n > 0 ? ";" : "");
			add_lower(names, list[i]->name);
		}
		add_trimmed(out, list[i]->value);
		buf_adds(out, more ? "" : "\n");
	}
	return 0;
}
