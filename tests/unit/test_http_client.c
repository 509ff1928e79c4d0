/* The HTTP client against peers that behave, and peers that do not. */
#include "tap.h"

#include <stdlib.h>

#include "base/buf.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "scripted_peer.h"

/* One request and what became of it. */
struct world {
	struct loop *loop;
	struct http_client *client;
	struct http_transfer *transfer;
	struct peer *peer;
	char url[128];
	int dones;
	int status;
	struct err err;
	bool maybe_sent;
	int64_t total_us, connect_us;
	struct buf body, headers; /* headers as "Name: value\n" */
};

static void begin(struct world *w)
{
	*w = (struct world){ .body = BUF_INIT(1 << 20), .headers = BUF_INIT(1 << 20) };
	int rc = loop_new(&w->loop, NULL);
	INVARIANT(rc == 0);
	rc = http_client_new(&w->client, w->loop, NULL);
	INVARIANT(rc == 0);
}

static void play(struct world *w, const struct peer_step *steps, int n)
{
	w->peer = peer_start(steps, n, NULL, NULL);
	(void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u/x?y=1", peer_port(w->peer));
}

static void end(struct world *w)
{
	http_client_free(w->client);
	loop_free(w->loop);
	if (w->peer)
		peer_stop(w->peer);
	buf_clear(&w->body);
	buf_clear(&w->headers);
}

static void keep(void *arg, const struct http_answer *a)
{
	struct world *w = arg;
	w->dones++;
	w->status = a->status;
	w->err = a->err;
	w->maybe_sent = a->maybe_sent;
	w->total_us = a->total_us;
	w->connect_us = a->connect_us;
	buf_clear(&w->body);
	buf_clear(&w->headers);
	buf_add(&w->body, a->body.p, a->body.n);
	for (size_t i = 0; i < a->n_headers; i++)
		buf_addf(&w->headers, "%s: %s\n", a->headers[i].name, a->headers[i].value);
	loop_quit(w->loop);
}

static void ask(struct world *w, const struct http_request *req)
{
	int before = w->dones;
	w->transfer = http_start(w->client, req, keep, w);
	CHECK_INT(w->dones, before);
	loop_run(w->loop);
}

static void get(struct world *w)
{
	ask(w, &(struct http_request){ .method = "GET", .url = w->url });
}

TEST(an_answer_arrives_whole)
{
	struct world w;
	begin(&w);
	play(&w,
	     &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
						    "HTTP/1.1 404 Not Found\r\nX-A:  b c \r\n"
						    "Content-Length: 5\r\nX-Empty:\r\n\r\nhello" },
	     1);

	get(&w);

	CHECK_INT(w.dones, 1);
	CHECK_INT(w.err.code, 0);
	CHECK_INT(w.status, 404);
	CHECK_STR(buf_cstr(&w.body), "hello");
	CHECK_STR(buf_cstr(&w.headers), "X-A: b c\nContent-Length: 5\nX-Empty: \n");
	CHECK(w.maybe_sent);
	CHECK(w.connect_us > 0 && w.total_us >= w.connect_us);
	end(&w);
}

static void expect_request(const char *method, const char *body, const char *rest)
{
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 204 No Content\r\n\r\n" }, 1);
	char text[512];
	(void)snprintf(text, sizeof(text), "%s /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", method,
		       peer_port(w.peer), rest);
	static const struct http_header headers[] = { { "X-Amz-Target", "Do.It" },
						      { "X-Empty", "" } };

	ask(&w, &(struct http_request){ .method = method,
					.url = w.url,
					.headers = headers,
					.n_headers = 2,
					.body = bytes_str(body) });

	peer_join(w.peer);
	CHECK_INT(w.status, 204);
	CHECK_STR(peer_requests(w.peer), text);
	end(&w);
}

