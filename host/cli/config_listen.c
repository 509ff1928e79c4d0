#include "cli/config_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_read.h"
#include "net/address.h"

enum {
	PROXIES_MAX = 1000,
	MAX_CONNECTIONS = 100000,
	PER_ADDRESS = 256, /* unless told otherwise */
	AHEAD = 32,        /* likewise */
	BODIES = 64 << 20, /* likewise */
};
static const char unix_prefix[] = "unix:";
static const char socket_prefix[] = "socket:";

static bool is_unix(const char *place)
{
	return strncmp(place, unix_prefix, sizeof(unix_prefix) - 1) == 0;
}

const char *config_place_socket(const struct http_place *p)
{
	size_t n = sizeof(socket_prefix) - 1;
	return strncmp(p->address, socket_prefix, n) == 0 ? p->address + n : NULL;
}

/* ---- addresses ---- */

static bool parse_port(uint16_t *out, const char *text)
{
	unsigned n = 0;
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length > 5 || text[length])
		return false;
	for (size_t i = 0; i < length; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	*out = (uint16_t)n;
	return n <= UINT16_MAX;
}

/* "127.0.0.1:8080", "[::1]:8080", "unix:/path", "socket:NAME"; cut where its parts end. */
static bool parse_place(struct http_place *p, char *word)
{
	struct net_address a;
	*p = (struct http_place){ .address = word };
	if (is_unix(word))
		return word[sizeof(unix_prefix) - 1] == '/';
	if (config_place_socket(p))
		return *config_place_socket(p) != '\0';
	char *colon = strrchr(word, ':');
	if (!colon || !parse_port(&p->port, colon + 1))
		return false;
	*colon = '\0';
	bool brackets = word[0] == '[' && colon[-1] == ']';
	if (brackets) {
		colon[-1] = '\0';
		p->address++;
	}
	return net_address_parse(&a, bytes_str(p->address)) &&
	       brackets == (strchr(p->address, ':') != NULL);
}

/* Only from this machine? */
static bool is_local(const struct http_place *p)
{
	struct net_address a;
	return is_unix(p->address) ||
	       (net_address_parse(&a, bytes_str(p->address)) && net_address_is_loopback(&a));
}

static int read_places(struct reading *r, struct config_listen *l)
{
	const struct ini_key *k = ini_key(r->s, "address");
	int rc = value_copy(r, "address", &l->address);
	l->places = calloc(CONFIG_PLACES_MAX, sizeof(*l->places));
	if (rc == 0 && !l->places)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	if (rc == 0 && !k)
		return err_set(r->err, ERR_INVALID, "%s:%d: [%s] needs address = HOST:PORT",
			       r->c->ini->file, r->s->line, r->s->kind);
	size_t n = 0;
	char *rest = l->address, *word;
	while (rc == 0 && (word = strsep(&rest, " \t"))) {
		if (*word && (n == CONFIG_PLACES_MAX || !parse_place(&l->places[n++], word)))
			rc = value_complain(
			    r, k,
			    "at most 16 places, each an IP address with a port "
			    "such as 127.0.0.1:8080 or [::1]:8080, or unix:/path, or "
			    "socket:NAME");
	}
	l->http.places = l->places;
	l->http.n_places = n;
	return rc;
}

static int read_proxies(struct reading *r, struct config_listen *l)
{
	const struct ini_key *k = ini_key(r->s, "trusted_proxy");
	int rc = value_copy(r, "trusted_proxy", &l->proxies);
	l->proxy_words = calloc(PROXIES_MAX, sizeof(*l->proxy_words));
	if (rc == 0 && !l->proxy_words)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	size_t n = 0;
	char *rest = l->proxies, *word;
	while (rc == 0 && (word = strsep(&rest, " \t"))) {
		struct net_block block;
		if (!*word)
			continue;
		if (n == PROXIES_MAX || !net_block_parse(&block, bytes_str(word)))
			rc = value_complain(r, k,
					    "addresses such as 192.0.2.1, 10.0.0.0/8 (no bits "
					    "behind the length), fd00::/8 or unix");
		else
			l->proxy_words[n++] = word;
	}
	l->http.proxies = l->proxy_words;
	l->http.n_proxies = n;
	return rc;
}

/* ---- TLS ---- */

static int needs(struct reading *r, const char *key, const char *other)
{
	const struct ini_key *k = ini_key(r->s, key);
	return err_set(r->err, ERR_INVALID, "%s:%d: %s needs %s beside it", r->c->ini->file,
		       k->line, key, other);
}

