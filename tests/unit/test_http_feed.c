/* Answers in parts, over real sockets on loopback. */
#include "tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "raw_client.h"

enum { PART = 8192, TURNS_MAX = 100000 };

struct world {
	struct loop *loop;
	struct http_server *server;
	struct http_exchange *x; /* NULL: none, or its client has gone */
	int gone;
	int fd; /* the client's end */
	struct buf got;
};

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	static const struct http_header headers[] = { { "Content-Type", "text/event-stream" } };
	struct world *w = arg;
	(void)req;
	w->x = x;
	http_server_begin(x, 200, headers, 1);
	loop_quit(w->loop);
}

static void gone(void *arg, struct http_exchange *x)
{
	struct world *w = arg;
	CHECK(x == w->x);
	w->x = NULL;
	w->gone++;
	loop_quit(w->loop);
}

static void quit(void *arg)
{
	struct world *w = arg;
	loop_quit(w->loop);
}

static void turn(struct world *w)
{
	loop_post(w->loop, quit, w);
	loop_run(w->loop);
}

/* A client whose answer has begun. */
static void begin(struct world *w, int64_t write_timeout_ms, const char *request)
{
	const struct http_place place = { .address = "127.0.0.1" };
	const struct http_listen listen = { .places = &place,
					    .n_places = 1,
					    .write_timeout_ms = write_timeout_ms };
	const struct http_handler handler = { serve, gone, w };
	*w = (struct world){ .got = BUF_INIT(1 << 26) };
	INVARIANT(loop_new(&w->loop, NULL) == 0);
	INVARIANT(http_server_listen(&w->server, w->loop, &handler, &listen, NULL) == 0);
	const struct raw_client client = { .port = http_server_port(w->server, 0),
					   .slow_reader = true };
	w->fd = raw_client_dial(&client);
	raw_client_send(w->fd, bytes_str(request));
	loop_run(w->loop);
	CHECK(w->x != NULL);
}

static void end(struct world *w)
{
	(void)close(w->fd);
	http_server_free(w->server);
	loop_free(w->loop);
	buf_clear(&w->got);
}

