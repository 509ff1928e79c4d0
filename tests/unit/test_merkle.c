/* The tree of RFC 6962: known vectors, and every proof of every small tree, whole and spoilt. */
#include "tap.h"

#include <stdio.h>

#include "audit/merkle.h"

enum { MANY = 40 };

/* The leaves and roots that implementations of Certificate Transparency test with. */
static const struct bytes inputs[] = {
	{ "", sizeof("") - 1 },
	{ "\x00", sizeof("\x00") - 1 },
	{ "\x10", sizeof("\x10") - 1 },
	{ "\x20\x21", sizeof("\x20\x21") - 1 },
	{ "\x30\x31", sizeof("\x30\x31") - 1 },
	{ "\x40\x41\x42\x43", sizeof("\x40\x41\x42\x43") - 1 },
	{ "\x50\x51\x52\x53\x54\x55\x56\x57", sizeof("\x50\x51\x52\x53\x54\x55\x56\x57") - 1 },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
	  sizeof("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f") - 1 },
};

static const char *const roots[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static const char *hex(const struct hash *h)
{
	static char text[SHA256_HEX + 1];
	hex_lower(text, h->b, SHA256_LEN);
	return text;
}

static void make_leaves(struct hash leaves[MANY])
{
	for (int i = 0; i < MANY; i++) {
		char line[16];
		int n = snprintf(line, sizeof(line), "line %d", i);
		REQUIRE(merkle_leaf(&leaves[i], (struct bytes){ line, (size_t)n }) == 0);
	}
}

TEST(roots_are_those_of_the_known_vectors)
{
	struct merkle t = { 0 };
	struct hash root, leaf;

	for (size_t i = 0; i <= 8; i++) {
		CHECK(merkle_root(&root, &t) == 0);
		CHECK_STR(hex(&root), roots[i]);
		if (i < 8)
			CHECK(merkle_leaf(&leaf, inputs[i]) == 0 && merkle_add(&t, &leaf) == 0);
	}
}

TEST(paths_are_those_of_the_known_vectors)
{
	struct hash leaves[8];
	struct merkle_path p;
	for (size_t i = 0; i < 8; i++)
		CHECK(merkle_leaf(&leaves[i], inputs[i]) == 0);

	CHECK(merkle_inclusion(&p, leaves, 8, 5) == 0);
	REQUIRE(p.n == 3);
	CHECK_STR(hex(&p.v[0]), "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
	CHECK_STR(hex(&p.v[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
	CHECK_STR(hex(&p.v[2]), roots[4]);

	CHECK(merkle_consistency(&p, leaves, 8, 6) == 0);
	REQUIRE(p.n == 3);
	CHECK_STR(hex(&p.v[0]), "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
	CHECK_STR(hex(&p.v[1]), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
	CHECK_STR(hex(&p.v[2]), roots[4]);
}

/* The path holds; with a hash flipped, one less, one more, another place or another leaf it does not. */
static void check_inclusion(const struct hash *leaves, uint64_t n, uint64_t i)
{
	struct merkle_path p;
	struct hash root;
	struct merkle_claim claim = { .index = i, .size = n };
	CHECK(merkle_root_of(&root, leaves, n) == 0 && merkle_inclusion(&p, leaves, n, i) == 0);
	CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[i], &root), 1);
	CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[(i + 1) % MANY], &root), 0);
	for (size_t k = 0; k < p.n; k++) {
		p.v[k].b[k % SHA256_LEN] ^= 1;
		CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[i], &root), 0);
		p.v[k].b[k % SHA256_LEN] ^= 1;
	}
	p.n++;
	CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[i], &root), 0);
	p.n -= 1;
	claim.index = i == 0 ? n : i - 1;
	CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[i], &root), 0);
	claim.index = i;
	if (p.n > 0) {
		p.n--;
		CHECK_INT(merkle_check_inclusion(&claim, &p, &leaves[i], &root), 0);
	}
}

TEST(every_leaf_of_every_small_tree_is_proved_and_nothing_else)
{
	struct hash leaves[MANY];
	make_leaves(leaves);
	for (uint64_t n = 1; n < MANY; n++) {
		for (uint64_t i = 0; i < n; i++)
			check_inclusion(leaves, n, i);
	}
}

static void check_consistency(struct hash *leaves, uint64_t old, uint64_t n)
{
	struct merkle_path p;
	struct hash before, now;
	const struct merkle_claim claim = { .old = old, .size = n };
	CHECK(merkle_root_of(&before, leaves, old) == 0 && merkle_root_of(&now, leaves, n) == 0);
	CHECK(merkle_consistency(&p, leaves, n, old) == 0);
	CHECK_INT(merkle_check_consistency(&claim, &p, &before, &now), 1);
	for (size_t k = 0; k < p.n; k++) {
		p.v[k].b[k % SHA256_LEN] ^= 1;
		CHECK_INT(merkle_check_consistency(&claim, &p, &before, &now), 0);
		p.v[k].b[k % SHA256_LEN] ^= 1;
	}
	/* another history: a leaf of the old tree was changed since */
	leaves[old / 2].b[0] ^= 1;
	CHECK(merkle_root_of(&now, leaves, n) == 0 && merkle_consistency(&p, leaves, n, old) == 0);
	CHECK_INT(merkle_check_consistency(&claim, &p, &before, &now), old / 2 >= old);
	leaves[old / 2].b[0] ^= 1;
}

TEST(every_small_tree_is_the_beginning_of_the_larger_ones)
{
	struct hash leaves[MANY];
	make_leaves(leaves);
	for (uint64_t n = 1; n < MANY; n++) {
		for (uint64_t old = 1; old <= n; old++)
			check_consistency(leaves, old, n);
	}
}

TEST(a_path_made_from_another_is_the_same)
{
	enum { N = 37 };
	struct hash leaves[MANY];
	make_leaves(leaves);
	for (uint64_t i = 0; i < N * N; i++) {
		struct merkle_path near, plain, made;
		CHECK(merkle_inclusion(&near, leaves, N, i / N) == 0);
		CHECK(merkle_inclusion(&plain, leaves, N, i % N) == 0);
		CHECK(merkle_inclusion_near(&made, leaves, N, i % N, &near, i / N) == 0);
		CHECK(made.n == plain.n &&
		      memcmp(made.v, plain.v, made.n * sizeof(made.v[0])) == 0);
	}
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(roots_are_those_of_the_known_vectors),
		      TAP_CASE(paths_are_those_of_the_known_vectors),
		      TAP_CASE(every_leaf_of_every_small_tree_is_proved_and_nothing_else),
		      TAP_CASE(a_path_made_from_another_is_the_same),
		      TAP_CASE(every_small_tree_is_the_beginning_of_the_larger_ones)));
}
