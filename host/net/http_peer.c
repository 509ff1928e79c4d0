#include "net/http_peer.h"

#include <stdio.h>

static void name(struct http_peer *p, const struct net_address *a, uint16_t port)
{
	char text[NET_ADDRESS_SIZE];
	net_address_text(a, text);
	if (port == 0)
		(void)snprintf(p->text, sizeof(p->text), "%s", text);
	else
		(void)snprintf(p->text, sizeof(p->text),
			       a->family == NET_IPV6 ? "[%s]:%u" : "%s:%u", text, port);
}

static bool count(struct http_peer *p, const struct net_address *client)
{
	if (!p->all->max)
		return true;
	p->client = *client;
	p->counted = tally_add(p->all->tally, client, p->all->max);
	return p->counted;
}

void http_peer_init(struct http_peer *p, struct http_peers *all, const struct sockaddr *a)
{
	*p = (struct http_peer){ .all = all };
	net_address_of(&p->address, &p->port, a);
	p->proxy = net_blocks_have(&all->proxies, &p->address);
	name(p, &p->address, p->port);
}

bool http_peer_enter(struct http_peer *p)
{
	return p->proxy || count(p, &p->address);
}

void http_peer_leave(struct http_peer *p)
{
	if (p->counted)
		tally_drop(p->all->tally, &p->client);
	p->counted = false;
}

bool http_peer_serve(struct http_peer *p, const struct http_header *headers, size_t n_headers)
{
	if (!p->proxy)
		return true;
	struct net_address client =
	    http_forwarded_for(&p->address, &p->all->proxies, headers, n_headers);
	name(p, &client, 0);
	return count(p, &client);
}

void http_peer_served(struct http_peer *p)
{
	if (p->proxy)
		http_peer_leave(p);
}
