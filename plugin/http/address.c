#include "http/address.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, PORT_DIGITS = 5, DECIMAL = 10, HTTP_PORT = 80, HTTPS_PORT = 443 };

static const char blanks[] = " ,\t";
static const char digits[] = "0123456789";
static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static int bad(struct err *err, const char *what)
{
	return err_named(err, ERR_INVALID, "InvalidUrl", "url: %s", what);
}

/* Bytes of the host at the beginning of text: a name, or an IPv6 address in brackets. 0: none. */
static size_t host_length(const char *text)
{
	if (*text != '[')
		return strspn(text, name_bytes);
	size_t n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
	return n > 2 && text[n] == ']' ? n + 1 : 0;
}

/* ":8080" at text. @return its length, 0 where there is none or it is wrong */
static size_t port_length(const char *text, uint16_t *out)
{
	size_t n = text[0] == ':' ? strspn(text + 1, digits) : 0;
	unsigned port = 0;
	if (n == 0 || n > PORT_DIGITS)
		return 0;
	for (size_t i = 0; i < n; i++)
		port = port * DECIMAL + (unsigned)(text[1 + i] - '0');
	if (port == 0 || port > PORT_MAX)
		return 0;
	*out = (uint16_t)port;
	return n + 1;
}

static void lower(char out[ADDRESS_HOST_SIZE], const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[n] = '\0';
}

int address_read(struct address *out, const char *url, struct err *err)
{
	*out = (struct address){ .tls = strncmp(url, "https://", 8) == 0 };
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '\\')
			return bad(err, "expected printable ASCII without blanks and backslashes; "
					"write other characters as %XX");
	if (!out->tls && strncmp(url, "http://", 7) != 0)
		return bad(err,
			   "expected https://HOST... (http:// where plain_hosts has the host)");
	const char *host = url + (out->tls ? 8 : 7);
	size_t n = host_length(host);
	if (n == 0 || n >= ADDRESS_HOST_SIZE)
		return bad(err, "expected a host name or address behind ://");
	lower(out->host, host, n);
	out->port = out->tls ? HTTPS_PORT : HTTP_PORT;
	size_t port = host[n] == ':' ? port_length(host + n, &out->port) : 0;
	out->default_port = out->port == (out->tls ? HTTPS_PORT : HTTP_PORT);
	const char *rest = host + n + port;
	size_t authority = strcspn(host, "/?#");
	if (memchr(host, '@', authority))
		return bad(err, "a user or password in it is not allowed: use the header "
				"Authorization");
	if (*rest && !strchr("/?", *rest))
		return bad(err, "expected '/', '?' or nothing behind host and port");
	if (strchr(rest, '#'))
		return bad(err, "a fragment ('#') is not sent: leave it out");
	out->origin = (size_t)(rest - url);
	return 0;
}

/* ---- lists ---- */

/* One entry of a list. False: it is not well-formed. */
static bool read_entry(struct address *out, bool *below, const char *text, size_t n)
{
	*below = n > 2 && text[0] == '*' && text[1] == '.';
	const char *host = text + (*below ? 2 : 0);
	size_t left = n - (size_t)(host - text), length = host_length(host);
	out->port = 0;
	if (length == 0 || length > left || length >= ADDRESS_HOST_SIZE || host[0] == '.' ||
	    (*below && host[0] == '['))
		return false;
	lower(out->host, host, length);
	return length == left ||
	       (host[length] == ':' && length + port_length(host + length, &out->port) == left);
}

static bool fits(const struct address *a, const struct address *entry, bool below)
{
	size_t host = strlen(a->host), domain = strlen(entry->host);
	if (entry->port && entry->port != a->port)
		return false;
	if (!below)
		return strcmp(a->host, entry->host) == 0;
	return host > domain + 1 && a->host[host - domain - 1] == '.' &&
	       strcmp(a->host + host - domain, entry->host) == 0;
}

bool address_listed(const struct address *a, const char *list)
{
	struct address entry;
	bool below, found = false;
	for (const char *p = list ? list : ""; *(p += strspn(p, blanks)) && !found;) {
		size_t n = strcspn(p, blanks);
		found = read_entry(&entry, &below, p, n) && fits(a, &entry, below);
		p += n;
	}
	return found;
}

int address_check_list(const char *list, struct err *err)
{
	struct address entry;
	bool below;
	for (const char *p = list; *(p += strspn(p, blanks));) {
		size_t n = strcspn(p, blanks);
		if (!read_entry(&entry, &below, p, n))
			return err_set(err, ERR_INVALID,
				       "'%.*s': expected hosts such as hooks.example.org, "
				       "*.example.org or 127.0.0.1:8080, parted by blanks",
				       n < 80 ? (int)n : 80, p);
		p += n;
	}
	return 0;
}

bool address_is_loopback(const struct address *a)
{
	return strcmp(a->host, "localhost") == 0 || strcmp(a->host, "[::1]") == 0 ||
	       (strncmp(a->host, "127.", 4) == 0 &&
		strspn(a->host, "0123456789.") == strlen(a->host));
}
