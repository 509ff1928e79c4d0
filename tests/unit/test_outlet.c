/* Lines for somebody who does not read: they are kept, then counted, and never waited for. */
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/outlet.h"
#include "net/loop.h"

enum { LINE = 1000, FULL_LINES = 3000 };

struct world {
	int ends[2]; /* reads, writes */
	struct outlet *outlet;
	uint64_t lost;
	struct buf got;
	struct loop *loop;
	size_t until;
};

static void on_lost(void *arg, uint64_t lines)
{
	struct world *w = arg;
	w->lost += lines;
	outlet_write(w->outlet, BYTES_LIT("some were lost\n"));
}

static void begin(struct world *w, bool socket)
{
	*w = (struct world){ .got = BUF_INIT(64 << 20) };
	int rc = socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->ends)
			: pipe2(w->ends, O_CLOEXEC);
	INVARIANT(rc == 0);
	rc = fcntl(w->ends[0], F_SETFL, O_NONBLOCK); /* of the reading end alone */
	INVARIANT(rc == 0);
	w->outlet = outlet_new(w->ends[1], on_lost, w);
	INVARIANT(w->outlet);
}

static void end(struct world *w)
{
	outlet_free(w->outlet);
	(void)close(w->ends[0]);
	(void)close(w->ends[1]);
	buf_clear(&w->got);
}

static void write_line(struct world *w, char letter)
{
	char line[LINE];
	memset(line, letter, sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	outlet_write(w->outlet, (struct bytes){ line, sizeof(line) });
}

static void read_all(struct world *w)
{
	char part[8192];
	ssize_t n;
	while ((n = read(w->ends[0], part, sizeof(part))) > 0)
		buf_add(&w->got, part, (size_t)n);
}

/* All that is there or comes; the outlet is asked to go on by empty writes. */
static void read_to_the_end(struct world *w)
{
	size_t before;
	do {
		before = w->got.n;
		read_all(w);
		outlet_write(w->outlet, BYTES_LIT(""));
	} while (w->got.n != before || !outlet_is_clear(w->outlet));
}

static void check_lost(bool socket)
{
	struct world w;
	begin(&w, socket);
	uint64_t lines = 0;

	for (int i = 0; i < FULL_LINES; i++)
		write_line(&w, 'a');
	CHECK(!outlet_is_clear(w.outlet));
	CHECK_INT(w.lost, 0);
	read_to_the_end(&w);
	write_line(&w, 'z');
	read_to_the_end(&w);

	const char *told = strstr(buf_cstr(&w.got), "some were lost\n");
	for (size_t i = 0; i < w.got.n; i++)
		lines += w.got.p[i] == '\n';
	CHECK(w.lost > 0);
	CHECK_INT(lines + w.lost, FULL_LINES + 2);
	REQUIRE(told);
	CHECK_INT((told - w.got.p) % LINE, 0);
	CHECK(told[strlen("some were lost\n")] == 'z');
	end(&w);
}

TEST(a_pipe_that_nobody_reads_loses_whole_lines_and_they_are_counted)
{
	check_lost(false);
}

TEST(a_socket_that_nobody_reads_does_the_same)
{
	check_lost(true);
}

TEST(the_one_who_shares_the_pipe_still_waits)
{
	struct world w;
	begin(&w, false);

	outlet_write(w.outlet, BYTES_LIT("line\n"));

	CHECK_INT(fcntl(w.ends[1], F_GETFL) & O_NONBLOCK, 0);
	end(&w);
}

TEST(a_line_longer_than_what_is_kept_is_not_cut)
{
	struct world w;
	size_t n = 3 * (size_t)OUTLET_MAX;
	char *line = malloc(n);
	REQUIRE(line);
	memset(line, 'x', n);
	line[n - 1] = '\n';
	begin(&w, false);

	outlet_write(w.outlet, (struct bytes){ line, n });
	read_to_the_end(&w);

	CHECK_INT(w.got.n, n);
	CHECK_INT(w.lost, 0);
	end(&w);
	free(line);
}

static void look(void *arg)
{
	struct world *w = arg;
	read_all(w);
	if (w->got.n >= w->until)
		loop_quit(w->loop);
	else
		(void)timer_start(w->loop, 1, look, w);
}

TEST(the_loop_writes_what_was_kept)
{
	struct world w;
	begin(&w, false);
	REQUIRE(loop_new(&w.loop, NULL) == 0);
	outlet_attend(w.outlet, w.loop);
	w.until = (size_t)500 * LINE;

	for (int i = 0; i < 500; i++)
		write_line(&w, 'a');
	look(&w);
	loop_run(w.loop);

	CHECK(outlet_is_clear(w.outlet));
	CHECK_INT(w.got.n, w.until);
	outlet_attend(w.outlet, NULL);
	loop_free(w.loop);
	end(&w);
}

TEST(a_reader_that_went_away_is_no_error)
{
	struct world w;
	begin(&w, true);
	(void)close(w.ends[0]);
	w.ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < FULL_LINES; i++)
		write_line(&w, 'a');

	CHECK(outlet_is_clear(w.outlet));
	end(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_pipe_that_nobody_reads_loses_whole_lines_and_they_are_counted),
		      TAP_CASE(a_socket_that_nobody_reads_does_the_same),
		      TAP_CASE(the_one_who_shares_the_pipe_still_waits),
		      TAP_CASE(a_line_longer_than_what_is_kept_is_not_cut),
		      TAP_CASE(the_loop_writes_what_was_kept),
		      TAP_CASE(a_reader_that_went_away_is_no_error)));
}