/* Take what has come. @return false: that was the end of it */
static bool take(struct world *w)
{
	char chunk[65536];
	ssize_t n;
	while ((n = recv(w->fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		buf_add(&w->got, chunk, (size_t)n);
	return n < 0 && errno == EAGAIN;
}

static void take_to_the_end(struct world *w)
{
	for (int i = 0; i < TURNS_MAX && take(w); i++)
		turn(w);
	CHECK(!take(w));
}

/* Lines of one letter, so that a part that is cut is seen. */
static bool send_part(struct world *w, char letter)
{
	char part[PART];
	memset(part, letter, sizeof(part));
	part[PART - 1] = '\n';
	return http_server_part(w->x, (struct bytes){ part, sizeof(part) });
}

/* @return how many were taken until one was dropped */
static int fill(struct world *w)
{
	int n = 0;
	while (n < TURNS_MAX && send_part(w, 'a'))
		n++;
	return n;
}

static size_t body_bytes(const struct world *w)
{
	const char *body = strstr(buf_cstr(&w->got), "\r\n\r\n");
	return body ? w->got.n - (size_t)(body + 4 - w->got.p) : 0;
}

#define REQUEST "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(parts_arrive_and_the_end_closes)
{
	struct world w;
	begin(&w, 0, REQUEST);

	CHECK(http_server_part(w.x, BYTES_LIT("one ")));
	CHECK(http_server_part(w.x, BYTES_LIT("two")));
	http_server_end(w.x);
	take_to_the_end(&w);

	const char *got = buf_cstr(&w.got);
	CHECK(strncmp(got, "HTTP/1.1 200 OK\r\n", 17) == 0);
	CHECK(strstr(got, "Content-Length") == NULL && strstr(got, "Connection: close\r\n"));
	CHECK_STR(strstr(got, "\r\n\r\n"), "\r\n\r\none two");
	CHECK_INT(w.gone, 0);
	end(&w);
}

TEST(what_is_sent_ahead_is_not_served)
{
	struct world w;
	begin(&w, 0, REQUEST REQUEST);

	CHECK(http_server_part(w.x, BYTES_LIT("one")));
	raw_client_send(w.fd, BYTES_LIT(REQUEST));
	turn(&w);
	http_server_end(w.x);
	take_to_the_end(&w);

	CHECK_STR(strstr(buf_cstr(&w.got), "\r\n\r\n"), "\r\n\r\none");
	end(&w);
}

TEST(a_slow_reader_costs_parts_and_no_memory)
{
	struct world w;
	begin(&w, 0, REQUEST);

	int taken = fill(&w), i = 0;
	CHECK(taken > HTTP_FEED_WAITING / PART - 1 && taken < TURNS_MAX);
	CHECK(!send_part(&w, 'b'));
	for (; i < TURNS_MAX && !send_part(&w, 'c'); i++) {
		CHECK(take(&w));
		turn(&w);
	}
	CHECK(i > 0 && i < TURNS_MAX);
	http_server_end(w.x);
	take_to_the_end(&w);

	CHECK_INT(body_bytes(&w), (size_t)(taken + 1) * PART);
	CHECK(strchr(strstr(buf_cstr(&w.got), "\r\n\r\n"), 'b') == NULL);
	end(&w);
}

TEST(who_does_not_catch_up_has_gone)
{
	struct world w;
	begin(&w, 50, REQUEST);

	CHECK(fill(&w) < TURNS_MAX);
	loop_run(w.loop);

	CHECK_INT(w.gone, 1);
	end(&w);
}

TEST(a_client_that_leaves_is_told)
{
	struct world w;
	begin(&w, 0, REQUEST);

	(void)shutdown(w.fd, SHUT_RDWR);
	loop_run(w.loop);

	CHECK_INT(w.gone, 1);
	end(&w);
}

TEST(a_write_that_fails_is_told_later)
{
	struct world w;
	struct linger at_once = { .l_onoff = 1 };
	begin(&w, 0, REQUEST);

	(void)setsockopt(w.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(w.fd); /* a reset */
	w.fd = -1;
	for (int i = 0; i < TURNS_MAX && send_part(&w, 'a'); i++)
		CHECK_INT(w.gone, 0);
	CHECK(!send_part(&w, 'a'));
	CHECK_INT(w.gone, 0);
	loop_run(w.loop);

	CHECK_INT(w.gone, 1);
	end(&w);
}

TEST(what_waits_at_the_end_is_still_sent)
{
	struct world w;
	begin(&w, 0, REQUEST);

	int taken = fill(&w);
	http_server_end(w.x);
	take_to_the_end(&w);

	CHECK_INT(body_bytes(&w), (size_t)taken * PART);
	CHECK_INT(w.gone, 0);
	end(&w);
}

TEST(it_can_be_dropped_or_freed_in_the_middle)
{
	struct world w;
	begin(&w, 0, REQUEST);
	(void)fill(&w);
	http_server_drop(w.x);
	CHECK_INT(w.gone, 0);
	end(&w);
	begin(&w, 0, REQUEST);
	(void)fill(&w);
	end(&w); /* frees the server */
	CHECK_INT(w.gone, 0);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(parts_arrive_and_the_end_closes), TAP_CASE(what_is_sent_ahead_is_not_served),
	    TAP_CASE(a_slow_reader_costs_parts_and_no_memory),
	    TAP_CASE(who_does_not_catch_up_has_gone), TAP_CASE(a_client_that_leaves_is_told),
	    TAP_CASE(a_write_that_fails_is_told_later),
	    TAP_CASE(what_waits_at_the_end_is_still_sent),
	    TAP_CASE(it_can_be_dropped_or_freed_in_the_middle)));
}