TEST(nothing_is_sent_that_was_not_asked_for)
{
	static const char bare[] = "X-Amz-Target: Do.It\r\nX-Empty:\r\n\r\n";
	expect_request("GET", "", bare);
	expect_request("HEAD", "", bare);
	expect_request("DELETE", "", bare);
	expect_request("POST", "", "X-Amz-Target: Do.It\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n");
	expect_request("POST", "{}",
		       "X-Amz-Target: Do.It\r\nX-Empty:\r\nContent-Length: 2\r\n\r\n{}");
	expect_request("PUT", "abc",
		       "X-Amz-Target: Do.It\r\nX-Empty:\r\nContent-Length: 3\r\n\r\nabc");
}

TEST(a_large_body_is_sent_without_waiting_for_100_continue)
{
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 204 No Content\r\n\r\n" }, 1);
	struct buf body = BUF_INIT(1 << 22);
	for (int i = 0; i < 200000; i++)
		buf_adds(&body, "0123456789");

	ask(&w, &(struct http_request){ .method = "POST", .url = w.url, .body = buf_bytes(&body) });

	peer_join(w.peer);
	CHECK_INT(w.status, 204);
	CHECK(!strstr(peer_requests(w.peer), "Expect"));
	CHECK(strlen(peer_requests(w.peer)) > body.n);
	buf_clear(&body);
	end(&w);
}

TEST(connections_are_kept_and_redirects_are_not_followed)
{
	static const char again[] =
	    "HTTP/1.1 302 Found\r\nLocation: /y\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n";
	struct world w;
	begin(&w);
	play(&w, (struct peer_step[]){ { PEER_ANSWER, again }, { PEER_ANSWER_LAST, again } }, 2);

	get(&w);
	CHECK_INT(w.status, 302);
	get(&w);
	CHECK_INT(w.status, 302);
	CHECK_INT(w.connect_us, 0);

	peer_join(w.peer);
	CHECK(!strstr(peer_requests(w.peer), "Cookie"));
	CHECK(!strstr(peer_requests(w.peer), "/y "));
	end(&w);
}

static void expect_failure(struct peer_step step, enum err_code code, bool retryable,
			   const char *text)
{
	struct world w;
	begin(&w);
	play(&w, &step, 1);

	ask(&w, &(struct http_request){
		    .method = "POST", .url = w.url, .idle_timeout_ms = 2000, .max_body = 10 });

	CHECK_INT(w.dones, 1);
	CHECK_INT(w.status, 0);
	CHECK_INT(w.err.code, code);
	CHECK_INT(w.err.retryable, retryable);
	CHECK(w.maybe_sent);
	CHECK(strstr(w.err.message, text) != NULL);
	CHECK(!strstr(w.err.message, "y=1"));
	CHECK_INT(w.body.n + w.headers.n, 0);
	if (!strstr(w.err.message, text))
		TAP_NOTE("message: %s", w.err.message);
	end(&w);
}

TEST(a_connection_that_breaks_is_worth_another_attempt)
{
	expect_failure((struct peer_step){ PEER_RESET, "" }, ERR_IO, true, "reset");
	expect_failure((struct peer_step){ PEER_ANSWER_LAST, "" }, ERR_IO, true, "Empty reply");
	expect_failure((struct peer_step){ PEER_RESET, "HTTP/1.1 200 OK\r\nContent-Le" }, ERR_IO,
		       true, "reset");
	expect_failure((struct peer_step){ PEER_ANSWER_LAST,
					   "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" },
		       ERR_IO, true, "6 bytes");
	expect_failure((struct peer_step){ PEER_ANSWER_LAST,
					   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
					   "3\r\nabc\r\n" },
		       ERR_IO, true, "");
}

