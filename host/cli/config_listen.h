/*
 * config_listen.h - the sections [listen] and [admin]: where the host is reached over HTTP.
 *
 *	address         places, parted by blanks: 127.0.0.1:8080 [::1]:8080 unix:/run/hooks.sock,
 *	                socket:NAME, one that the service manager has opened (manager.h)
 *	plain           true: without TLS although others than this machine reach it
 *	cert_file, key_file, client_ca_file                PEM; no TLS without cert_file
 *	client_cert     required (if there is a client_ca_file), optional
 *	trusted_proxy   addresses, blocks of them or unix, parted by blanks
 *	max_connections, max_connections_per_address, max_requests_ahead, max_body, max_bodies
 *	tls_timeout, header_timeout, body_timeout, answer_timeout, idle_timeout
 *	base_url        of [admin] alone: where people reach the dashboard (dashboard.h)
 *
 * What is not loopback is for TLS only, unless plain says otherwise; so is a socket:NAME, which may be
 * any address.
 */
#ifndef CLI_CONFIG_LISTEN_H
#define CLI_CONFIG_LISTEN_H

#include "net/http_listen.h"

enum { CONFIG_PLACES_MAX = 16 };

struct config_listen {
	int line;                /* 0: there is no such section */
	bool open;               /* others than this machine reach it, without TLS */
	struct http_listen http; /* points into the rest, and into the configuration */
	char *address, *proxies; /* owned; cut into words */
	struct http_place *places;
	const char **proxy_words;
	const char *base_url; /* no slash at its end; NULL: what the first place says */
};

/* The NAME of socket:NAME; NULL: it is another place. Borrowed from it. */
const char *config_place_socket(const struct http_place *p);

/* "127.0.0.1", "[::1]" "unix:/path" or "socket:NAME": the place without its port, for people. */
void config_place_text(const struct http_place *p, char *out, size_t size);

void config_listen_clear(struct config_listen *l);

#endif
