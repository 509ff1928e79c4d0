/*
 * http_transfer.h - one request of the HTTP client and libcurl's handle for it; inside net/ only.
 *
 * http_client.c decides when a transfer runs, this file what is asked of libcurl and what its end
 * means. The answer is put together in the transfer: header callback, write callback, then
 * http_transfer_end or http_transfer_fail, exactly one of them, once.
 */
#ifndef NET_HTTP_TRANSFER_H
#define NET_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/http.h"

enum transfer_place { TRANSFER_QUEUED, TRANSFER_ACTIVE, TRANSFER_ENDED };

struct http_transfer {
	struct http_client *client;
	TAILQ_ENTRY(http_transfer) link;
	enum transfer_place place; /* which of the client's lists it is on */
	http_done_fn *done;
	void *arg;

	/* The request; strings are in `copy`, the body is the caller's. */
	const char *method, *url, *ca_file;
	struct curl_slist *headers; /* nodes in `copy` too */
	struct bytes body;
	int64_t connect_timeout_ms, idle_timeout_ms, timeout_ms;
	size_t max_body;
	bool no_proxy, once;
	void *copy;

	CURL *easy; /* NULL unless active */
	struct timer *timer;
	int64_t start_us; /* http_start */
	int64_t begin_us; /* libcurl has it */
	int64_t last_us;  /* when the last byte came or went */
	curl_off_t sent;  /* bytes of the body seen to have gone by then */
	char text[CURL_ERROR_SIZE];

	struct buf head; /* "name\0value\0" for each header so far */
	struct buf in;   /* the body so far */
	size_t n_headers;
	bool head_done;
	struct http_header *header_list;
	struct http_answer answer; /* err is also set by a callback that refuses the answer */
};

/* Never NULL. When the request itself is wrong, answer.err is set already: do not begin it. */
struct http_transfer *http_transfer_new(const struct http_request *req, http_done_fn *done,
					void *arg);
void http_transfer_free(struct http_transfer *t); /* easy and timer must be gone */

/* Set every option of a fresh or reset handle, which stays the caller's. On failure answer.err. */
NODISCARD int http_transfer_prepare(struct http_transfer *t, CURL *easy);

/* Has nothing moved for idle_timeout_ms? @return microseconds until it may be so; <= 0: it is. */
int64_t http_transfer_idle_left_us(struct http_transfer *t, int64_t now_us);

void http_transfer_end(struct http_transfer *t, CURLcode rc);
void http_transfer_fail(struct http_transfer *t, enum err_code code, const char *why);

#endif