TEST(an_answer_that_makes_no_sense_is_final)
{
	expect_failure((struct peer_step){ PEER_ANSWER_LAST, "SSH-2.0-OpenSSH\r\n\r\n" }, ERR_IO,
		       false, "HTTP/0.9");
	expect_failure(
	    (struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n" },
	    ERR_IO, false, "malformed header line");
	expect_failure(
	    (struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n" }, ERR_IO,
	    false, "Header without colon");
	expect_failure((struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 200 OK\r\nA: \1\r\n\r\n" },
		       ERR_IO, false, "control character");
}

TEST(an_answer_that_is_too_large_is_cut_off)
{
	expect_failure((struct peer_step){ PEER_HOLD, "HTTP/1.1 200 OK\r\n\r\n0123456789a" },
		       ERR_LIMIT, false, "larger than 10 bytes");
	expect_failure(
	    (struct peer_step){ PEER_HOLD,
				"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" },
	    ERR_LIMIT, false, "size exceeded");

	struct buf head = BUF_INIT(1 << 20);
	buf_adds(&head, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 300; i++)
		buf_adds(&head, "A: b\r\n");
	buf_adds(&head, "\r\n");
	expect_failure((struct peer_step){ PEER_HOLD, buf_cstr(&head) }, ERR_LIMIT, false,
		       "more than 256");
	buf_clear(&head);
	buf_adds(&head, "HTTP/1.1 200 OK\r\nA: ");
	for (int i = 0; i < 200 * 1024 / 8; i++)
		buf_adds(&head, "12345678");
	buf_adds(&head, "\r\n\r\n");
	expect_failure((struct peer_step){ PEER_HOLD, buf_cstr(&head) }, ERR_LIMIT, false,
		       "a header line of the answer is larger than 64 KiB");
	buf_clear(&head);
}

TEST(trailers_do_not_become_headers)
{
	struct world w;
	begin(&w);
	play(&w,
	     &(struct peer_step){ PEER_ANSWER_LAST,
				  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				  "1\r\na\r\n0\r\nX-Late: 1\r\n\r\n" },
	     1);

	get(&w);

	CHECK_INT(w.status, 200);
	CHECK_STR(buf_cstr(&w.body), "a");
	CHECK_STR(buf_cstr(&w.headers), "Transfer-Encoding: chunked\n");
	end(&w);
}

TEST(a_body_that_stalls_runs_into_the_idle_timeout)
{
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_HOLD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab" },
	     1);

	ask(&w, &(struct http_request){ .method = "GET", .url = w.url, .idle_timeout_ms = 30 });

	CHECK_INT(w.err.code, ERR_TIMEOUT);
	CHECK(w.err.retryable);
	CHECK(w.maybe_sent);
	CHECK(strstr(w.err.message, "nothing received for 30 ms") != NULL);
	CHECK(w.total_us >= 30000);
	end(&w);
}

TEST(the_whole_transfer_has_a_deadline)
{
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_HOLD, "" }, 1);

	ask(&w, &(struct http_request){ .method = "GET", .url = w.url, .timeout_ms = 30 });

	CHECK_INT(w.err.code, ERR_TIMEOUT);
	CHECK(strstr(w.err.message, "no complete answer within 30 ms") != NULL);
	CHECK(w.total_us >= 30000);
	end(&w);
}

TEST(a_refused_connection_sent_nothing)
{
	struct world w;
	begin(&w);
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%u/", peer_closed_port());

	get(&w);

	CHECK_INT(w.err.code, ERR_IO);
	CHECK(w.err.retryable);
	CHECK(!w.maybe_sent);
	end(&w);
}

static void expect_invalid(const struct http_request *req, const char *text)
{
	struct world w;
	begin(&w);

	ask(&w, req);

	CHECK_INT(w.dones, 1);
	CHECK_INT(w.err.code, ERR_INVALID);
	CHECK(!w.err.retryable && !w.maybe_sent);
	if (!CHECK(strstr(w.err.message, text) != NULL))
		TAP_NOTE("message: %s", w.err.message);
	end(&w);
}

