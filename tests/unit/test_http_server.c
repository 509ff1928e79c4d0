/* The HTTP server over real sockets on loopback. */
#include "tap.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "raw_client.h"

#define HOST "Host: a\r\n"
#define CLOSE "Connection: close\r\n"

/* How the handler answers. */
enum manner { AT_ONCE, LATER, NEVER, DROP_AT_ONCE, DROP_LATER };

struct world {
	struct loop *loop;
	struct http_server *server;
	struct http_serve_spec spec;
	enum manner manner;
	int status; /* of the handler's answers; the body is "METHOD PATH?QUERY BODY" */
	const struct http_header *headers;
	size_t n_headers;
	size_t blow_up; /* bytes of padding in front of the body of an answer */
	struct http_exchange *waiting;
	struct buf answer;
	int served, gone;
	struct raw_client client;
};

static void answer(struct world *w, struct http_exchange *x)
{
	http_server_answer(x, w->status, w->headers, w->n_headers, buf_bytes(&w->answer));
}

static void answer_later(void *arg)
{
	struct world *w = arg;
	answer(w, w->waiting);
}

static void drop_later(void *arg)
{
	struct world *w = arg;
	http_server_drop(w->waiting);
}

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct world *w = arg;
	w->served++;
	CHECK(strncmp(req->peer, "127.0.0.1:", 10) == 0);
	buf_cut(&w->answer, 0);
	for (size_t i = 0; i < w->blow_up; i++)
		buf_adds(&w->answer, "x");
	buf_addf(&w->answer, "%s %s?%s ", req->method, req->path, req->query);
	buf_add(&w->answer, req->body.p, req->body.n);
	w->waiting = x;
	if (w->manner == AT_ONCE)
		answer(w, x);
	else if (w->manner == LATER)
		loop_post(w->loop, answer_later, w);
	else if (w->manner == DROP_AT_ONCE)
		http_server_drop(x);
	else if (w->manner == DROP_LATER)
		loop_post(w->loop, drop_later, w);
}

static void quit(void *arg)
{
	struct world *w = arg;
	loop_quit(w->loop);
}

static void gone(void *arg, struct http_exchange *x)
{
	struct world *w = arg;
	w->gone++;
	CHECK(x == w->waiting);
	loop_quit(w->loop);
}

static void client_done(void *arg)
{
	struct world *w = arg;
	loop_post(w->loop, quit, w);
}

static void begin(struct world *w)
{
	*w = (struct world){ .status = 200,
			     .answer = BUF_INIT(1 << 26),
			     .client = { .done = client_done, .arg = w, .got = BUF_INIT(1 << 26) },
			     .spec = { .address = "127.0.0.1", .serve = serve, .gone = gone } };
	w->spec.arg = w;
	int rc = loop_new(&w->loop, NULL);
	INVARIANT(rc == 0);
}

static void start(struct world *w)
{
	int rc = http_server_start(&w->server, w->loop, &w->spec, NULL);
	INVARIANT(rc == 0);
	w->client.port = http_server_port(w->server, 0);
}

static void end(struct world *w)
{
	http_server_free(w->server);
	loop_free(w->loop);
	buf_clear(&w->answer);
	buf_clear(&w->client.got);
}

/* Send, and run the loop until the server has closed the connection. */
static const char *talk(struct world *w, struct bytes first)
{
	w->client.first = first;
	raw_client_start(&w->client);
	loop_run(w->loop);
	raw_client_join(&w->client);
	return buf_cstr(&w->client.got);
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	return end ? end + 4 : "";
}

static int count(const char *text, const char *part)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

/* ---- answers ---- */