static int read_client_cert(struct reading *r, struct http_tls *tls)
{
	const struct ini_key *k = ini_key(r->s, "client_cert");
	if (!k)
		return 0;
	tls->client_optional = strcmp(k->value, "optional") == 0;
	if (!tls->client_optional && strcmp(k->value, "required") != 0)
		return value_complain(r, k, "required or optional");
	return tls->client_ca_file ? 0 : needs(r, "client_cert", "client_ca_file");
}

static int read_tls(struct reading *r, struct http_tls *tls)
{
	int rc = value_text_or_null(r, "cert_file", &tls->cert_file);
	if (rc == 0)
		rc = value_text_or_null(r, "key_file", &tls->key_file);
	if (rc == 0)
		rc = value_text_or_null(r, "client_ca_file", &tls->client_ca_file);
	if (rc == 0 && tls->cert_file && !tls->key_file)
		rc = needs(r, "cert_file", "key_file");
	if (rc == 0 && tls->key_file && !tls->cert_file)
		rc = needs(r, "key_file", "cert_file");
	if (rc == 0 && tls->client_ca_file && !tls->cert_file)
		rc = needs(r, "client_ca_file", "cert_file");
	return rc < 0 ? rc : read_client_cert(r, tls);
}

/* What others send in the clear, others can read and change. */
static int check_open(struct reading *r, struct config_listen *l)
{
	const struct ini_key *k = ini_key(r->s, "plain");
	bool plain = false;
	int rc = value_bool(r, "plain", &plain);
	if (rc == 0 && plain && l->http.tls.cert_file)
		return value_complain(r, k, "false, or no cert_file");
	for (size_t i = 0; rc == 0 && !l->http.tls.cert_file && i < l->http.n_places; i++) {
		l->open |= !is_local(&l->places[i]);
		if (l->open && !plain)
			return value_complain(r, ini_key(r->s, "address"),
					      "a loopback address, or cert_file and key_file for "
					      "TLS, or plain = true where a proxy speaks TLS");
	}
	return rc;
}

/* ---- limits ---- */

static int read_count(struct reading *r, const char *key, int usual, int *out)
{
	uint64_t n = (uint64_t)usual;
	int rc = value_count(r, key, &n);
	if (rc == 0 && n > MAX_CONNECTIONS)
		return value_complain(r, ini_key(r->s, key), "a number from 1 to 100000");
	*out = (int)n;
	return rc;
}

static int read_limits(struct reading *r, struct http_listen *l)
{
	int rc = read_count(r, "max_connections", 0, &l->max_connections);
	if (rc == 0)
		rc = read_count(r, "max_connections_per_address", PER_ADDRESS, &l->max_per_address);
	if (rc == 0)
		rc = read_count(r, "max_requests_ahead", AHEAD, &l->max_ahead);
	if (rc == 0)
		rc = value_size(r, "max_body", &l->max_body);
	l->max_bodies = BODIES;
	if (rc == 0)
		rc = value_size(r, "max_bodies", &l->max_bodies);
	if (rc == 0)
		rc = value_duration(r, "tls_timeout", &l->tls_timeout_ms);
	if (rc == 0)
		rc = value_duration(r, "header_timeout", &l->head_timeout_ms);
	if (rc == 0)
		rc = value_duration(r, "body_timeout", &l->body_timeout_ms);
	if (rc == 0)
		rc = value_duration(r, "answer_timeout", &l->write_timeout_ms);
	return rc < 0 ? rc : value_duration(r, "idle_timeout", &l->idle_timeout_ms);
}

int config_read_listen(struct reading *r)
{
	bool admin = strcmp(r->s->kind, "admin") == 0;
	struct config_listen *l = admin ? &r->c->admin : &r->c->listen;
	l->line = r->s->line;
	int rc = read_places(r, l);
	if (rc == 0)
		rc = read_tls(r, &l->http.tls);
	if (rc == 0)
		rc = check_open(r, l);
	if (rc == 0)
		rc = read_proxies(r, l);
	if (rc == 0 && admin)
		rc = value_base_url(r, &l->base_url);
	return rc < 0 ? rc : read_limits(r, &l->http);
}

void config_place_text(const struct http_place *p, char *out, size_t size)
{
	bool brackets = !is_unix(p->address) && !config_place_socket(p) && strchr(p->address, ':');
	(void)snprintf(out, size, brackets ? "[%s]" : "%s", p->address);
}

void config_listen_clear(struct config_listen *l)
{
	free(l->address);
	free(l->proxies);
	free(l->places);
	free(l->proxy_words);
	*l = (struct config_listen){ 0 };
}