TEST(a_wrong_request_is_told_by_the_completion)
{
	static const char *const urls[] = { "",
					    "/x",
					    "127.0.0.1",
					    "http://",
					    "http://a b/",
					    "http://u:p@127.0.0.1/",
					    "http://127.0.0.1\\@x/",
					    "http://127.0.0.1:99999/",
					    "http://x/\r\nA: b" };
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		expect_invalid(&(struct http_request){ .method = "GET", .url = urls[i] },
			       "not a url");
	expect_invalid(&(struct http_request){ .method = "GET", .url = "ftp://127.0.0.1/" },
		       "'ftp'");
	expect_invalid(&(struct http_request){ .method = "G T", .url = "http://127.0.0.1/" },
		       "'G T' is not an HTTP method");
	static const struct {
		struct http_header header;
		const char *text;
	} bad[] = { { { "A", "b\r\nC: d" }, "'A' has a control character" },
		    { { "A ", "b" }, "'A ' is not a header name" },
		    { { "content-length", "1" }, "client's own" },
		    { { "Transfer-Encoding", "chunked" }, "client's own" } };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_invalid(&(struct http_request){ .method = "GET",
						       .url = "http://127.0.0.1/",
						       .headers = &bad[i].header,
						       .n_headers = 1 },
			       bad[i].text);
}

static void stop_it(void *arg)
{
	struct world *w = arg;
	CHECK(http_maybe_sent(w->transfer)); /* the peer has read it */
	http_stop(w->transfer);
	loop_quit(w->loop);
}

static void stop_on_the_loop(void *arg)
{
	struct world *w = arg;
	loop_post(w->loop, stop_it, w);
}

TEST(a_stopped_transfer_is_gone_at_once)
{
	struct world w;
	begin(&w);
	w.peer = peer_start(&(struct peer_step){ PEER_HOLD, "" }, 1, stop_on_the_loop, &w);
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%u/", peer_port(w.peer));

	get(&w);
	/* The peer holds on until the connection is closed: it is. */
	peer_join(w.peer);

	CHECK_INT(w.dones, 0);
	http_stop(NULL);
	end(&w);
}

TEST(a_transfer_can_be_stopped_before_anything_happened)
{
	struct world w;
	begin(&w);
	(void)snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%u/", peer_closed_port());

	for (int i = 0; i < 300; i++)
		http_stop(http_start(
		    w.client, &(struct http_request){ .method = "GET", .url = w.url }, keep, &w));
	for (int i = 0; i < 300; i++)
		CHECK(!http_maybe_sent(http_start(
		    w.client, &(struct http_request){ .method = "GET", .url = w.url }, keep, &w)));
	http_client_free(w.client);
	w.client = NULL;

	CHECK_INT(w.dones, 0);
	end(&w);
}

static void free_the_client(void *arg, const struct http_answer *a)
{
	struct world *w = arg;
	w->status = a->status;
	w->dones++;
	http_client_free(w->client);
	w->client = NULL;
	loop_quit(w->loop);
}

TEST(a_done_may_free_the_client)
{
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 204 No Content\r\n\r\n" }, 1);
	struct http_request req = { .method = "GET", .url = w.url };

	(void)http_start(w.client, &req, free_the_client, &w);
	(void)http_start(w.client, &(struct http_request){ .method = "GET", .url = w.url }, keep,
			 &w);
	loop_run(w.loop);

	CHECK_INT(w.dones, 1);
	CHECK_INT(w.status, 204);
	end(&w);
}

enum { MANY = 400 };

static void count(void *arg, const struct http_answer *a)
{
	struct world *w = arg;
	w->status += a->status == 204;
	if (++w->dones == MANY)
		loop_quit(w->loop);
}

TEST(more_transfers_than_libcurl_is_given_all_end)
{
	static struct peer_step steps[MANY];
	struct world w;
	begin(&w);
	for (int i = 0; i < MANY; i++)
		steps[i] =
		    (struct peer_step){ PEER_ANSWER_LAST,
					"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n" };
	play(&w, steps, MANY);

	for (int i = 0; i < MANY; i++)
		(void)http_start(w.client, &(struct http_request){ .method = "GET", .url = w.url },
				 count, &w);
	loop_run(w.loop);

	CHECK_INT(w.dones, MANY);
	CHECK_INT(w.status, MANY);
	end(&w);
}

