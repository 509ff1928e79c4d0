/* Timers, posts, signals and the ordered worker. */
#include "tap.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/loop.h"

/* What happened, one letter an event. */
struct world {
	struct loop *loop;
	struct worker *worker;
	char log[64];
	size_t n;
	pthread_t fn_thread, done_thread;
	sem_t gate;
};

struct note {
	struct world *w;
	char letter;
};

static void begin(struct world *w)
{
	*w = (struct world){ 0 };
	int rc = loop_new(&w->loop, NULL);
	INVARIANT(rc == 0);
	(void)sem_init(&w->gate, 0, 0);
}

static void end(struct world *w)
{
	loop_free(w->loop);
	(void)sem_destroy(&w->gate);
}

static void add(struct world *w, char letter)
{
	w->log[w->n++] = letter;
	w->log[w->n] = '\0';
}

static void write_note(void *arg)
{
	struct note *note = arg;
	add(note->w, note->letter);
}

static void quit(void *arg)
{
	struct world *w = arg;
	loop_quit(w->loop);
}

static void post_three(struct world *w, struct note notes[3])
{
	for (int i = 0; i < 3; i++) {
		notes[i] = (struct note){ w, (char)('a' + i) };
		loop_post(w->loop, write_note, &notes[i]);
	}
}

TEST(posts_run_later_and_in_order)
{
	struct world w;
	struct note notes[3];
	begin(&w);

	post_three(&w, notes);
	CHECK_STR(w.log, "");
	loop_post(w.loop, quit, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "abc");
	end(&w);
}

static void post_b_and_quit(void *arg)
{
	struct note *b = arg;
	loop_post(b->w->loop, write_note, b);
	loop_post(b->w->loop, quit, b->w);
	add(b->w, '(');
}

TEST(a_post_made_by_a_post_runs_in_a_later_turn)
{
	struct world w;
	begin(&w);
	struct note b = { &w, 'b' };
	struct note c = { &w, 'c' };

	loop_post(w.loop, post_b_and_quit, &b);
	loop_post(w.loop, write_note, &c);
	loop_run(w.loop);

	CHECK_STR(w.log, "(cb");
	end(&w);
}

enum { THREADS = 4, POSTS = 2000 };

struct sender {
	struct world *w;
	pthread_t thread;
	int next; /* the number its next post must carry */
	bool out_of_order;
	atomic_int *left;
	struct numbered {
		struct sender *from;
		int number;
	} posts[POSTS];
};

static void receive(void *arg)
{
	struct numbered *p = arg;
	p->from->out_of_order |= p->number != p->from->next++;
	if (atomic_fetch_sub(p->from->left, 1) == 1)
		loop_quit(p->from->w->loop);
}

static void *send_all(void *arg)
{
	struct sender *s = arg;
	for (int i = 0; i < POSTS; i++) {
		s->posts[i] = (struct numbered){ s, i };
		loop_post(s->w->loop, receive, &s->posts[i]);
	}
	return NULL;
}

