#include "net/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

struct timer {
	struct event event;
	struct loop *loop;
	loop_fn *fn;
	void *arg;
	int64_t due_us;
	struct timer *next, **link; /* among the loop's timers */
};

struct post {
	loop_fn *fn;
	void *arg;
	struct post *next;
};

struct signal_watch {
	struct event *event;
	loop_fn *fn;
	void *arg;
	struct signal_watch *next;
};

struct loop {
	struct event_base *base;
	pthread_t thread;
	bool quit;
	struct timer *timers;
	struct signal_watch *signals;

	/* Posts. Other threads wake the loop through the eventfd; the loop's own thread saves the
	 * system calls and uses a timer of 0. */
	int wake_fd;
	struct event *wake, *turn;
	pthread_mutex_t lock;
	struct post *first, **last; /* under the lock */
};

static void run_posts(struct loop *l)
{
	(void)pthread_mutex_lock(&l->lock);
	struct post *todo = l->first;
	l->first = NULL;
	l->last = &l->first;
	(void)pthread_mutex_unlock(&l->lock);

	while (todo) {
		struct post p = *todo;
		free(todo);
		todo = p.next;
		p.fn(p.arg);
	}
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;
	ssize_t n = read(fd, &count, sizeof(count));
	INVARIANT(n == sizeof(count) || errno == EAGAIN || errno == EINTR);
	(void)what;
	run_posts(arg);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_posts(arg);
}

static int open_base(struct loop *l, struct err *err)
{
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0)
		return err_set(err, ERR_IO, "eventfd: %s", strerror(errno));
	l->base = event_base_new();
	if (!l->base)
		return err_set(err, ERR_IO, "cannot create the event base");
	l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	l->turn = event_new(l->base, -1, 0, on_turn, l);
	if (!l->wake || !l->turn || event_add(l->wake, NULL) != 0)
		return err_set(err, ERR_NOMEM, "cannot watch the event loop's eventfd");
	return 0;
}

int loop_new(struct loop **out, struct err *err)
{
	struct loop *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_NOMEM, "no memory for the event loop");
	(void)signal(SIGPIPE, SIG_IGN);
	l->thread = pthread_self();
	l->last = &l->first;
	(void)pthread_mutex_init(&l->lock, NULL);
	int rc = open_base(l, err);
	if (rc < 0) {
		loop_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

static void free_event(struct event *e)
{
	if (e)
		event_free(e);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (struct timer *t = l->timers, *next; t; t = next) {
		next = t->next;
		(void)event_del(&t->event);
		free(t);
	}
	while (l->signals) {
		struct signal_watch *s = l->signals;
		l->signals = s->next;
		event_free(s->event);
		free(s);
	}
	while (l->first) {
		struct post *p = l->first;
		l->first = p->next;
		free(p);
	}
	free_event(l->wake);
	free_event(l->turn);
	if (l->base)
		event_base_free(l->base);
	if (l->wake_fd >= 0)
		(void)close(l->wake_fd);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

void loop_run(struct loop *l)
{
	if (!l->quit)
		(void)event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
	l->quit = false;
}

void loop_quit(struct loop *l)
{
	l->quit = true;
	(void)event_base_loopbreak(l->base);
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

static void arm(struct timer *t, int64_t delay_us)
{
	struct timeval tv = { .tv_sec = (time_t)(delay_us / 1000000),
			      .tv_usec = (suseconds_t)(delay_us % 1000000) };
	int rc = event_add(&t->event, &tv);
	INVARIANT(rc == 0);
}

static void unlink_timer(struct timer *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct timer *t = arg;

	/* libevent counts from the coarse time at which this turn of the loop began. */
	int64_t early_us = t->due_us - clock_mono_us();
	if (early_us > 0) {
		arm(t, early_us);
		return;
	}
	loop_fn *fn = t->fn;
	void *fn_arg = t->arg;
	unlink_timer(t);
	free(t);
	fn(fn_arg);
}

struct timer *timer_start(struct loop *l, int64_t delay_ms, loop_fn *fn, void *arg)
{
	INVARIANT(delay_ms >= 0);
	static const int64_t longest_ms = INT64_C(1000) * 86400 * 366 * 100;
	if (delay_ms > longest_ms)
		delay_ms = longest_ms;
	struct timer *t = malloc(sizeof(*t));
	INVARIANT(t != NULL);
	*t = (struct timer){
		.loop = l, .fn = fn, .arg = arg, .next = l->timers, .link = &l->timers
	};
	if (t->next)
		t->next->link = &t->next;
	l->timers = t;
	t->due_us = clock_mono_us() + delay_ms * 1000;
	(void)event_assign(&t->event, l->base, -1, 0, on_timer, t);
	arm(t, delay_ms * 1000);
	return t;
}

void timer_stop(struct timer *t)
{
	if (!t)
		return;
	(void)event_del(&t->event);
	unlink_timer(t);
	free(t);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	struct post *p = malloc(sizeof(*p));
	INVARIANT(p != NULL);
	*p = (struct post){ .fn = fn, .arg = arg };

	(void)pthread_mutex_lock(&l->lock);
	bool was_empty = !l->first;
	*l->last = p;
	l->last = &p->next;
	/* Under the lock: once it is released the post may run, and what it does may free the loop. */
	if (was_empty && pthread_equal(pthread_self(), l->thread)) {
		int rc = event_add(l->turn, &(struct timeval){ 0 });
		INVARIANT(rc == 0);
	} else if (was_empty) {
		ssize_t n = write(l->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
		INVARIANT(n == sizeof(uint64_t) || errno == EAGAIN);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	(void)signo;
	(void)what;
	struct signal_watch *s = arg;
	s->fn(s->arg);
}

int loop_on_signal(struct loop *l, int signo, loop_fn *fn, void *arg, struct err *err)
{
	struct signal_watch *s = malloc(sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory to watch signal %d", signo);
	*s = (struct signal_watch){ .fn = fn, .arg = arg, .next = l->signals };
	s->event = evsignal_new(l->base, signo, on_signal, s);
	if (!s->event || event_add(s->event, NULL) != 0) {
		free_event(s->event);
		free(s);
		return err_set(err, ERR_IO, "cannot watch signal %d", signo);
	}
	l->signals = s;
	return 0;
}