TEST(a_request_is_served)
{
	static const struct http_header headers[] = { { "X-A", "b" } };
	struct world w;
	begin(&w);
	w.headers = headers;
	w.n_headers = 1;
	start(&w);

	const char *got =
	    talk(&w, BYTES_LIT("POST /a?b HTTP/1.1\r\n" HOST CLOSE "Content-Length: 3\r\n\r\nxyz"));

	CHECK(strncmp(got, "HTTP/1.1 200 OK\r\nDate: ", 23) == 0);
	CHECK(strstr(got, " GMT\r\nContent-Length: 13\r\nConnection: close\r\nX-A: b\r\n\r\n") !=
	      NULL);
	CHECK_STR(body_of(got), "POST /a?b xyz");
	end(&w);
}

TEST(kept_and_pipelined_requests_are_answered_in_order)
{
	static const char three[] =
	    "GET /1 HTTP/1.1\r\n" HOST "\r\nPOST /2 HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
	    "GET /3 HTTP/1.1\r\n" HOST CLOSE "\r\nGET /4 HTTP/1.1\r\n" HOST "\r\n";
	for (enum manner m = AT_ONCE; m <= LATER; m++) {
		struct world w;
		begin(&w);
		w.manner = m;
		start(&w);

		const char *got = talk(&w, (struct bytes){ three, sizeof(three) - 1 });

		const char *one = strstr(got, "GET /1? "), *two = strstr(got, "POST /2? x");
		const char *last = strstr(got, "GET /3? ");
		CHECK(one && two && last && one < two && two < last);
		CHECK_INT(count(got, "HTTP/1.1 200 OK"), 3);
		CHECK_INT(count(got, "Connection:"), 1);
		CHECK_INT(w.served, 3);
		end(&w);
	}
}

TEST(more_pipelined_requests_than_fit_a_buffer_are_all_answered)
{
	enum { MANY = 4000 };
	struct buf b = BUF_INIT(1 << 22);
	for (int i = 0; i < MANY; i++)
		buf_addf(&b, "GET /%d HTTP/1.1\r\n" HOST "X-Padding: %060d\r\n%s\r\n", i, i,
			 i == MANY - 1 ? CLOSE : "");
	for (enum manner m = AT_ONCE; m <= LATER; m++) {
		struct world w;
		begin(&w);
		w.manner = m;
		start(&w);

		const char *got = talk(&w, buf_bytes(&b));

		CHECK_INT(w.served, MANY);
		CHECK_INT(count(got, "HTTP/1.1 200 OK"), MANY);
		CHECK(strstr(got, "GET /3999? ") != NULL);
		end(&w);
	}
	buf_clear(&b);
}

TEST(head_and_bodyless_statuses_send_no_body)
{
	struct world w;
	begin(&w);
	start(&w);

	const char *got = talk(&w, BYTES_LIT("HEAD /a HTTP/1.1\r\n" HOST CLOSE "\r\n"));
	CHECK(strstr(got, "Content-Length: 9\r\n") != NULL);
	CHECK_STR(body_of(got), "");
	w.status = 204;
	got = talk(&w, BYTES_LIT("GET /a HTTP/1.1\r\n" HOST CLOSE "\r\n"));
	CHECK(!strstr(got, "Content-Length"));
	CHECK_STR(body_of(got), "");
	end(&w);
}

TEST(http_1_0_is_closed_unless_kept)
{
	struct world w;
	begin(&w);
	start(&w);

	const char *got = talk(&w, BYTES_LIT("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n"));
	CHECK_INT(count(got, "HTTP/1.1 200"), 1);
	CHECK_INT(count(got, "Connection: close"), 1);
	got = talk(&w, BYTES_LIT("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
				 "GET /b HTTP/1.0\r\n\r\n"));
	CHECK_INT(count(got, "Connection: keep-alive"), 1);
	CHECK_INT(count(got, "HTTP/1.1 200"), 2);
	end(&w);
}

