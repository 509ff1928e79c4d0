#include "audit/merkle.h"

#include <string.h>

#include "base/err.h"

bool hash_eq(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, SHA256_LEN) == 0;
}

bool hash_from_hex(struct hash *out, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	if (strlen(hex) != SHA256_HEX || strspn(hex, digits) != SHA256_HEX)
		return false;
	for (size_t i = 0; i < SHA256_LEN; i++) {
		ptrdiff_t high = strchr(digits, hex[2 * i]) - digits;
		ptrdiff_t low = strchr(digits, hex[2 * i + 1]) - digits;
		out->b[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

int merkle_leaf(struct hash *out, struct bytes line)
{
	struct sha256 *h = sha256_begin();
	sha256_add(h, (struct bytes){ "", 1 }); /* 0x00 */
	sha256_add(h, line);
	return sha256_end(h, out->b);
}

static int node_of(struct hash *out, const struct hash *left, const struct hash *right)
{
	char in[1 + 2 * SHA256_LEN] = { 1 };
	memcpy(in + 1, left->b, SHA256_LEN);
	memcpy(in + 1 + SHA256_LEN, right->b, SHA256_LEN);
	return sha256(out->b, (struct bytes){ in, sizeof(in) });
}

/* ---- growing ---- */

unsigned merkle_nodes(const struct merkle *t)
{
	unsigned n = 0;
	for (uint64_t rest = t->size; rest; rest &= rest - 1)
		n++;
	return n;
}

int merkle_add(struct merkle *t, const struct hash *leaf)
{
	unsigned n = merkle_nodes(t);
	struct hash h = *leaf;
	/* Each low bit that is set is a whole subtree as large as what was put together so far. */
	for (uint64_t rest = t->size; rest & 1; rest >>= 1) {
		int rc = node_of(&h, &t->nodes[n - 1], &h);
		if (rc < 0)
			return rc;
		n--;
	}
	t->nodes[n] = h;
	t->size++;
	return 0;
}

int merkle_root(struct hash *out, const struct merkle *t)
{
	unsigned n = merkle_nodes(t);
	if (n == 0)
		return sha256(out->b, (struct bytes){ "", 0 });
	*out = t->nodes[n - 1];
	for (unsigned i = n - 1; i > 0; i--) {
		int rc = node_of(out, &t->nodes[i - 1], out);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int merkle_root_of(struct hash *out, const struct hash *leaves, uint64_t n)
{
	struct merkle t = { 0 };
	int rc = 0;
	for (uint64_t i = 0; i < n && rc == 0; i++)
		rc = merkle_add(&t, &leaves[i]);
	return rc < 0 ? rc : merkle_root(out, &t);
}

/* ---- proving ---- */

/* The largest power of two below n > 1. */
static uint64_t split_of(uint64_t n)
{
	uint64_t k = 1;
	while (k < n - k)
		k *= 2;
	return k;
}

static int push_root(struct merkle_path *p, const struct hash *leaves, uint64_t n)
{
	INVARIANT(p->n < sizeof(p->v) / sizeof(p->v[0]));
	return merkle_root_of(&p->v[p->n++], leaves, n);
}

/* Paths run from the leaf upwards; the walk down finds them in the other order. */
static void turn_round(struct merkle_path *p)
{
	for (size_t i = 0; i + 1 < p->n - i; i++) {
		struct hash h = p->v[i];
		p->v[i] = p->v[p->n - 1 - i];
		p->v[p->n - 1 - i] = h;
	}
}

int merkle_inclusion_near(struct merkle_path *out, const struct hash *leaves, uint64_t n,
			  uint64_t index, const struct merkle_path *near, uint64_t near_index)
{
	INVARIANT(index < n);
	int rc = 0;
	out->n = 0;
	while (n > 1 && rc == 0) {
		uint64_t k = split_of(n);
		bool left = index < k;
		if (near && left == (near_index < k)) {
			out->v[out->n] = near->v[near->n - 1 - out->n];
			out->n++;
		} else {
			near = NULL; /* from here on the two have nothing in common */
			rc = push_root(out, left ? leaves + k : leaves, left ? n - k : k);
		}
		n = left ? k : n - k;
		if (left)
			continue;
		leaves += k;
		index -= k;
		near_index -= near ? k : 0;
	}
	turn_round(out);
	return rc;
}

int merkle_inclusion(struct merkle_path *out, const struct hash *leaves, uint64_t n, uint64_t index)
{
	return merkle_inclusion_near(out, leaves, n, index, NULL, 0);
}

int merkle_consistency(struct merkle_path *out, const struct hash *leaves, uint64_t n, uint64_t old)
{
	INVARIANT(old > 0 && old <= n);
	bool whole = true; /* the old tree's root is known to whoever checks: it need not be told */
	int rc = 0;
	out->n = 0;
	while (old != n && rc == 0) {
		uint64_t k = split_of(n);
		if (old <= k) {
			rc = push_root(out, leaves + k, n - k);
			n = k;
		} else {
			rc = push_root(out, leaves, k);
			leaves += k;
			old -= k;
			n -= k;
			whole = false;
		}
	}
	if (rc == 0 && !whole)
		rc = push_root(out, leaves, n);
	turn_round(out);
	return rc;
}

/* ---- checking ---- */

int merkle_check_inclusion(const struct merkle_claim *claim, const struct merkle_path *p,
			   const struct hash *leaf, const struct hash *root)
{
	uint64_t fn = claim->index, sn = claim->size - 1;
	struct hash r = *leaf;
	if (claim->index >= claim->size)
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		if (sn == 0)
			return 0;
		bool left = (fn & 1) || fn == sn;
		int rc = left ? node_of(&r, &p->v[i], &r) : node_of(&r, &r, &p->v[i]);
		if (rc < 0)
			return rc;
		while (left && !(fn & 1) && fn != 0) {
			fn >>= 1;
			sn >>= 1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_eq(&r, root);
}

static int check_longer(uint64_t old, uint64_t size, const struct merkle_path *p,
			const struct hash *old_root, const struct hash *root)
{
	uint64_t fn = old - 1, sn = size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	size_t i = 0;
	/* A whole old tree is itself the first hash of the path. */
	struct hash fr = (old & (old - 1)) == 0 ? *old_root : p->v[i++], sr = fr;
	for (; i < p->n; i++) {
		const struct hash *c = &p->v[i];
		bool left = (fn & 1) || fn == sn;
		if (sn == 0)
			return 0;
		if (left && node_of(&fr, c, &fr) < 0)
			return -ERR_NOMEM;
		if ((left ? node_of(&sr, c, &sr) : node_of(&sr, &sr, c)) < 0)
			return -ERR_NOMEM;
		while (left && !(fn & 1) && fn != 0) {
			fn >>= 1;
			sn >>= 1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_eq(&fr, old_root) && hash_eq(&sr, root);
}

int merkle_check_consistency(const struct merkle_claim *claim, const struct merkle_path *p,
			     const struct hash *old_root, const struct hash *root)
{
	if (claim->old > claim->size)
		return 0;
	if (claim->old == claim->size)
		return p->n == 0 && hash_eq(old_root, root);
	if (claim->old == 0) /* whatever comes after nothing is consistent with it */
		return p->n == 0;
	return p->n == 0 ? 0 : check_longer(claim->old, claim->size, p, old_root, root);
}
