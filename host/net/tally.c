#include "net/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { BUCKETS = 1024 };

struct client {
	struct client *next;
	struct net_address who;
	int n;
};

struct tally {
	uint64_t seed; /* or a stranger could have all his networks in one bucket */
	struct client *buckets[BUCKETS];
};

int tally_new(struct tally **out, struct err *err)
{
	struct tally *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, ERR_NOMEM, "no memory to count clients");
	random_bytes(&t->seed, sizeof(t->seed));
	*out = t;
	return 0;
}

void tally_free(struct tally *t)
{
	for (size_t i = 0; t && i < BUCKETS; i++) {
		for (struct client *c = t->buckets[i], *next; c; c = next) {
			next = c->next;
			free(c);
		}
	}
	free(t);
}

static struct net_address client_of(const struct net_address *a)
{
	struct net_address who = *a;
	if (who.family == NET_IPV6)
		memset(who.b + 8, 0, 8);
	return who;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* Where the entry of that client is, or would be. */
static struct client **find(struct tally *t, const struct net_address *who)
{
	uint64_t key;
	memcpy(&key, who->b, sizeof(key));
	struct client **at = &t->buckets[mix(mix(key ^ t->seed) + who->family) % BUCKETS];
	while (*at && ((*at)->who.family != who->family ||
		       memcmp((*at)->who.b, who->b, sizeof(who->b)) != 0))
		at = &(*at)->next;
	return at;
}

bool tally_add(struct tally *t, const struct net_address *a, int max)
{
	struct net_address who = client_of(a);
	struct client **at = find(t, &who);
	if (*at && (*at)->n >= max)
		return false;
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return false;
		(*at)->who = who;
	}
	(*at)->n++;
	return true;
}

void tally_drop(struct tally *t, const struct net_address *a)
{
	struct net_address who = client_of(a);
	struct client **at = find(t, &who), *c = *at;
	INVARIANT(c && c->n > 0);
	if (--c->n > 0)
		return;
	*at = c->next;
	free(c);
}