TEST(a_client_that_waits_for_100_is_told_to_go_on)
{
	struct world w;
	begin(&w);
	start(&w);
	w.client.then = BYTES_LIT("xyz");

	const char *got = talk(&w, BYTES_LIT("PUT /a HTTP/1.1\r\n" HOST CLOSE
					     "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));

	CHECK(strncmp(got, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 42) == 0);
	CHECK(strstr(got, "PUT /a? xyz") != NULL);
	end(&w);
}

TEST(a_large_answer_reaches_a_slow_reader_whole)
{
	struct world w;
	begin(&w);
	w.client.slow_reader = true;
	w.blow_up = 3 << 20;
	start(&w);

	const char *got = talk(&w, BYTES_LIT("GET /1 HTTP/1.1\r\n" HOST "\r\n"
					     "GET /2 HTTP/1.1\r\n" HOST CLOSE "\r\n"));

	CHECK_INT(count(got, "HTTP/1.1 200"), 2);
	CHECK(w.client.got.n > 2 * w.blow_up);
	CHECK_STR(got + w.client.got.n - 8, "GET /2? ");
	end(&w);
}

TEST(a_header_that_would_split_the_answer_is_not_sent)
{
	static const struct http_header bad[] = { { "X-A", "b\r\nX-C: d" } };
	struct world w;
	begin(&w);
	w.headers = bad;
	w.n_headers = 1;
	start(&w);

	const char *got = talk(&w, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));

	CHECK(strncmp(got, "HTTP/1.1 500 ", 13) == 0);
	CHECK(!strstr(got, "X-C"));
	end(&w);
}

/* ---- refusals ---- */

static void expect_refusal(struct bytes request, int status)
{
	char line[32];
	struct world w;
	begin(&w);
	w.spec.max_body = 1000;
	start(&w);

	const char *got = talk(&w, request);

	(void)snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (!CHECK(strncmp(got, line, strlen(line)) == 0 && count(got, "HTTP/1.1") == 1 &&
		   count(got, "Connection: close\r\n") == 1))
		TAP_NOTE("%.60s\n# want %d, got: %.200s", request.p, status, got);
	CHECK_INT(w.served, 0);
	end(&w);
}

TEST(what_plain_parsers_let_pass_is_refused)
{
#define CASE(text, status) expect_refusal((struct bytes){ (text), sizeof(text) - 1 }, (status))
	CASE("GET / HTTP/1.1\r\n\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400);
	CASE("GET / HTTP/1.1\n" HOST "\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST "User: admin\0istrator\r\n\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400);
	CASE("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400);
	CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400);
	CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 400);
	CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "0\r\n\r\n",
	     400);
	CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n"
	     "\r\nabc",
	     400);
	CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
	CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n", 400);
	CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 400);
	CASE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5368709120\r\n\r\n", 413);
	CASE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nFFFF\r\n", 413);
	CASE("POST / HTTP/1.1\r\n" HOST "Expect: magic\r\nContent-Length: 1\r\n\r\n", 417);
	CASE("BREW / HTTP/1.1\r\n" HOST "\r\n", 501);
	CASE("GET / HTTP/3.0\r\n" HOST "\r\n", 505);
#undef CASE
}

TEST(what_is_oversize_is_refused_although_it_goes_on)
{
	struct buf b = BUF_INIT(1 << 26);
	buf_adds(&b, "GET /");
	for (int i = 0; i < 1000000; i++)
		buf_adds(&b, "aaaa");
	expect_refusal(buf_bytes(&b), 414);
	buf_cut(&b, 0);
	buf_adds(&b, "GET / HTTP/1.1\r\n" HOST "A: ");
	for (int i = 0; i < 5000000; i++)
		buf_adds(&b, "aaaa");
	expect_refusal(buf_bytes(&b), 431);
	buf_cut(&b, 0);
	buf_adds(&b, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 200000; i++)
		buf_adds(&b, "A: b\r\n");
	expect_refusal(buf_bytes(&b), 431);
	buf_clear(&b);
}

/* ---- time ---- */