TEST(posts_of_other_threads_arrive_all_and_in_each_threads_order)
{
	struct world w;
	begin(&w);
	atomic_int left = THREADS * POSTS;
	struct sender *senders = calloc(THREADS, sizeof(*senders));
	REQUIRE(senders);

	for (int i = 0; i < THREADS; i++) {
		senders[i].w = &w;
		senders[i].left = &left;
		CHECK_INT(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
	}
	loop_run(w.loop);

	for (int i = 0; i < THREADS; i++) {
		(void)pthread_join(senders[i].thread, NULL);
		CHECK_INT(senders[i].next, POSTS);
		CHECK(!senders[i].out_of_order);
	}
	free(senders);
	end(&w);
}

TEST(timers_fire_once_in_order_of_time_and_never_early)
{
	struct world w;
	begin(&w);
	struct note late = { &w, 'l' }, early = { &w, 'e' };
	int64_t start = clock_mono_us();

	(void)timer_start(w.loop, 20, write_note, &late);
	(void)timer_start(w.loop, 1, write_note, &early);
	(void)timer_start(w.loop, 40, quit, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "el");
	CHECK(clock_mono_us() - start >= 40000);
	end(&w);
}

struct measured {
	struct world *w;
	int64_t started_us;
	int64_t early;
	int left;
};

static void measure(void *arg)
{
	struct measured *m = arg;
	m->early += m->started_us > 0 && clock_mono_us() - m->started_us < 1000;
	if (m->left-- == 0) {
		loop_quit(m->w->loop);
		return;
	}
	/* Make the turn older than the coarse clock shows before the next timer starts. */
	int64_t until = clock_mono_us() + 1500;
	while (clock_mono_us() < until)
		continue;
	m->started_us = clock_mono_us();
	(void)timer_start(m->w->loop, 1, measure, m);
}

TEST(a_timer_started_late_in_a_turn_is_not_early_either)
{
	struct world w;
	begin(&w);
	struct measured m = { .w = &w, .left = 20 };

	(void)timer_start(w.loop, 0, measure, &m);
	loop_run(w.loop);

	CHECK_INT(m.early, 0);
	end(&w);
}

TEST(a_stopped_timer_does_not_fire)
{
	struct world w;
	begin(&w);
	struct note a = { &w, 'a' }, b = { &w, 'b' };

	struct timer *t = timer_start(w.loop, 0, write_note, &a);
	(void)timer_start(w.loop, 1, write_note, &b);
	(void)timer_start(w.loop, 5, quit, &w);
	timer_stop(t);
	timer_stop(NULL);
	loop_run(w.loop);

	CHECK_STR(w.log, "b");
	end(&w);
}

static void stop_the_other(void *arg)
{
	struct timer **other = arg;
	timer_stop(*other);
}

TEST(a_timer_that_is_due_can_still_be_stopped)
{
	struct world w;
	begin(&w);
	struct note a = { &w, 'a' };
	struct timer *late;

	/* Both are due in the first turn; the earlier one stops the other. */
	(void)timer_start(w.loop, 1, stop_the_other, &late);
	late = timer_start(w.loop, 2, write_note, &a);
	int64_t until = clock_mono_us() + 15000;
	while (clock_mono_us() < until)
		continue;
	(void)timer_start(w.loop, 5, quit, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "");
	end(&w);
}

TEST(what_is_left_is_forgotten_with_the_loop)
{
	struct world w;
	struct note notes[3];
	begin(&w);

	post_three(&w, notes);
	(void)timer_start(w.loop, 0, write_note, &notes[0]);
	(void)timer_start(w.loop, 1000000, write_note, &notes[1]);
	end(&w);

	CHECK_STR(w.log, "");
	loop_free(NULL);
}

TEST(a_quit_before_the_run_is_not_lost)
{
	struct world w;
	struct note notes[3];
	begin(&w);
	post_three(&w, notes);

	loop_quit(w.loop);
	loop_run(w.loop);
	CHECK_STR(w.log, "");
	loop_post(w.loop, quit, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "abc");
	end(&w);
}

static void on_signal(void *arg)
{
	struct world *w = arg;
	add(w, 's');
	loop_quit(w->loop);
}

TEST(a_signal_is_delivered_on_the_loop_each_time)
{
	struct world w;
	begin(&w);
	CHECK_INT(loop_on_signal(w.loop, SIGUSR1, on_signal, &w, NULL), 0);

	(void)raise(SIGUSR1);
	CHECK_STR(w.log, "");
	loop_run(w.loop);
	(void)raise(SIGUSR1);
	loop_run(w.loop);

	CHECK_STR(w.log, "ss");
	end(&w);
}

static void record_fn_thread(void *arg)
{
	struct world *w = arg;
	w->fn_thread = pthread_self();
	add(w, 'f');
}

static void record_done_thread(void *arg)
{
	struct world *w = arg;
	w->done_thread = pthread_self();
	add(w, 'd');
	loop_quit(w->loop);
}

TEST(work_runs_on_its_own_thread_and_is_done_on_the_loops)
{
	struct world w;
	begin(&w);
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);

	worker_submit(w.worker, record_fn_thread, record_done_thread, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "fd");
	CHECK(pthread_equal(w.done_thread, pthread_self()));
	CHECK(!pthread_equal(w.fn_thread, pthread_self()));
	worker_free(w.worker);
	end(&w);
}

static void write_note_and_quit(void *arg)
{
	write_note(arg);
	loop_quit(((struct note *)arg)->w->loop);
}

TEST(work_is_run_and_done_in_order)
{
	struct world w;
	begin(&w);
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);
	struct note notes[3] = { { &w, 'a' }, { &w, 'b' }, { &w, 'c' } };

	worker_submit(w.worker, write_note, write_note, &notes[0]);
	worker_submit(w.worker, write_note, write_note, &notes[1]);
	worker_submit(w.worker, write_note, write_note_and_quit, &notes[2]);
	worker_drain(w.worker);
	CHECK_STR(w.log, "abc");
	loop_run(w.loop);

	CHECK_STR(w.log, "abcabc");
	worker_free(w.worker);
	end(&w);
}

