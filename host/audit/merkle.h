/*
 * merkle.h - the Merkle tree of RFC 6962 section 2.1, over leaves that only ever grow in number.
 *
 *	leaf = SHA-256(0x00 || line)    node = SHA-256(0x01 || left || right)    empty = SHA-256("")
 *
 * A growing tree needs only its frontier: the roots of the whole subtrees it is made of, at most 64
 * hashes. Proofs are made from all leaves (merkle_inclusion, merkle_consistency) and checked from
 * the roots alone (merkle_check_inclusion, merkle_check_consistency; the procedures of RFC 9162
 * sections 2.1.3.2 and 2.1.4.2).
 *
 * Pure. OpenSSL's SHA-256 fails only for want of memory at its set-up; then -ERR_NOMEM.
 */
#ifndef AUDIT_MERKLE_H
#define AUDIT_MERKLE_H

#include "base/bytes.h"
#include "base/crypto.h"

struct hash {
	uint8_t b[SHA256_LEN];
};

enum { MERKLE_DEPTH = 64 };

bool hash_eq(const struct hash *a, const struct hash *b);

/* Read 64 lower-case hex digits and nothing else. */
bool hash_from_hex(struct hash *out, const char *hex);

NODISCARD int merkle_leaf(struct hash *out, struct bytes line);

/* A tree by its frontier. */
struct merkle {
	uint64_t size; /* leaves */
	/* the roots of the whole subtrees, largest first: one for each bit that is set in size */
	struct hash nodes[MERKLE_DEPTH];
};

/* How many of t->nodes are in use. */
unsigned merkle_nodes(const struct merkle *t);

NODISCARD int merkle_add(struct merkle *t, const struct hash *leaf);
NODISCARD int merkle_root(struct hash *out, const struct merkle *t);

/* A path of hashes: an inclusion or a consistency proof. */
struct merkle_path {
	size_t n;
	struct hash v[2 * MERKLE_DEPTH];
};

/* The root over leaves[0..n). */
NODISCARD int merkle_root_of(struct hash *out, const struct hash *leaves, uint64_t n);

/* The path of leaf `index` (< n) in the tree of leaves[0..n). */
NODISCARD int merkle_inclusion(struct merkle_path *out, const struct hash *leaves, uint64_t n,
			       uint64_t index);

/* The same when the path of leaf near_index of these leaves is known: what both have in common is taken
 * from there, so that the paths of all leaves, in order, cost n log n hashes. near NULL: not known.
 * out is not near. */
NODISCARD int merkle_inclusion_near(struct merkle_path *out, const struct hash *leaves, uint64_t n,
				    uint64_t index, const struct merkle_path *near,
				    uint64_t near_index);

/* That the tree of leaves[0..old), 0 < old <= n, is the beginning of that of leaves[0..n). */
NODISCARD int merkle_consistency(struct merkle_path *out, const struct hash *leaves, uint64_t n,
				 uint64_t old);

/* What is proved. */
struct merkle_claim {
	uint64_t index; /* of the leaf, for inclusion */
	uint64_t old;   /* size of the older tree, for consistency */
	uint64_t size;  /* of the tree */
};

/* @return 1 when the path proves that leaf is at claim->index of the tree with that root; 0 when
 * not; -ERR_NOMEM */
NODISCARD int merkle_check_inclusion(const struct merkle_claim *claim, const struct merkle_path *p,
				     const struct hash *leaf, const struct hash *root);

/* The same, that the tree with old_root is the beginning of the one with root. */
NODISCARD int merkle_check_consistency(const struct merkle_claim *claim,
				       const struct merkle_path *p, const struct hash *old_root,
				       const struct hash *root);

#endif