TEST(the_header_block_has_an_absolute_deadline)
{
	struct world w;
	begin(&w);
	w.spec.header_timeout_ms = 60;
	w.client.trickle_ms = 5;
	start(&w);
	int64_t before = clock_mono_ms();

	const char *got = talk(&w, BYTES_LIT("GET / HTTP/1.1\r\nHost: a\r\n"
					     "X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));

	CHECK(strncmp(got, "HTTP/1.1 408 ", 13) == 0);
	CHECK(clock_mono_ms() - before >= 60);
	end(&w);
}

TEST(the_body_has_an_absolute_deadline)
{
	struct world w;
	begin(&w);
	w.spec.body_timeout_ms = 30;
	start(&w);

	const char *got =
	    talk(&w, BYTES_LIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabc"));

	CHECK(strncmp(got, "HTTP/1.1 408 ", 13) == 0);
	end(&w);
}

TEST(a_silent_connection_is_closed_without_a_word)
{
	struct world w;
	begin(&w);
	w.spec.header_timeout_ms = 20;
	start(&w);

	CHECK_STR(talk(&w, BYTES_LIT("")), "");
	end(&w);
}

/* ---- connections ---- */

static void expect_line(int fd, const char *want)
{
	char line[64] = "";
	(void)recv(fd, line, strlen(want), MSG_WAITALL);
	CHECK_STR(line, want);
}

static void run_for(struct world *w, int64_t ms)
{
	(void)timer_start(w->loop, ms, quit, w);
	loop_run(w->loop);
}

TEST(above_the_cap_a_connection_is_refused)
{
	struct world w;
	begin(&w);
	w.spec.max_connections = 1;
	start(&w);
	int busy = raw_client_dial(&w.client);
	raw_client_send(busy, BYTES_LIT("GET / HTTP/1.1\r\n"));
	run_for(&w, 1);

	const char *got = talk(&w, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));
	CHECK(strncmp(got, "HTTP/1.1 503 ", 13) == 0);
	CHECK(strstr(got, "Retry-After: 1\r\n") != NULL);
	int refused = raw_client_dial(&w.client); /* and does not read its refusal */
	run_for(&w, 1);

	raw_client_send(busy, BYTES_LIT(HOST "\r\n"));
	run_for(&w, 1);
	expect_line(busy, "HTTP/1.1 200 OK");
	(void)close(busy);
	run_for(&w, 1);
	got = talk(&w, BYTES_LIT("GET / HTTP/1.1\r\n" HOST CLOSE "\r\n"));
	CHECK(strncmp(got, "HTTP/1.1 200 ", 13) == 0);
	(void)close(refused);
	end(&w);
}

TEST(a_connection_at_rest_makes_room_but_no_fresh_one)
{
	struct bytes get = BYTES_LIT("GET / HTTP/1.1\r\n" HOST CLOSE "\r\n");
	struct world w;
	begin(&w);
	w.spec.max_connections = 2;
	start(&w);
	int fresh = raw_client_dial(&w.client), kept = raw_client_dial(&w.client);
	raw_client_send(kept, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));
	run_for(&w, 1);
	expect_line(kept, "HTTP/1.1 200 OK");

	CHECK(strncmp(talk(&w, get), "HTTP/1.1 503 ", 13) == 0);
	run_for(&w, 200);
	CHECK(strncmp(talk(&w, get), "HTTP/1.1 200 ", 13) == 0);

	char rest[512];
	CHECK(recv(kept, rest, sizeof(rest), MSG_WAITALL) >= 0); /* up to the end: it is closed */
	CHECK_INT(recv(kept, rest, sizeof(rest), 0), 0);
	raw_client_send(fresh, get);
	run_for(&w, 1);
	expect_line(fresh, "HTTP/1.1 200 OK");
	(void)close(kept);
	(void)close(fresh);
	end(&w);
}

TEST(the_handler_is_told_that_the_client_has_left)
{
	struct world w;
	begin(&w);
	w.manner = NEVER;
	w.client.hang_up = true;
	start(&w);

	(void)talk(&w, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));

	CHECK_INT(w.served, 1);
	CHECK_INT(w.gone, 1);
	end(&w);
}

