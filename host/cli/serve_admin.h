/*
 * serve_admin.h - the pages for machines and people that look after a serve, at [admin] address:
 *
 *	/healthz   200 while the loop turns
 *	/readyz    200 once triggers are taken, 503 with why not: still starting, stopping, or the
 *	           audit log cannot be written
 *	/metrics   metrics.h, in OpenMetrics or in the older format, as Accept asks
 *
 * GET and HEAD (405 else). Nothing of these needs to be kept from who may reach the address; it is a
 * loopback address, a Unix socket, or has TLS, as [listen]. The other paths are the dashboard's
 * (dashboard.h), or 404.
 */
#ifndef CLI_SERVE_ADMIN_H
#define CLI_SERVE_ADMIN_H

#include "cli/serve.h"

struct admin_pages;
struct http_change;

/* @param[out] out owned by the caller; admin_pages_free; NULL where there is no [admin] */
NODISCARD int admin_pages_start(struct admin_pages **out, struct serve *s, struct err *err);
void admin_pages_free(struct admin_pages *a); /* NULL is fine */
/* Other limits and files of TLS (net/http_server.h), of the configuration that is in force by now; c is
 * gone */
void admin_pages_take(struct admin_pages *a, struct http_change *c);
uint16_t admin_pages_port(const struct admin_pages *a, size_t place);

#endif
