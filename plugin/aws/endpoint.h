/*
 * endpoint.h - where the requests of a service go.
 *
 * Pure. The partition of a region decides the domain; FIPS and dual stack have names of their own;
 * an override replaces all of it. Source: the endpoint rules of Step Functions in the SDKs' data.
 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include "base/bytes.h"
#include "base/err.h"

enum { ENDPOINT_URL_SIZE = 1024, ENDPOINT_HOST_SIZE = 320, REGION_LEN_MAX = 63 };

struct endpoint {
	char url[ENDPOINT_URL_SIZE];   /* "https://states.eu-west-1.amazonaws.com/" */
	char host[ENDPOINT_HOST_SIZE]; /* the Host header: with the port unless it is the default */
	struct bytes path;             /* of url, "/" at least */
	bool loopback;                 /* 127.0.0.0/8, ::1 or localhost */
};

struct endpoint_rules {       /* borrowed for the call */
	const char *service;  /* "states": prefix of the host name */
	const char *region;   /* may be NULL with an override */
	const char *override; /* a URL, or NULL */
	bool fips, dual_stack;
	bool loopback_only; /* refuse every host that is not this machine */
};

/*
 * @return 0; -ERR_INVALID with err->name "NoRegion", "InvalidRegion", "InvalidEndpoint" or
 *         "EndpointNotLoopback"
 */
NODISCARD int endpoint_resolve(struct endpoint *out, const struct endpoint_rules *rules,
			       struct err *err);

/*
 * Fill *out from a URL: http or https, host, optional port and path; no user, query or fragment.
 *
 * @return 0; -ERR_INVALID with err->name "InvalidEndpoint"
 */
NODISCARD int endpoint_parse(struct endpoint *out, const char *url, struct err *err);

/* Is it in a domain of AWS, and no stand-in? */
bool endpoint_is_aws(const struct endpoint *e);

/* A region becomes part of a host name: a DNS label, not all digits.
 * @return 0; -ERR_INVALID with err->name "InvalidRegion" */
NODISCARD int region_check(const char *region, struct err *err);

#endif
