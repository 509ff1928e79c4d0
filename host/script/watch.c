#include "script/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct watch {
	timer_t timer;
	_Atomic(const struct watched *) now;
	int64_t last_us; /* of the thread's CPU clock, at the last tick */
};

static int64_t thread_cpu_us(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Only async-signal-safe calls: clock_gettime, and lua_sethook, which is written for this use. */
static void on_tick(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	int saved = errno;
	struct watch *w = info->si_value.sival_ptr;
	if (info->si_code == SI_TIMER && w) {
		int64_t us = thread_cpu_us();
		const struct watched *now = atomic_load(&w->now);
		if (now)
			now->tick(now->arg, us - w->last_us);
		w->last_us = us;
	}
	errno = saved;
}

static int install_handler(struct err *err)
{
	struct sigaction sa = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	(void)sigemptyset(&sa.sa_mask);
	if (sigaction(SIGRTMIN, &sa, NULL) < 0)
		return err_set(err, ERR_IO, "sigaction: %s", strerror(errno));
	return 0;
}

int watch_new(struct watch **out, struct err *err)
{
	int rc = install_handler(err);
	if (rc < 0)
		return rc;
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_NOMEM, "no memory for the CPU watch");
	w->last_us = thread_cpu_us();

	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN };
	ev.sigev_value.sival_ptr = w;
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &w->timer) < 0) {
		free(w);
		return err_set(err, ERR_IO, "timer_create: %s", strerror(errno));
	}
	const struct timespec tick = { .tv_nsec = WATCH_TICK_MS * 1000000L };
	const struct itimerspec every = { .it_interval = tick, .it_value = tick };
	if (timer_settime(w->timer, 0, &every, NULL) < 0) {
		watch_free(w);
		return err_set(err, ERR_IO, "timer_settime: %s", strerror(errno));
	}
	*out = w;
	return 0;
}

/* A signal that is already queued would find freed memory: take it off the queue first. */
void watch_free(struct watch *w)
{
	if (!w)
		return;
	sigset_t tick, old;
	const struct timespec none = { 0 };
	(void)sigemptyset(&tick);
	(void)sigaddset(&tick, SIGRTMIN);
	(void)pthread_sigmask(SIG_BLOCK, &tick, &old);
	(void)timer_delete(w->timer);
	siginfo_t info;
	while (sigtimedwait(&tick, &info, &none) > 0)
		continue;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	free(w);
}

const struct watched *watch_set(struct watch *w, const struct watched *now)
{
	return atomic_exchange(&w->now, now);
}
