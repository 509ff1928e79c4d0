/* The ordered worker of loop.h. */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/loop.h"

struct job {
	loop_fn *fn, *done;
	void *arg;
	struct job *next;
};

struct jobs {
	struct job *first, **last;
};

struct worker {
	pthread_t thread;
	struct event *event;
	int done_fd; /* a semaphore: counts the jobs in `finished` */

	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t work;  /* the worker waits: something to do, or stopping */
	pthread_cond_t idle;  /* worker_drain waits: nothing waiting, nothing in hand */
	struct jobs waiting, finished;
	bool busy, stopping;
};

static void push(struct jobs *q, struct job *j)
{
	j->next = NULL;
	*q->last = j;
	q->last = &j->next;
}

static struct job *pop(struct jobs *q)
{
	struct job *j = q->first;
	if (!j)
		return NULL;
	q->first = j->next;
	if (!q->first)
		q->last = &q->first;
	return j;
}

static void drop_all(struct jobs *q)
{
	for (struct job *j; (j = pop(q));)
		free(j);
}

static void announce(struct worker *w)
{
	ssize_t n = write(w->done_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	INVARIANT(n == sizeof(uint64_t));
}

static void *work(void *arg)
{
	struct worker *w = arg;
	(void)pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct job *j = pop(&w->waiting);
		if (!j) {
			(void)pthread_cond_broadcast(&w->idle);
			(void)pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		w->busy = true;
		(void)pthread_mutex_unlock(&w->lock);
		j->fn(j->arg);
		(void)pthread_mutex_lock(&w->lock);
		w->busy = false;
		push(&w->finished, j);
		announce(w);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* One job a turn, so that its done may free the worker. */
static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct worker *w = arg;
	uint64_t one;
	if (read(fd, &one, sizeof(one)) != sizeof(one))
		return;
	(void)pthread_mutex_lock(&w->lock);
	struct job *finished = pop(&w->finished);
	(void)pthread_mutex_unlock(&w->lock);
	INVARIANT(finished != NULL);

	struct job j = *finished;
	free(finished);
	if (j.done)
		j.done(j.arg);
}

static int start_thread(struct worker *w, struct err *err)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&w->thread, NULL, work, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : err_set(err, ERR_IO, "cannot start a worker thread: %s", strerror(rc));
}

static int open_events(struct worker *w, struct loop *l, struct err *err)
{
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (w->done_fd < 0)
		return err_set(err, ERR_IO, "eventfd: %s", strerror(errno));
	w->event = event_new(loop_base(l), w->done_fd, EV_READ | EV_PERSIST, on_finished, w);
	if (!w->event || event_add(w->event, NULL) != 0)
		return err_set(err, ERR_NOMEM, "cannot watch a worker's eventfd");
	return 0;
}

static void release(struct worker *w)
{
	if (w->event)
		event_free(w->event);
	if (w->done_fd >= 0)
		(void)close(w->done_fd);
	drop_all(&w->waiting);
	drop_all(&w->finished);
	(void)pthread_cond_destroy(&w->idle);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

int worker_new(struct worker **out, struct loop *l, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_NOMEM, "no memory for a worker");
	w->waiting.last = &w->waiting.first;
	w->finished.last = &w->finished.first;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	(void)pthread_cond_init(&w->idle, NULL);
	int rc = open_events(w, l, err);
	if (rc == 0)
		rc = start_thread(w, err);
	if (rc < 0) {
		release(w);
		return rc;
	}
	*out = w;
	return 0;
}

void worker_submit(struct worker *w, loop_fn *fn, loop_fn *done, void *arg)
{
	struct job *j = malloc(sizeof(*j));
	INVARIANT(j != NULL);
	*j = (struct job){ .fn = fn, .done = done, .arg = arg };
	(void)pthread_mutex_lock(&w->lock);
	push(&w->waiting, j);
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
}

void worker_drain(struct worker *w)
{
	(void)pthread_mutex_lock(&w->lock);
	while (w->busy || w->waiting.first)
		(void)pthread_cond_wait(&w->idle, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
}

bool worker_forget(struct worker *w, const void *arg)
{
	bool found = false;
	worker_drain(w);
	(void)pthread_mutex_lock(&w->lock);
	for (struct job *j = w->finished.first; j; j = j->next) {
		if (j->arg != arg)
			continue;
		j->done = NULL; /* it stays: done_fd counts it */
		found = true;
	}
	(void)pthread_mutex_unlock(&w->lock);
	return found;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	release(w);
}
