/* Digests against published vectors. */
#include "tap.h"

#include "base/crypto.h"

static const char *digest(char hex[SHA256_HEX + 1], const char *first, const char *second)
{
	uint8_t sum[SHA256_LEN];
	struct sha256 *h = sha256_begin();
	sha256_add(h, bytes_str(first));
	sha256_add(h, bytes_str(second));
	if (sha256_end(h, sum) != 0)
		return "(failed)";
	hex_lower(hex, sum, sizeof(sum));
	return hex;
}

/* FIPS 180-4 examples. */
TEST(parts_hash_like_the_whole)
{
	char hex[SHA256_HEX + 1];
	static const char abc[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	CHECK_STR(digest(hex, "", "abc"), abc);
	CHECK_STR(digest(hex, "ab", "c"), abc);
	CHECK_STR(digest(hex, "", ""),
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(digest(hex, "abcdbcdecdefdefgefghfghighijhi", "jkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, test case 2. */
TEST(hmac_matches_the_vector)
{
	uint8_t mac[SHA256_LEN];
	char hex[SHA256_HEX + 1];

	REQUIRE(hmac_sha256(mac, BYTES_LIT("Jefe"), BYTES_LIT("what do ya want for nothing?")) ==
		0);

	hex_lower(hex, mac, sizeof(mac));
	CHECK_STR(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 4231 and RFC 2202, test case 2 of each. */
TEST(codes_of_parts_match_the_vectors)
{
	static const struct {
		enum hmac_digest digest;
		const char *hex;
	} vectors[] = {
		{ HMAC_WITH_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
		{ HMAC_WITH_SHA256,
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ HMAC_WITH_SHA512,
		  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a99"
		  "4a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	};
	const struct bytes parts[] = { BYTES_LIT("what do ya "),
				       { NULL, 0 },
				       BYTES_LIT("want for nothing?") };
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t mac[HMAC_MAX];
		char hex[2 * HMAC_MAX + 1];
		REQUIRE(hmac_parts(mac, vectors[i].digest, BYTES_LIT("Jefe"), parts, 3) == 0);
		hex_lower(hex, mac, hmac_len(vectors[i].digest));
		CHECK_STR(hex, vectors[i].hex);
	}
}

TEST(a_secret_compare_is_exact)
{
	CHECK(bytes_eq_secret(BYTES_LIT("abc"), BYTES_LIT("abc")));
	CHECK(!bytes_eq_secret(BYTES_LIT("abc"), BYTES_LIT("abd")));
	CHECK(!bytes_eq_secret(BYTES_LIT("abc"), BYTES_LIT("ab")));
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(parts_hash_like_the_whole), TAP_CASE(hmac_matches_the_vector),
	    TAP_CASE(codes_of_parts_match_the_vectors), TAP_CASE(a_secret_compare_is_exact)));
}
