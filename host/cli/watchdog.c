#include "cli/watchdog.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "net/loop.h"
#include "script/culprit.h"

enum { LOOKS = 4 };

struct watchdog {
	struct loop *loop;
	const struct culprit *culprit;
	int64_t limit_ms;
	struct timer *beat;
	_Atomic unsigned beats;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping; /* under lock */
};

static int64_t interval_ms(const struct watchdog *w)
{
	return w->limit_ms / LOOKS > 0 ? w->limit_ms / LOOKS : 1;
}

/* ---- the loop ---- */

static void on_beat(void *arg)
{
	struct watchdog *w = arg;
	(void)atomic_fetch_add(&w->beats, 1);
	/* twice as often as it is looked for: a beat may come late without being missed */
	w->beat = timer_start(w->loop, interval_ms(w) / 2, on_beat, w);
}

/* ---- the thread ---- */

_Noreturn static void bite(const struct watchdog *w)
{
	char run[RUN_ID_SIZE], line[200];
	culprit_now(w->culprit, run);
	int n =
	    snprintf(line, sizeof(line),
		     "\nrunbook: ended by the watchdog: the loop has not turned for %.3g s%s%s\n",
		     (double)w->limit_ms / 1000.0, run[0] ? ", in run " : "", run);
	struct pollfd reader = { .fd = STDERR_FILENO, .events = POLLOUT };
	if (poll(&reader, 1, 0) == 1) /* nobody may be reading it */
		(void)!write(STDERR_FILENO, line, (size_t)n);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

static struct timespec after_ms(int64_t ms)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
	t.tv_sec += ms / 1000 + ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	return t;
}

/* Sleep for an interval; false: it is over. */
static bool sleep_on(struct watchdog *w)
{
	const struct timespec until = after_ms(interval_ms(w));
	(void)pthread_mutex_lock(&w->lock);
	int rc = 0;
	while (!w->stopping && rc == 0)
		rc = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	bool on = !w->stopping;
	(void)pthread_mutex_unlock(&w->lock);
	return on;
}

static void *watch(void *arg)
{
	struct watchdog *w = arg;
	unsigned seen = atomic_load(&w->beats);
	int missed = 0;
	while (sleep_on(w)) {
		unsigned now = atomic_load(&w->beats);
		missed = now == seen ? missed + 1 : 0;
		seen = now;
		if (missed >= LOOKS)
			bite(w);
	}
	return NULL;
}

/* ---- life ---- */

/* With every signal blocked: they are for the loop's thread. */
static int start_thread(struct watchdog *w, struct err *err)
{
	sigset_t all, old;
	pthread_condattr_t attr;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&w->thread, NULL, watch, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		return err_set(err, ERR_IO, "the thread of the watchdog: %s", strerror(error));
	return 0;
}

int watchdog_start(struct watchdog **out, struct loop *loop, int64_t limit_ms,
		   const struct culprit *culprit, struct err *err)
{
	struct watchdog *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_NOMEM, "no memory for the watchdog");
	w->loop = loop;
	w->culprit = culprit;
	w->limit_ms = limit_ms;
	int rc = start_thread(w, err);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->beat = timer_start(loop, 0, on_beat, w);
	*out = w;
	return 0;
}

void watchdog_stop(struct watchdog *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->wake);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	timer_stop(w->beat);
	(void)pthread_cond_destroy(&w->wake);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}
