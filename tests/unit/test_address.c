/* Addresses of peers, and how many connections each client has. */
#include "tap.h"

#include <arpa/inet.h>

#include "net/address.h"
#include "net/tally.h"

static struct net_address address(const char *text)
{
	struct net_address a = { 0 };
	bool ok = strcmp(text, "unix") == 0 || net_address_parse(&a, bytes_str(text));
	INVARIANT(ok);
	return a;
}

TEST(addresses_are_read_and_written)
{
	static const char *const rows[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "unix", "unix" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_address a = address(rows[i][0]);
		char text[NET_ADDRESS_SIZE];
		net_address_text(&a, text);
		CHECK_STR(text, rows[i][1]);
	}
}

TEST(what_is_no_address_is_refused)
{
	static const char *const rows[] = { "",      "192.0.2",    "192.0.2.256", "192.0.2.1:80",
					    "[::1]", "fe80::1%1",  "localhost",   " ::1",
					    "unix",  "192.0.2.1 ", "010.0.0.1" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_address a;
		if (net_address_parse(&a, bytes_str(rows[i])))
			TAP_NOTE("taken: %s", rows[i]);
		CHECK(!net_address_parse(&a, bytes_str(rows[i])));
	}
	struct net_address a;
	CHECK(!net_address_parse(&a, BYTES_LIT("::1\0")));
	CHECK(!net_address_parse(&a, (struct bytes){ 0 }));
}

TEST(the_address_of_a_socket)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(40212) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
	struct net_address a;
	uint16_t port;
	char text[NET_ADDRESS_SIZE];
	CHECK_INT(inet_pton(AF_INET, "192.0.2.9", &v4.sin_addr), 1);
	CHECK_INT(inet_pton(AF_INET6, "::ffff:192.0.2.9", &v6.sin6_addr), 1);

	net_address_of(&a, &port, (struct sockaddr *)&v4);
	net_address_text(&a, text);
	CHECK_STR(text, "192.0.2.9");
	CHECK_INT(port, 40212);
	net_address_of(&a, &port, (struct sockaddr *)&v6);
	net_address_text(&a, text);
	CHECK_STR(text, "192.0.2.9");
	CHECK_INT(port, 443);
	net_address_of(&a, &port, &(struct sockaddr){ .sa_family = AF_UNIX });
	CHECK_INT(a.family, NET_UNIX);
	CHECK_INT(port, 0);
}

TEST(a_block_has_its_addresses_and_no_other)
{
	static const struct {
		const char *block, *in, *out;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", "11.0.0.1" },
		{ "10.16.0.0/12", "10.31.255.255", "10.32.0.0" },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ "0.0.0.0/0", "255.1.2.3", "::1" },
		{ "fd00::/8", "fdff::1", "fe00::1" },
		{ "2001:db8::/65", "2001:db8::7fff:0:0:1", "2001:db8::8000:0:0:1" },
		{ "::1", "::1", "127.0.0.1" },
		{ "unix", "unix", "0.0.0.0" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_block b;
		struct net_address in = address(rows[i].in), out = address(rows[i].out);
		CHECK(net_block_parse(&b, bytes_str(rows[i].block)));
		CHECK(net_block_has(&b, &in));
		CHECK(!net_block_has(&b, &out));
	}
}

TEST(what_is_no_block_is_refused)
{
	static const char *const rows[] = { "10.0.0.0/",   "10.0.0.0/33", "10.0.0.1/8",
					    "10.0.0.0/08", "10.0.0.0/+8", "::/129",
					    "unix/0",      "/8",          "10.0.0.0/8/8",
					    "10.0.0.0/ 8", "10.16.0.0/11" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net_block b;
		CHECK(!net_block_parse(&b, bytes_str(rows[i])));
	}
}

TEST(loopback_is_known)
{
	struct net_address yes[] = { address("127.0.0.1"), address("127.9.9.9"), address("::1"),
				     address("unix") };
	struct net_address no[] = { address("128.0.0.1"), address("0.0.0.0"), address("::"),
				    address("::2") };
	for (size_t i = 0; i < 4; i++) {
		CHECK(net_address_is_loopback(&yes[i]));
		CHECK(!net_address_is_loopback(&no[i]));
	}
}

TEST(each_client_is_counted_by_itself)
{
	struct tally *t;
	struct net_address a = address("192.0.2.1"), b = address("192.0.2.2");
	CHECK_INT(tally_new(&t, NULL), 0);

	CHECK(tally_add(t, &a, 2));
	CHECK(tally_add(t, &a, 2));
	CHECK(!tally_add(t, &a, 2));
	CHECK(tally_add(t, &b, 2));
	tally_drop(t, &a);
	CHECK(tally_add(t, &a, 2));
	CHECK(!tally_add(t, &a, 2));
	tally_free(t);
}

TEST(an_ipv6_client_is_its_network)
{
	struct tally *t;
	struct net_address one = address("2001:db8::1"), same = address("2001:db8::ffff:0:0:2");
	struct net_address next = address("2001:db8:0:1::1");
	CHECK_INT(tally_new(&t, NULL), 0);

	CHECK(tally_add(t, &one, 1));
	CHECK(!tally_add(t, &same, 1));
	CHECK(tally_add(t, &next, 1));
	tally_drop(t, &same);
	CHECK(tally_add(t, &one, 1));
	tally_free(t);
}

/* More clients than buckets, so that some share one; taken out in another order than put in. */
TEST(many_clients_are_kept_apart)
{
	enum { MANY = 5000 };
	struct tally *t;
	CHECK_INT(tally_new(&t, NULL), 0);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			struct net_address a = { NET_IPV4, { 10, 0, i >> 8 & 255, i & 255 } };
			CHECK(tally_add(t, &a, 1));
			CHECK(!tally_add(t, &a, 1));
		}
		for (unsigned i = 0; i < MANY; i++) {
			unsigned n = i * 3 % MANY;
			struct net_address a = { NET_IPV4, { 10, 0, n >> 8 & 255, n & 255 } };
			tally_drop(t, &a);
		}
	}
	tally_free(t);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(addresses_are_read_and_written), TAP_CASE(what_is_no_address_is_refused),
	    TAP_CASE(the_address_of_a_socket), TAP_CASE(a_block_has_its_addresses_and_no_other),
	    TAP_CASE(what_is_no_block_is_refused), TAP_CASE(loopback_is_known),
	    TAP_CASE(each_client_is_counted_by_itself), TAP_CASE(an_ipv6_client_is_its_network),
	    TAP_CASE(many_clients_are_kept_apart)));
}