TEST(without_a_gone_callback_a_late_answer_is_harmless)
{
	struct world w;
	begin(&w);
	w.manner = NEVER;
	w.spec.gone = NULL;
	start(&w);
	int fd = raw_client_dial(&w.client);
	raw_client_send(fd, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));
	while (w.served == 0)
		run_for(&w, 1);
	(void)close(fd);
	run_for(&w, 1);

	answer(&w, w.waiting);
	end(&w);
	CHECK_INT(w.served, 1);
}

TEST(a_dropped_request_gets_no_byte_and_those_behind_it_are_not_served)
{
	static const enum manner manners[] = { DROP_AT_ONCE, DROP_LATER };
	for (size_t i = 0; i < 2; i++) {
		struct world w;
		begin(&w);
		w.manner = manners[i];
		start(&w);

		CHECK_STR(talk(&w, BYTES_LIT("GET /1 HTTP/1.1\r\n" HOST "\r\n"
					     "GET /2 HTTP/1.1\r\n" HOST "\r\n")),
			  "");

		CHECK_INT(w.served, 1);
		CHECK_INT(w.gone, 0);
		end(&w);
	}
}

TEST(a_server_can_be_freed_in_the_middle)
{
	struct world w;
	begin(&w);
	w.manner = NEVER;
	start(&w);
	int serving = raw_client_dial(&w.client), reading = raw_client_dial(&w.client),
	    idle = raw_client_dial(&w.client);
	raw_client_send(serving, BYTES_LIT("GET / HTTP/1.1\r\n" HOST "\r\n"));
	raw_client_send(reading, BYTES_LIT("GET / HTTP/1.1\r\n" HOST));
	while (w.served == 0)
		run_for(&w, 1);

	end(&w);

	CHECK_INT(w.gone, 0);
	(void)close(serving);
	(void)close(reading);
	(void)close(idle);
}

TEST(an_address_that_is_none_is_named)
{
	struct world w;
	struct err err;
	begin(&w);

	w.spec.address = "localhost";
	CHECK_INT(http_server_start(&w.server, w.loop, &w.spec, &err), -ERR_INVALID);
	CHECK(strstr(err.message, "'localhost': expected an IP address") != NULL);
	w.spec.address = "127.0.0.1";
	start(&w);
	w.spec.port = http_server_port(w.server, 0);
	struct http_server *second;
	CHECK_INT(http_server_start(&second, w.loop, &w.spec, &err), -ERR_IO);
	CHECK(strstr(err.message, "in use") != NULL);
	end(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_request_is_served),
		      TAP_CASE(kept_and_pipelined_requests_are_answered_in_order),
		      TAP_CASE(more_pipelined_requests_than_fit_a_buffer_are_all_answered),
		      TAP_CASE(head_and_bodyless_statuses_send_no_body),
		      TAP_CASE(http_1_0_is_closed_unless_kept),
		      TAP_CASE(a_client_that_waits_for_100_is_told_to_go_on),
		      TAP_CASE(a_large_answer_reaches_a_slow_reader_whole),
		      TAP_CASE(a_header_that_would_split_the_answer_is_not_sent),
		      TAP_CASE(what_plain_parsers_let_pass_is_refused),
		      TAP_CASE(what_is_oversize_is_refused_although_it_goes_on),
		      TAP_CASE(the_header_block_has_an_absolute_deadline),
		      TAP_CASE(the_body_has_an_absolute_deadline),
		      TAP_CASE(a_silent_connection_is_closed_without_a_word),
		      TAP_CASE(above_the_cap_a_connection_is_refused),
		      TAP_CASE(a_connection_at_rest_makes_room_but_no_fresh_one),
		      TAP_CASE(the_handler_is_told_that_the_client_has_left),
		      TAP_CASE(without_a_gone_callback_a_late_answer_is_harmless),
		      TAP_CASE(a_dropped_request_gets_no_byte_and_those_behind_it_are_not_served),
		      TAP_CASE(a_server_can_be_freed_in_the_middle),
		      TAP_CASE(an_address_that_is_none_is_named)));
}
