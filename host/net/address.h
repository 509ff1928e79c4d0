/*
 * address.h - the addresses of peers: read, written, compared by block. Pure.
 *
 * An IPv4 address that comes mapped into IPv6 (::ffff:192.0.2.1, as a socket for both gives it) is
 * that IPv4 address. A peer on a Unix socket has no address and is called "unix".
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct sockaddr;

enum net_family { NET_UNIX, NET_IPV4, NET_IPV6 };
enum { NET_ADDRESS_SIZE = 46 }; /* as text, with its NUL */

struct net_address {
	enum net_family family;
	uint8_t b[16]; /* of an IPv4 address the first four; the rest is 0 */
};

struct net_block {
	struct net_address base;
	unsigned bits; /* of base that count */
};

/* @param[out] port 0 for a Unix socket */
void net_address_of(struct net_address *out, uint16_t *port, const struct sockaddr *a);

/* "192.0.2.1", "2001:db8::1": no brackets, no zone */
bool net_address_parse(struct net_address *out, struct bytes text);
void net_address_text(const struct net_address *a, char out[NET_ADDRESS_SIZE]);

/* An address, one with a length ("10.0.0.0/8": bits beyond it must be 0), or "unix". */
bool net_block_parse(struct net_block *out, struct bytes text);
bool net_block_has(const struct net_block *block, const struct net_address *a);

bool net_address_is_loopback(const struct net_address *a); /* a Unix socket is, too */

#endif
