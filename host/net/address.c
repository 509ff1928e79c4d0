#include "net/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void set_ipv6(struct net_address *out, const uint8_t b[16])
{
	*out = (struct net_address){ .family = NET_IPV6 };
	if (memcmp(b, mapped, sizeof(mapped)) == 0) {
		out->family = NET_IPV4;
		memcpy(out->b, b + sizeof(mapped), 4);
	} else {
		memcpy(out->b, b, 16);
	}
}

void net_address_of(struct net_address *out, uint16_t *port, const struct sockaddr *a)
{
	*out = (struct net_address){ 0 };
	*port = 0;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
		out->family = NET_IPV4;
		memcpy(out->b, &v4->sin_addr, 4);
		*port = ntohs(v4->sin_port);
	} else if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;
		set_ipv6(out, v6->sin6_addr.s6_addr);
		*port = ntohs(v6->sin6_port);
	}
}

bool net_address_parse(struct net_address *out, struct bytes text)
{
	char copy[NET_ADDRESS_SIZE];
	uint8_t b[16];
	*out = (struct net_address){ 0 };
	if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	out->family = NET_IPV4;
	if (inet_pton(AF_INET, copy, out->b) == 1)
		return true;
	if (inet_pton(AF_INET6, copy, b) != 1)
		return false;
	set_ipv6(out, b);
	return true;
}

void net_address_text(const struct net_address *a, char out[NET_ADDRESS_SIZE])
{
	if (a->family == NET_UNIX)
		memcpy(out, "unix", sizeof("unix"));
	else
		(void)inet_ntop(a->family == NET_IPV4 ? AF_INET : AF_INET6, a->b, out,
				NET_ADDRESS_SIZE);
}

/* "0" to "128", without leading zeros */
static bool parse_bits(unsigned *out, struct bytes text, unsigned max)
{
	unsigned n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text.p[i] - '0');
	}
	*out = n;
	return text.n > 0 && text.n <= 3 && n <= max && (text.p[0] != '0' || text.n == 1);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);
	return memcmp(a, b, whole) == 0 && (rest == 0 || !((a[whole] ^ b[whole]) & mask));
}

bool net_block_parse(struct net_block *out, struct bytes text)
{
	*out = (struct net_block){ 0 };
	if (bytes_eq(text, BYTES_LIT("unix")))
		return true;
	const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
	struct bytes base = { text.p, slash ? (size_t)(slash - text.p) : text.n };
	if (!net_address_parse(&out->base, base))
		return false;
	unsigned max = out->base.family == NET_IPV4 ? 32 : 128;
	out->bits = max;
	if (!slash)
		return true;
	struct bytes length = { slash + 1, text.n - base.n - 1 };
	struct net_address cut = { 0 };
	if (!parse_bits(&out->bits, length, max))
		return false;
	memcpy(cut.b, out->base.b, out->bits / 8);
	if (out->bits % 8)
		cut.b[out->bits / 8] =
		    out->base.b[out->bits / 8] & (uint8_t)(0xff00u >> out->bits % 8);
	return memcmp(cut.b, out->base.b, sizeof(cut.b)) == 0;
}

bool net_block_has(const struct net_block *block, const struct net_address *a)
{
	return a->family == block->base.family && same_bits(a->b, block->base.b, block->bits);
}

bool net_address_is_loopback(const struct net_address *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	if (a->family == NET_IPV6)
		return memcmp(a->b, one, sizeof(one)) == 0;
	return a->family == NET_UNIX || a->b[0] == 127;
}
