/*
 * tally.h - how many things each client has at the moment: connections, requests. Pure.
 *
 * A client is an IPv4 address, or the first 64 bits of an IPv6 address: whoever has one address of
 * those has them all. Unix sockets are one client.
 */
#ifndef NET_TALLY_H
#define NET_TALLY_H

#include "base/compiler.h"
#include "base/err.h"
#include "net/address.h"

struct tally;

/* @param[out] out owned by the caller; tally_free */
NODISCARD int tally_new(struct tally **out, struct err *err);
void tally_free(struct tally *t); /* NULL is fine */

/* One more, unless that would be more than max. @return whether it was counted */
NODISCARD bool tally_add(struct tally *t, const struct net_address *a, int max);

/* One less of what was counted by tally_add. */
void tally_drop(struct tally *t, const struct net_address *a);

#endif
