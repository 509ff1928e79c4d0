#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PORT_MAX = 65535, DECIMAL = 10 };

/* ---- regions and partitions ---- */

struct partition {
	const char *prefixes[10]; /* of its regions, without the final "-<place>-<number>" */
	const char *suffix;
	const char *dual_suffix;
};

/* In the order of the SDKs' data; a region that fits none is taken for the first. */
static const struct partition partitions[] = {
	{ { "us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx" }, "amazonaws.com", "api.aws" },
	{ { "cn" }, "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
	{ { "us-gov" }, "amazonaws.com", "api.aws" },
	{ { "us-iso" }, "c2s.ic.gov", "api.aws.ic.gov" },
	{ { "us-isob" }, "sc2s.sgov.gov", "api.aws.scloud" },
	{ { "eu-isoe" }, "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
	{ { "us-isof" }, "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
	{ { "eusc-de" }, "amazonaws.eu", "api.amazonwebservices.eu" },
};

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

int region_check(const char *region, struct err *err)
{
	size_t n = strlen(region);
	bool ok = n > 0 && n <= REGION_LEN_MAX && is_alnum(region[0]) && is_alnum(region[n - 1]) &&
		  !all_digits(region);
	for (size_t i = 0; ok && i < n; i++)
		ok = is_alnum(region[i]) || region[i] == '-';
	if (ok)
		return 0;
	return err_named(err, ERR_INVALID, "InvalidRegion",
			 "'%.80s' is not a region: expected letters, digits and '-', as in "
			 "us-east-1",
			 region);
}

/* Is region "<prefix>-<word>-<number>"? */
static bool fits(const char *region, const char *prefix)
{
	size_t n = strlen(prefix);
	if (strncmp(region, prefix, n) != 0 || region[n] != '-')
		return false;
	const char *word = region + n + 1, *dash = strchr(word, '-');
	return dash && dash > word && all_digits(dash + 1);
}

static const struct partition *partition_of(const char *region)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
		for (const char *const *p = partitions[i].prefixes; *p; p++) {
			if (fits(region, *p))
				return &partitions[i];
		}
	}
	return &partitions[0];
}

/* ---- URLs ---- */

static int refuse(const char *url, const char *why, struct err *err)
{
	return err_named(
	    err, ERR_INVALID, "InvalidEndpoint",
	    "endpoint '%.200s' %s: expected http:// or https://, a host, and perhaps a "
	    "port and a path",
	    url, why);
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (host[0] == '[') {
		char inner[INET6_ADDRSTRLEN];
		size_t n = strlen(host);
		if (n < 3 || n - 2 >= sizeof(inner))
			return false;
		(void)snprintf(inner, sizeof(inner), "%.*s", (int)(n - 2), host + 1);
		return inet_pton(AF_INET6, inner, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
	}
	return strcasecmp(host, "localhost") == 0;
}

/* Length of "name", "127.0.0.1" or "[::1]" at s; 0 if it is no host. */
static size_t host_len(const char *s)
{
	size_t n = 0;
	if (*s == '[') {
		n = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
		return s[n] == ']' ? n + 1 : 0;
	}
	while (is_alnum(s[n]) || s[n] == '-' || s[n] == '.' || s[n] == '_')
		n++;
	return n;
}

/* ":8083" -> 8083; -1 if it is not a port, 0 if there is none. Moves *at behind it. */
static int read_port(const char **at)
{
	int port = 0;
	const char *p = *at;
	if (*p != ':')
		return 0;
	size_t n = strspn(++p, "0123456789");
	*at = p + n;
	if (n == 0 || n > 5)
		return -1;
	for (size_t i = 0; i < n; i++)
		port = port * DECIMAL + (p[i] - '0');
	return port > 0 && port <= PORT_MAX ? port : -1;
}

static bool path_is_plain(const char *path)
{
	for (; *path; path++) {
		if (*path <= ' ' || *path >= 0x7f || *path == '?' || *path == '#' || *path == '\\')
			return false;
	}
	return true;
}

/* "user:password@host": not sent, and not repeated in a message either. */
static bool has_user(const char *host)
{
	const char *end = strpbrk(host, "@/?#");
	return end && *end == '@';
}

int endpoint_parse(struct endpoint *out, const char *url, struct err *err)
{
	bool https = strncasecmp(url, "https://", 8) == 0;
	if (!https && strncasecmp(url, "http://", 7) != 0)
		return refuse(url, "has no scheme", err);
	const char *host = url + (https ? 8 : 7);
	if (has_user(host))
		return err_named(err, ERR_INVALID, "InvalidEndpoint",
				 "the endpoint names a user before its host: credentials come from "
				 "the environment or a profile");
	size_t n = host_len(host);
	const char *rest = host + n;
	int port = read_port(&rest);
	if (n == 0 || n > 255)
		return refuse(url, "has no host", err);
	if (port < 0)
		return refuse(url, "has a port that is none", err);
	if ((*rest != '\0' && *rest != '/') || !path_is_plain(rest))
		return refuse(url, "has something behind the host that is no path", err);

	char name[256];
	for (size_t i = 0; i <= n; i++)
		name[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
	name[n] = '\0';
	*out = (struct endpoint){ .loopback = is_loopback(name) };
	bool default_port = port == 0 || port == (https ? 443 : 80);
	(void)snprintf(out->host, sizeof(out->host), default_port ? "%s" : "%s:%d", name, port);
	int len =
	    snprintf(out->url, sizeof(out->url), "%s://%s", https ? "https" : "http", out->host);
	int all =
	    snprintf(out->url + len, sizeof(out->url) - (size_t)len, "%s", *rest ? rest : "/");
	if (len + all >= ENDPOINT_URL_SIZE)
		return refuse(url, "is too long", err);
	out->path = (struct bytes){ out->url + len, (size_t)all };
	return 0;
}

/* ---- the rules ---- */

static int use_override(struct endpoint *out, const struct endpoint_rules *r, struct err *err)
{
	if (r->fips || r->dual_stack)
		return err_named(err, ERR_INVALID, "InvalidEndpoint",
				 "endpoint '%.200s' cannot be combined with %s endpoints",
				 r->override, r->fips ? "FIPS" : "dual-stack");
	return endpoint_parse(out, r->override, err);
}

static int from_region(struct endpoint *out, const struct endpoint_rules *r, struct err *err)
{
	if (!r->region)
		return err_named(err, ERR_INVALID, "NoRegion", "no region is given");
	int rc = region_check(r->region, err);
	if (rc < 0)
		return rc;
	const struct partition *p = partition_of(r->region);
	bool gov = strcmp(p->prefixes[0], "us-gov") == 0;
	/* Two exceptions in the rules: the plain name in us-gov-west-1 is the FIPS one already, and
	 * the dual-stack names of the GovCloud partition all say fips. */
	bool says_fips = r->fips;
	if (gov && r->dual_stack)
		says_fips = true;
	else if (gov && strcmp(r->region, "us-gov-west-1") == 0)
		says_fips = false;
	char url[ENDPOINT_URL_SIZE];
	(void)snprintf(url, sizeof(url), "https://%s%s.%s.%s", r->service, says_fips ? "-fips" : "",
		       r->region, r->dual_stack ? p->dual_suffix : p->suffix);
	return endpoint_parse(out, url, err);
}

int endpoint_resolve(struct endpoint *out, const struct endpoint_rules *r, struct err *err)
{
	int rc = r->override ? use_override(out, r, err) : from_region(out, r, err);
	if (rc == 0 && r->loopback_only && !out->loopback)
		return err_named(err, ERR_INVALID, "EndpointNotLoopback",
				 "endpoint %s is not on this machine, and RUNBOOK_LOOPBACK_ONLY=1 "
				 "allows nothing else",
				 out->host);
	return rc;
}

/* Is host, its port left out, in the domain? */
static bool is_in(const char *host, const char *domain)
{
	size_t n = strcspn(host, ":"), n_domain = strlen(domain);
	return n > n_domain && host[n - n_domain - 1] == '.' &&
	       strncmp(host + n - n_domain, domain, n_domain) == 0;
}

bool endpoint_is_aws(const struct endpoint *e)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
		if (is_in(e->host, partitions[i].suffix) ||
		    is_in(e->host, partitions[i].dual_suffix))
			return true;
	}
	return false;
}
