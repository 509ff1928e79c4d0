#include "net/http_forwarded.h"

#include <string.h>
#include <strings.h>

bool net_blocks_have(const struct net_blocks *blocks, const struct net_address *a)
{
	for (size_t i = 0; i < blocks->n; i++) {
		if (net_block_has(&blocks->list[i], a))
			return true;
	}
	return false;
}

static struct bytes trim(struct bytes b)
{
	while (b.n && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = (struct bytes){ b.p + 1, b.n - 1 };
	while (b.n && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		b.n--;
	return b;
}

/* "192.0.2.1:80" and "[::1]:80" without what is around the address; "::1" as it is. */
static struct bytes without_port(struct bytes entry)
{
	const char *colon = entry.n ? memchr(entry.p, ':', entry.n) : NULL;
	const char *close = entry.n ? memchr(entry.p, ']', entry.n) : NULL;
	if (close && entry.p[0] == '[')
		return (struct bytes){ entry.p + 1, (size_t)(close - entry.p - 1) };
	if (colon && !memchr(colon + 1, ':', entry.n - (size_t)(colon + 1 - entry.p)))
		return (struct bytes){ entry.p, (size_t)(colon - entry.p) };
	return entry;
}

/* Take the last entry off the list. */
static struct bytes last_entry(struct bytes *list)
{
	const char *comma = list->n ? memrchr(list->p, ',', list->n) : NULL;
	size_t from = comma ? (size_t)(comma + 1 - list->p) : 0;
	struct bytes entry = { list->p + from, list->n - from };
	list->n = comma ? from - 1 : 0;
	return trim(entry);
}

/* Go on through one header's list. @return whether the client is found */
static bool read_list(struct net_address *at, const struct net_blocks *proxies, struct bytes list)
{
	while (list.n > 0) {
		struct net_address a;
		if (!net_address_parse(&a, without_port(last_entry(&list))))
			return true;
		*at = a;
		if (!net_blocks_have(proxies, at))
			return true;
	}
	return false;
}

struct net_address http_forwarded_for(const struct net_address *peer,
				      const struct net_blocks *proxies,
				      const struct http_header *headers, size_t n_headers)
{
	struct net_address at = *peer;
	for (size_t i = n_headers; i-- > 0;) {
		if (strcasecmp(headers[i].name, "X-Forwarded-For") == 0 &&
		    read_list(&at, proxies, bytes_str(headers[i].value)))
			break;
	}
	return at;
}
