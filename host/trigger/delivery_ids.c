#include "trigger/delivery_ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/random.h"

enum { DIGEST = 16, ROOM_FIRST = 64 };

struct known {
	uint8_t digest[DIGEST];
	char run[UUID_SIZE];
	uint32_t next; /* in its bucket: the place in the ring and 1; 0: the last */
	int64_t at_ms;
};

struct delivery_ids {
	struct known *ring; /* room places, a power of 2; n of them in use, oldest at `oldest` */
	uint32_t *buckets;  /* room of them; the first known of each: its place and 1 */
	size_t room, oldest, n, most;
};

struct delivery_ids *delivery_ids_new(size_t most)
{
	struct delivery_ids *t = calloc(1, sizeof(*t));
	if (t)
		t->most = most;
	return t;
}

void delivery_ids_free(struct delivery_ids *t)
{
	if (!t)
		return;
	free(t->ring);
	free(t->buckets);
	free(t);
}

static uint32_t *bucket_of(const struct delivery_ids *t, const uint8_t digest[DIGEST])
{
	uint64_t n;
	memcpy(&n, digest, sizeof(n));
	return &t->buckets[n & (t->room - 1)];
}

static struct known *find(const struct delivery_ids *t, const uint8_t digest[DIGEST])
{
	uint32_t at = t->room ? *bucket_of(t, digest) : 0;
	while (at && memcmp(t->ring[at - 1].digest, digest, DIGEST) != 0)
		at = t->ring[at - 1].next;
	return at ? &t->ring[at - 1] : NULL;
}

static void link_in(struct delivery_ids *t, size_t place)
{
	struct known *k = &t->ring[place];
	uint32_t *bucket = bucket_of(t, k->digest);
	k->next = *bucket;
	*bucket = (uint32_t)place + 1;
}

static void unlink_from_bucket(struct delivery_ids *t, size_t place)
{
	const struct known *k = &t->ring[place];
	uint32_t *at = bucket_of(t, k->digest);
	while (*at != place + 1)
		at = &t->ring[*at - 1].next;
	*at = k->next;
}

static void forget_oldest(struct delivery_ids *t)
{
	unlink_from_bucket(t, t->oldest);
	t->oldest = (t->oldest + 1) & (t->room - 1);
	t->n--;
}

static int grow(struct delivery_ids *t)
{
	size_t room = t->room ? 2 * t->room : ROOM_FIRST;
	struct known *ring = calloc(room, sizeof(*ring));
	uint32_t *buckets = calloc(room, sizeof(*buckets));
	if (!ring || !buckets) {
		free(ring);
		free(buckets);
		return -ERR_NOMEM;
	}
	for (size_t i = 0; i < t->n; i++)
		ring[i] = t->ring[(t->oldest + i) & (t->room - 1)];
	free(t->ring);
	free(t->buckets);
	t->ring = ring;
	t->buckets = buckets;
	t->room = room;
	t->oldest = 0;
	for (size_t i = 0; i < t->n; i++)
		link_in(t, i);
	return 0;
}

static int digest_of(uint8_t out[DIGEST], const char *id)
{
	uint8_t whole[SHA256_LEN];
	int rc = sha256(whole, bytes_str(id));
	if (rc == 0)
		memcpy(out, whole, DIGEST);
	return rc;
}

const char *delivery_ids_find(const struct delivery_ids *t, const char *id)
{
	uint8_t digest[DIGEST];
	const struct known *k = digest_of(digest, id) == 0 ? find(t, digest) : NULL;
	return k ? k->run : NULL;
}

int delivery_ids_add(struct delivery_ids *t, const char *id, const char *run, int64_t at_ms)
{
	uint8_t digest[DIGEST];
	if (digest_of(digest, id) < 0)
		return -ERR_NOMEM;
	struct known *k = find(t, digest);
	if (!k) {
		if (t->n == t->most)
			forget_oldest(t);
		if (t->n == t->room && grow(t) < 0)
			return -ERR_NOMEM;
		size_t place = (t->oldest + t->n++) & (t->room - 1);
		k = &t->ring[place];
		*k = (struct known){ .at_ms = at_ms };
		memcpy(k->digest, digest, DIGEST);
		link_in(t, place);
	}
	(void)snprintf(k->run, sizeof(k->run), "%s", run);
	return 0;
}

void delivery_ids_drop_newest(struct delivery_ids *t)
{
	INVARIANT(t->n > 0);
	unlink_from_bucket(t, (t->oldest + t->n - 1) & (t->room - 1));
	t->n--;
}

void delivery_ids_forget(struct delivery_ids *t, int64_t before_ms)
{
	while (t->n > 0 && t->ring[t->oldest].at_ms < before_ms)
		forget_oldest(t);
}
