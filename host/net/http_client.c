#include "net/http_client.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/http_transfer.h"
#include "net/loop.h"

/*
 * libcurl calls us back from inside curl_multi_socket_action, where most of its functions may not
 * be called. So nothing of our callers ever runs there: what has ended is first collected, and only
 * when libcurl is left is `done` called.
 *
 *   http_start ──► queued ──► active (inside libcurl) ──► ended ──► done
 *
 * libcurl slows down with the number of its transfers, and more so with its own queue of waiting
 * ones: hence at most ACTIVE_MAX inside, and the rest in `queued`.
 */
enum { ACTIVE_MAX = 256, SPARE_MAX = 64, CONNECTIONS_MAX = 256 };

TAILQ_HEAD(transfers, http_transfer);

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct event *timer; /* libcurl's one timer */
	struct event *turn;  /* fires in the next turn: something has ended outside libcurl */
	struct transfers queued, active, ended;
	int n_active;
	bool inside; /* of libcurl */
	bool delivering;
	bool freed; /* by a done: only the memory is left, and deliver's to release */
	CURL *spare[SPARE_MAX];
	int n_spare;
};

/* A socket of libcurl's, watched for it. */
struct watch {
	struct event event;
	struct http_client *client;
};

/* ---- from list to list ---- */

static struct transfers *list_of(struct http_client *c, enum transfer_place place)
{
	switch (place) {
	case TRANSFER_QUEUED:
		return &c->queued;
	case TRANSFER_ACTIVE:
		return &c->active;
	case TRANSFER_ENDED:
		break;
	}
	return &c->ended;
}

static void move(struct http_transfer *t, enum transfer_place place)
{
	struct http_client *c = t->client;
	TAILQ_REMOVE(list_of(c, t->place), t, link);
	t->place = place;
	TAILQ_INSERT_TAIL(list_of(c, place), t, link);
}

static void release_easy(struct http_client *c, CURL *easy)
{
	if (c->n_spare == SPARE_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	c->spare[c->n_spare++] = easy;
}

/* Out of libcurl, timer stopped; not yet in another list. */
static void detach(struct http_transfer *t)
{
	struct http_client *c = t->client;
	timer_stop(t->timer);
	t->timer = NULL;
	if (!t->easy)
		return;
	CURLMcode rc = curl_multi_remove_handle(c->multi, t->easy);
	INVARIANT(rc == CURLM_OK);
	release_easy(c, t->easy);
	t->easy = NULL;
	c->n_active--;
}

static void end(struct http_transfer *t)
{
	detach(t);
	move(t, TRANSFER_ENDED);
}

static void deliver(struct http_client *c)
{
	c->delivering = true;
	while (!TAILQ_EMPTY(&c->ended)) {
		struct http_transfer *t = TAILQ_FIRST(&c->ended);
		TAILQ_REMOVE(&c->ended, t, link);
		t->done(t->arg, &t->answer); /* may start, stop, and free the client */
		http_transfer_free(t);
	}
	c->delivering = false;
	if (c->freed)
		free(c);
}

static void deliver_next_turn(struct http_client *c)
{
	int rc = event_add(c->turn, &(struct timeval){ 0 });
	INVARIANT(rc == 0);
}

/* ---- time-outs ---- */

static void on_timer(void *arg);

static void arm(struct http_transfer *t)
{
	int64_t now = clock_mono_us(), left = INT64_MAX;
	if (t->easy)
		left = http_transfer_idle_left_us(t, now);
	if (t->timeout_ms && t->start_us + t->timeout_ms * 1000 - now < left)
		left = t->start_us + t->timeout_ms * 1000 - now;
	if (left != INT64_MAX)
		t->timer =
		    timer_start(t->client->loop, left > 0 ? (left + 999) / 1000 : 0, on_timer, t);
}

static bool timed_out(struct http_transfer *t)
{
	char why[96];
	int64_t now = clock_mono_us();

	if (t->timeout_ms && now - t->start_us >= t->timeout_ms * 1000)
		(void)snprintf(why, sizeof(why), "no complete answer within %lld ms",
			       (long long)t->timeout_ms);
	else if (t->easy && http_transfer_idle_left_us(t, now) <= 0)
		(void)snprintf(why, sizeof(why), "nothing received for %lld ms",
			       (long long)t->idle_timeout_ms);
	else
		return false;
	http_transfer_fail(t, ERR_TIMEOUT, why);
	return true;
}

static void fill(struct http_client *c);

static void on_timer(void *arg)
{
	struct http_transfer *t = arg;
	struct http_client *c = t->client;
	t->timer = NULL;
	if (!timed_out(t)) {
		arm(t);
		return;
	}
	end(t);
	fill(c);
	deliver(c);
}

/* ---- into libcurl ---- */

static void begin(struct http_transfer *t)
{
	struct http_client *c = t->client;
	CURL *easy = c->n_spare > 0 ? c->spare[--c->n_spare] : curl_easy_init();
	INVARIANT(easy != NULL);
	if (http_transfer_prepare(t, easy) < 0) {
		release_easy(c, easy);
		end(t);
		return;
	}
	CURLMcode rc = curl_multi_add_handle(c->multi, easy);
	INVARIANT(rc == CURLM_OK);
	t->easy = easy;
	c->n_active++;
	move(t, TRANSFER_ACTIVE);
	timer_stop(t->timer);
	t->timer = NULL;
	arm(t);
}

static void fill(struct http_client *c)
{
	INVARIANT(!c->inside);
	while (c->n_active < ACTIVE_MAX && !TAILQ_EMPTY(&c->queued))
		begin(TAILQ_FIRST(&c->queued));
}

/* ---- out of libcurl ---- */

static void collect(struct http_client *c)
{
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
		if (m->msg != CURLMSG_DONE)
			continue;
		/* The message is gone once its handle is removed. */
		CURLcode result = m->data.result;
		char *private = NULL;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
		struct http_transfer *t = (struct http_transfer *)(void *)private;
		http_transfer_end(t, result);
		end(t);
	}
}

