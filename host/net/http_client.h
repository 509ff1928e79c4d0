/*
 * http_client.h - HTTP(S) requests over libcurl's multi interface, driven by the loop.
 *
 * Types are in base/http.h. TLS 1.2 and up, peer and host name always verified, HTTP/1.1,
 * connections kept and reused, redirects and cookies never, only http: and https:. A proxy is taken
 * from the environment as libcurl does, never for loopback addresses.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/http.h"

struct loop;
struct http_client;
struct http_transfer;

NODISCARD int http_client_new(struct http_client **out, struct loop *l, struct err *err);
void http_client_free(struct http_client *c); /* stops what is in flight */

/* Never fails: every failure comes through done. The transfer is owned by the client and gone when
 * done runs. */
struct http_transfer *http_start(struct http_client *c, const struct http_request *req,
				 http_done_fn *done, void *arg);
void http_stop(struct http_transfer *t); /* NULL is fine; done will not run */

#endif
