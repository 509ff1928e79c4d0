/*
 * http_forwarded.h - who sent a request that came through proxies; inside net/ only. Pure.
 *
 * Each proxy appends to X-Forwarded-For whom it got the request from, so only what trusted proxies
 * have appended is worth anything: the list is read from its end, and the first address that is not
 * a trusted proxy is the client. Entries are addresses, with or without a port. Where one is
 * something else ("unknown"), or all are proxies, it is the last address read that is taken.
 * The header Forwarded of RFC 7239 is not read.
 */
#ifndef NET_HTTP_FORWARDED_H
#define NET_HTTP_FORWARDED_H

#include "base/http.h"
#include "net/address.h"

struct net_blocks {
	struct net_block *list;
	size_t n;
};

bool net_blocks_have(const struct net_blocks *blocks, const struct net_address *a);

/* @param peer a trusted proxy, which the request came from @return who sent it */
struct net_address http_forwarded_for(const struct net_address *peer,
				      const struct net_blocks *proxies,
				      const struct http_header *headers, size_t n_headers);

#endif