static void act(struct http_client *c, curl_socket_t fd, int bits)
{
	int running;
	c->inside = true;
	CURLMcode rc = curl_multi_socket_action(c->multi, fd, bits, &running);
	c->inside = false;
	INVARIANT(rc == CURLM_OK);
	collect(c);
	fill(c);
	deliver(c); /* may free c */
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	int bits =
	    ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);
	act(w->client, fd, bits); /* may free w */
}

static void on_curl_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct http_client *c = arg;
	fill(c);
	deliver(c);
}

/* ---- what libcurl asks of the loop ---- */

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *client, void *watch)
{
	(void)easy;
	struct http_client *c = client;
	struct watch *w = watch;

	if (w)
		(void)event_del(&w->event);
	if (what == CURL_POLL_REMOVE) {
		free(w);
		(void)curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		INVARIANT(w != NULL);
		w->client = c;
		CURLMcode rc = curl_multi_assign(c->multi, fd, w);
		INVARIANT(rc == CURLM_OK);
	}
	short bits = (short)(((what & CURL_POLL_IN) ? EV_READ : 0) |
			     ((what & CURL_POLL_OUT) ? EV_WRITE : 0) | EV_PERSIST);
	(void)event_assign(&w->event, loop_base(c->loop), fd, bits, on_socket, w);
	int rc = event_add(&w->event, NULL);
	INVARIANT(rc == 0);
	return 0;
}

/* Also for 0 only a timer: calling libcurl from here is an error and would be lost. */
static int set_timer(CURLM *multi, long timeout_ms, void *client)
{
	(void)multi;
	struct http_client *c = client;
	if (timeout_ms < 0)
		return event_del(c->timer);
	struct timeval tv = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	return event_add(c->timer, &tv);
}

/* ---- the interface ---- */

static int open_multi(struct http_client *c, struct err *err)
{
	struct event_base *base = loop_base(c->loop);
	/* Counted by libcurl, and never undone: others in the process may use it too. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_IO, "cannot initialise libcurl");
	c->timer = event_new(base, -1, 0, on_curl_timer, c);
	c->turn = event_new(base, -1, 0, on_turn, c);
	c->multi = curl_multi_init();
	if (!c->timer || !c->turn || !c->multi)
		return err_set(err, ERR_NOMEM, "no memory for the HTTP client");
	if (curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_watch) != CURLM_OK ||
	    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) != CURLM_OK ||
	    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
	    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) != CURLM_OK ||
	    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX) != CURLM_OK)
		return err_set(err, ERR_IO, "libcurl refuses an option of the HTTP client");
	return 0;
}

int http_client_new(struct http_client **out, struct loop *l, struct err *err)
{
	struct http_client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for the HTTP client");
	c->loop = l;
	TAILQ_INIT(&c->queued);
	TAILQ_INIT(&c->active);
	TAILQ_INIT(&c->ended);
	int rc = open_multi(c, err);
	if (rc < 0) {
		http_client_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

static void stop_all(struct transfers *list)
{
	for (struct http_transfer *t; (t = TAILQ_FIRST(list));)
		http_stop(t);
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	INVARIANT(!c->inside);
	stop_all(&c->queued);
	stop_all(&c->active);
	stop_all(&c->ended);
	while (c->n_spare > 0)
		curl_easy_cleanup(c->spare[--c->n_spare]);
	if (c->multi)
		(void)curl_multi_cleanup(c->multi);
	if (c->timer)
		event_free(c->timer);
	if (c->turn)
		event_free(c->turn);
	if (c->delivering)
		c->freed = true;
	else
		free(c);
}

struct http_transfer *http_start(struct http_client *c, const struct http_request *req,
				 http_done_fn *done, void *arg)
{
	struct http_transfer *t = http_transfer_new(req, done, arg);
	t->client = c;
	TAILQ_INSERT_TAIL(&c->queued, t, link);
	if (t->answer.err.code != 0)
		end(t);
	else if (c->n_active < ACTIVE_MAX && TAILQ_FIRST(&c->queued) == t)
		begin(t);
	else
		arm(t);
	if (t->place == TRANSFER_ENDED)
		deliver_next_turn(c);
	return t;
}

void http_stop(struct http_transfer *t)
{
	if (!t)
		return;
	struct http_client *c = t->client;
	INVARIANT(!c->inside);
	detach(t);
	TAILQ_REMOVE(list_of(c, t->place), t, link);
	http_transfer_free(t);
	if (!TAILQ_EMPTY(&c->queued))
		deliver_next_turn(c);
}
