/*
 * http_client.h - HTTP(S) requests over libcurl's multi interface, driven by the loop.
 *
 * Types are in base/http.h. TLS 1.2 and up, peer and host name always verified, HTTP/1.1,
 * connections kept and reused for up to 50 s, redirects, cookies and .netrc never, only http: and
 * https:, no user or password in the url. A proxy is taken from the environment as libcurl does,
 * never for loopback: 127.0.0.0/8, ::1, localhost and *.localhost, however they are spelt.
 *
 * Any number of transfers may be started; those beyond 256 wait their turn. timeout_ms counts from
 * http_start, waiting included. Header block of an answer: at most 64 KiB and 256 headers. Out of
 * memory for a transfer ends the process.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "base/http.h"

struct loop;
struct http_client;
struct http_transfer;

/* @param[out] out owned by the caller; http_client_free */
NODISCARD int http_client_new(struct http_client **out, struct loop *l, struct err *err);

/* Stops what is in flight; may be called from a done. NULL is fine. */
void http_client_free(struct http_client *c);

/*
 * Never fails: every failure, a wrong request too (ERR_INVALID), comes through done. The transfer
 * is owned by the client and gone when done runs: do not stop it then. done may start and stop
 * other transfers.
 *
 * answer->err: ERR_TIMEOUT and broken connections are retryable; certificates, malformed answers,
 * ERR_LIMIT (name "ResponseTooLarge" for the body) and ERR_INVALID are not. libcurl itself may send
 * a request again when a kept connection turns out to be dead before the first byte of an answer.
 */
struct http_transfer *http_start(struct http_client *c, const struct http_request *req,
				 http_done_fn *done, void *arg);
void http_stop(struct http_transfer *t); /* NULL is fine; done will not run */

/* answer->maybe_sent as it would be if the transfer ended now. */
bool http_maybe_sent(const struct http_transfer *t);

#endif