TEST(loopback_never_goes_through_a_proxy)
{
	static const char *const spelt[] = { "127.0.0.1", "127.1",     "127.9.9.9",
					     "localhost", "LocalHost", "0x7f000001" };
	char proxy[64];
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", peer_closed_port());
	(void)setenv("http_proxy", proxy, 1);
	(void)setenv("all_proxy", proxy, 1);

	for (size_t i = 0; i < sizeof(spelt) / sizeof(spelt[0]); i++) {
		struct world w;
		begin(&w);
		/* 127.9.9.9 needs a listener of its own: for it a direct refusal is the proof. */
		play(&w, &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 204 No Content\r\n\r\n" },
		     1);
		(void)snprintf(w.url, sizeof(w.url), "http://%s:%u/", spelt[i], peer_port(w.peer));
		get(&w);
		if (strcmp(spelt[i], "127.9.9.9") == 0)
			CHECK(strstr(w.err.message, "127.9.9.9 port") != NULL);
		else
			CHECK_INT(w.status, 204);
		end(&w);
	}
	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
}

TEST(another_host_goes_through_the_proxy_unless_told_otherwise)
{
	char proxy[64];
	struct world w;
	begin(&w);
	play(&w, &(struct peer_step){ PEER_ANSWER_LAST, "HTTP/1.1 204 No Content\r\n\r\n" }, 1);
	(void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", peer_port(w.peer));
	(void)setenv("http_proxy", proxy, 1);
	(void)snprintf(w.url, sizeof(w.url), "http://localhost.example:8/x");

	get(&w);
	CHECK_INT(w.status, 204);
	peer_join(w.peer);
	CHECK(strstr(peer_requests(w.peer), "GET http://localhost.example:8/x HTTP/1.1\r\n") ==
	      peer_requests(w.peer));

	/* The kernel itself refuses to connect to the broadcast address. */
	ask(&w, &(struct http_request){
		    .method = "GET", .url = "http://255.255.255.255:8/", .flags = HTTP_NO_PROXY });
	if (!CHECK(strstr(w.err.message, "255.255.255.255 port 8") != NULL))
		TAP_NOTE("message: %s", w.err.message);
	(void)unsetenv("http_proxy");
	end(&w);
}

int main(void)
{
	(void)unsetenv("no_proxy");
	(void)unsetenv("NO_PROXY");
	return tap_run(TAP_CASES(
	    TAP_CASE(an_answer_arrives_whole), TAP_CASE(nothing_is_sent_that_was_not_asked_for),
	    TAP_CASE(a_large_body_is_sent_without_waiting_for_100_continue),
	    TAP_CASE(connections_are_kept_and_redirects_are_not_followed),
	    TAP_CASE(a_connection_that_breaks_is_worth_another_attempt),
	    TAP_CASE(an_answer_that_makes_no_sense_is_final),
	    TAP_CASE(an_answer_that_is_too_large_is_cut_off),
	    TAP_CASE(trailers_do_not_become_headers),
	    TAP_CASE(a_body_that_stalls_runs_into_the_idle_timeout),
	    TAP_CASE(the_whole_transfer_has_a_deadline),
	    TAP_CASE(a_refused_connection_sent_nothing),
	    TAP_CASE(a_wrong_request_is_told_by_the_completion),
	    TAP_CASE(a_stopped_transfer_is_gone_at_once),
	    TAP_CASE(a_transfer_can_be_stopped_before_anything_happened),
	    TAP_CASE(a_done_may_free_the_client),
	    TAP_CASE(more_transfers_than_libcurl_is_given_all_end),
	    TAP_CASE(loopback_never_goes_through_a_proxy),
	    TAP_CASE(another_host_goes_through_the_proxy_unless_told_otherwise)));
}
