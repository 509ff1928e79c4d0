/* Lines over a Unix socket: both directions, long ones, leaving, whom the socket is for. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/peer.h"
#include "unit/scratch.h"

struct world {
	struct loop *loop;
	char folder[SCRATCH_SIZE], path[512];
	struct peer_server *server;
	struct peer *served, *asking;
	struct buf heard; /* what the server got, lines separated by '|' */
	struct buf answer;
	int served_gone, asking_gone;
	size_t quit_after; /* bytes of the answer */
	bool close_after_answer;
};

static void on_request(void *arg, struct bytes line)
{
	struct world *w = arg;
	buf_add(&w->heard, line.p, line.n);
	buf_adds(&w->heard, "|");
	peer_send(w->served, line);
	if (w->close_after_answer) {
		peer_close(w->served);
		w->served = NULL;
	}
}

static void on_served_gone(void *arg)
{
	struct world *w = arg;
	w->served_gone++;
	peer_close(w->served);
	w->served = NULL;
	loop_quit(w->loop);
}

static void on_answer(void *arg, struct bytes line)
{
	struct world *w = arg;
	buf_add(&w->answer, line.p, line.n);
	buf_adds(&w->answer, "|");
	if (w->answer.n >= w->quit_after)
		loop_quit(w->loop);
}

static void on_asking_gone(void *arg)
{
	struct world *w = arg;
	w->asking_gone++;
	loop_quit(w->loop);
}

static void on_accepted(void *arg, struct peer *c)
{
	static const struct peer_events events = { on_request, on_served_gone };
	struct world *w = arg;
	w->served = c;
	peer_set_events(c, &events, w);
}

static void begin(struct world *w, const char *deeper)
{
	static const struct peer_events events = { on_answer, on_asking_gone };
	struct err err = { 0 };
	*w = (struct world){ .heard = BUF_INIT(8 << 20), .answer = BUF_INIT(8 << 20) };
	scratch_begin(w->folder);
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->folder, deeper);
	INVARIANT(deeper[0] == '\0' || mkdir(w->path, 0700) == 0);
	(void)snprintf(w->path + strlen(w->path), 32, "/control.sock");
	INVARIANT(loop_new(&w->loop, &err) == 0);
	struct peer_server_spec spec = { w->loop, w->path, on_accepted, w };
	INVARIANT(peer_server_start(&w->server, &spec, &err) == 0);
	INVARIANT(peer_connect(&w->asking, w->loop, w->path, &events, w, &err) == 0);
}

static void end(struct world *w)
{
	char command[600];
	peer_close(w->asking);
	peer_close(w->served);
	peer_server_free(w->server);
	loop_free(w->loop);
	CHECK(access(w->path, F_OK) != 0);
	*strrchr(w->path, '/') = '\0';
	(void)rmdir(w->path);
	(void)snprintf(command, sizeof(command), "%s", w->folder);
	(void)rmdir(command);
	buf_clear(&w->heard);
	buf_clear(&w->answer);
}

TEST(lines_go_both_ways_in_order)
{
	struct world w;
	begin(&w, "");
	struct stat st;
	CHECK(stat(w.path, &st) == 0 && (st.st_mode & 0777) == 0600);
	peer_send(w.asking, bytes_str("one"));
	peer_send(w.asking, bytes_str(""));
	peer_send(w.asking, bytes_str("three"));
	w.quit_after = strlen("one||three|");
	loop_run(w.loop);
	CHECK_STR(buf_cstr(&w.heard), "one||three|");
	CHECK_STR(buf_cstr(&w.answer), "one||three|");
	CHECK_INT(peer_pid(w.served), getpid());
	CHECK_INT((long)peer_uid(w.served), (long)getuid());
	end(&w);
}

TEST(lines_and_paths_may_be_long)
{
	struct world w;
	char deeper[150];
	char *line = malloc(3 << 20);
	memset(deeper, 'd', sizeof(deeper));
	deeper[sizeof(deeper) - 1] = '\0';
	memset(line, 'x', 3 << 20);
	begin(&w, deeper);
	w.quit_after = 3 << 20;
	peer_send(w.asking, (struct bytes){ line, 3 << 20 });
	loop_run(w.loop);
	CHECK_INT((long)w.answer.n, (3 << 20) + 1);
	free(line);
	end(&w);
}

TEST(what_was_sent_before_a_close_still_comes)
{
	struct world w;
	begin(&w, "");
	w.close_after_answer = true;
	w.quit_after = SIZE_MAX;
	peer_send(w.asking, bytes_str("last"));
	loop_run(w.loop);
	CHECK_STR(buf_cstr(&w.answer), "last|");
	CHECK_INT(w.asking_gone, 1);
	end(&w);
	begin(&w, "");
	w.quit_after = 1;
	peer_send(w.asking, bytes_str("hello"));
	loop_run(w.loop);
	peer_close(w.asking);
	w.asking = NULL;
	loop_run(w.loop);
	CHECK_INT(w.served_gone, 1);
	end(&w);
}

TEST(nobody_listening_is_an_error)
{
	struct world w;
	struct err err = { 0 };
	struct peer *c = NULL;
	begin(&w, "");
	peer_server_free(w.server);
	w.server = NULL;
	CHECK_INT(peer_connect(&c, w.loop, w.path, NULL, NULL, &err), -ERR_IO);
	end(&w);
}

TEST(what_nobody_takes_ends_with_the_server)
{
	struct world w;
	char *line = malloc(3 << 20);
	memset(line, 'x', 3 << 20);
	begin(&w, "");
	w.quit_after = 4;
	peer_send(w.asking, bytes_str("one"));
	loop_run(w.loop);
	peer_send(w.served, (struct bytes){ line, 3 << 20 });
	peer_close(w.served);
	w.served = NULL;
	free(line);
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(lines_go_both_ways_in_order),
				 TAP_CASE(lines_and_paths_may_be_long),
				 TAP_CASE(what_was_sent_before_a_close_still_comes),
				 TAP_CASE(what_nobody_takes_ends_with_the_server),
				 TAP_CASE(nobody_listening_is_an_error)));
}