TEST(what_is_forgotten_is_done_by_nobody)
{
	struct world w;
	begin(&w);
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);
	struct note notes[3] = { { &w, 'a' }, { &w, 'b' }, { &w, 'c' } };

	worker_submit(w.worker, write_note, write_note, &notes[0]);
	worker_submit(w.worker, write_note, write_note, &notes[1]);
	worker_submit(w.worker, write_note, write_note_and_quit, &notes[2]);
	CHECK(worker_forget(w.worker, &notes[1]));
	CHECK(!worker_forget(w.worker, &w));
	CHECK_STR(w.log, "abc");
	loop_run(w.loop);
	CHECK_STR(w.log, "abcac");
	CHECK(!worker_forget(w.worker, &notes[0])); /* it was done */

	worker_free(w.worker);
	end(&w);
}

static void wait_at_the_gate(void *arg)
{
	struct world *w = arg;
	(void)sem_wait(&w->gate);
	add(w, 'g');
}

static void open_the_gate(void *arg)
{
	struct world *w = arg;
	(void)sem_post(&w->gate);
}

TEST(free_waits_for_the_job_in_hand_and_drops_the_rest)
{
	struct world w;
	begin(&w);
	struct worker *opener;
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);
	REQUIRE(worker_new(&opener, w.loop, NULL) == 0);
	struct note rest = { &w, 'r' };

	worker_submit(w.worker, open_the_gate, NULL, &w);
	worker_drain(w.worker);
	(void)sem_wait(&w.gate);
	worker_submit(w.worker, wait_at_the_gate, quit, &w);
	for (int i = 0; i < 8; i++)
		worker_submit(w.worker, write_note, quit, &rest);
	worker_submit(opener, open_the_gate, NULL, &w);
	worker_free(w.worker);
	worker_free(opener);
	(void)timer_start(w.loop, 5, quit, &w);
	loop_run(w.loop);

	/* The gate's job may not even have begun; whatever ran was a prefix, and nothing was done. */
	CHECK(strncmp(w.log, "grrrrrrrr", w.n) == 0);
	end(&w);
}

TEST(drain_runs_what_is_queued_before_the_end)
{
	struct world w;
	begin(&w);
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);
	struct note n = { &w, 'q' };

	(void)sem_post(&w.gate);
	worker_submit(w.worker, wait_at_the_gate, quit, &w);
	for (int i = 0; i < 5; i++)
		worker_submit(w.worker, write_note, quit, &n);
	worker_drain(w.worker);
	worker_free(w.worker);

	CHECK_STR(w.log, "gqqqqq");
	end(&w);
	worker_free(NULL);
}

static void free_the_worker(void *arg)
{
	struct world *w = arg;
	worker_free(w->worker);
	loop_quit(w->loop);
}

TEST(a_done_may_free_its_worker)
{
	struct world w;
	begin(&w);
	REQUIRE(worker_new(&w.worker, w.loop, NULL) == 0);

	worker_submit(w.worker, open_the_gate, free_the_worker, &w);
	worker_submit(w.worker, open_the_gate, on_signal, &w);
	loop_run(w.loop);

	CHECK_STR(w.log, "");
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(posts_run_later_and_in_order),
	    TAP_CASE(a_post_made_by_a_post_runs_in_a_later_turn),
	    TAP_CASE(posts_of_other_threads_arrive_all_and_in_each_threads_order),
	    TAP_CASE(timers_fire_once_in_order_of_time_and_never_early),
	    TAP_CASE(a_timer_started_late_in_a_turn_is_not_early_either),
	    TAP_CASE(a_stopped_timer_does_not_fire),
	    TAP_CASE(a_timer_that_is_due_can_still_be_stopped),
	    TAP_CASE(what_is_left_is_forgotten_with_the_loop),
	    TAP_CASE(a_quit_before_the_run_is_not_lost),
	    TAP_CASE(a_signal_is_delivered_on_the_loop_each_time),
	    TAP_CASE(work_runs_on_its_own_thread_and_is_done_on_the_loops),
	    TAP_CASE(work_is_run_and_done_in_order), TAP_CASE(what_is_forgotten_is_done_by_nobody),
	    TAP_CASE(free_waits_for_the_job_in_hand_and_drops_the_rest),
	    TAP_CASE(drain_runs_what_is_queued_before_the_end),
	    TAP_CASE(a_done_may_free_its_worker)));
}
