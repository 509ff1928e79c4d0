/* Who is at the other end of a connection, and how many connections or requests it has. */
#include "tap.h"

#include <arpa/inet.h>

#include "net/http_peer.h"

struct world {
	struct http_peers all;
	struct net_block trusted[2];
};

static void begin(struct world *w)
{
	*w = (struct world){ .all = { .max = 2 } };
	bool ok = net_block_parse(&w->trusted[0], BYTES_LIT("10.0.0.0/8")) &&
		  net_block_parse(&w->trusted[1], BYTES_LIT("unix")) &&
		  tally_new(&w->all.tally, NULL) == 0;
	INVARIANT(ok);
	w->all.proxies = (struct net_blocks){ w->trusted, 2 };
}

static void end(struct world *w)
{
	tally_free(w->all.tally);
}

static struct http_peer peer(struct world *w, const char *address)
{
	struct http_peer p;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(4711) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(4711) };
	const struct sockaddr path = { .sa_family = AF_UNIX };
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		http_peer_init(&p, &w->all, (struct sockaddr *)&v4);
	else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
		http_peer_init(&p, &w->all, (struct sockaddr *)&v6);
	else
		http_peer_init(&p, &w->all, &path);
	return p;
}

static bool serve(struct http_peer *p, const char *forwarded)
{
	const struct http_header headers[] = { { "Host", "a" }, { "x-forwarded-for", forwarded } };
	return http_peer_serve(p, headers, 2);
}

TEST(a_peer_is_named_by_address_and_port)
{
	static const char *const rows[][2] = { { "192.0.2.1", "192.0.2.1:4711" },
					       { "2001:db8::1", "[2001:db8::1]:4711" },
					       { "::ffff:192.0.2.1", "192.0.2.1:4711" },
					       { "unix", "unix" } };
	struct world w;
	begin(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_peer p = peer(&w, rows[i][0]);
		CHECK_STR(p.text, rows[i][1]);
	}
	end(&w);
}

TEST(connections_count_for_their_client_until_they_leave)
{
	struct world w;
	begin(&w);
	struct http_peer a = peer(&w, "192.0.2.1"), b = a, c = a, other = peer(&w, "192.0.2.2");

	CHECK(http_peer_enter(&a));
	CHECK(http_peer_enter(&b));
	CHECK(!http_peer_enter(&c));
	http_peer_leave(&c);
	CHECK(http_peer_enter(&other));
	http_peer_leave(&a);
	http_peer_leave(&a);
	CHECK(http_peer_enter(&c));
	CHECK(!http_peer_enter(&a));
	end(&w);
}

TEST(what_a_stranger_says_is_not_believed)
{
	struct world w;
	begin(&w);
	struct http_peer p = peer(&w, "192.0.2.1");

	CHECK(http_peer_enter(&p));
	CHECK(serve(&p, "203.0.113.9"));

	CHECK_STR(p.text, "192.0.2.1:4711");
	http_peer_served(&p);
	CHECK(p.counted);
	end(&w);
}

TEST(requests_through_a_proxy_count_for_its_clients_while_they_are_served)
{
	struct world w;
	begin(&w);
	struct http_peer p[4];
	for (size_t i = 0; i < 4; i++) {
		p[i] = peer(&w, i < 2 ? "10.0.0.1" : "unix");
		CHECK(http_peer_enter(&p[i]));
	}

	CHECK(serve(&p[0], "203.0.113.9"));
	CHECK_STR(p[0].text, "203.0.113.9");
	CHECK(serve(&p[1], "203.0.113.9"));
	CHECK(!serve(&p[2], "203.0.113.9"));
	CHECK(serve(&p[3], "203.0.113.10"));
	http_peer_served(&p[0]);
	CHECK(serve(&p[2], "203.0.113.9"));
	http_peer_leave(&p[1]); /* its connection has broken */
	CHECK(serve(&p[0], "203.0.113.9"));
	end(&w);
}

TEST(without_a_limit_nothing_is_counted)
{
	struct world w;
	begin(&w);
	w.all.max = 0;
	struct http_peer p = peer(&w, "192.0.2.1");

	for (int i = 0; i < 1000; i++)
		CHECK(http_peer_enter(&p));

	CHECK(!p.counted);
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_peer_is_named_by_address_and_port),
	    TAP_CASE(connections_count_for_their_client_until_they_leave),
	    TAP_CASE(what_a_stranger_says_is_not_believed),
	    TAP_CASE(requests_through_a_proxy_count_for_its_clients_while_they_are_served),
	    TAP_CASE(without_a_limit_nothing_is_counted)));
}
