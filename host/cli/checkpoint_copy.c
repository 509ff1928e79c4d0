#include "cli/checkpoint_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/http_client.h"

enum { NOTES_MAX = 1 << 20, ANSWER_MAX = 65536, TIMEOUT_MS = 10 * 1000, WAIT_MAX_MS = 60 * 1000 };

/* One of the two ways.
 *
 *	add ──► waiting ──► busy: being copied ──► done, or a timer and again
 */
struct way {
	struct checkpoint_copy *c;
	const char *name;   /* the file or URL; NULL: this way is not taken */
	struct buf waiting; /* notes; of the URL the newest alone */
	struct buf taken;   /* being copied */
	bool busy;
	int64_t wait_ms; /* before the next attempt after a failure */
	struct timer *timer;
	struct err err; /* of the attempt, from the worker */
};

struct checkpoint_copy {
	struct checkpoint_copy_spec spec;
	struct way file, url;
	struct http_transfer *transfer;
	struct timer *finish;
	bool finishing;
};

static void start(struct way *w);

static bool is_idle(const struct way *w)
{
	return !w->name || (!w->busy && w->waiting.n == 0);
}

static void leave_if_done(struct checkpoint_copy *c)
{
	if (c->finishing && is_idle(&c->file) && is_idle(&c->url))
		loop_quit(c->spec.loop);
}

static void on_timer(void *arg)
{
	struct way *w = arg;
	w->timer = NULL;
	start(w);
}

/* What was not copied goes in front of what has come meanwhile. */
static void put_back(struct way *w)
{
	struct buf newer = w->waiting;
	bool newest_only = w == &w->c->url && newer.n > 0;
	w->waiting = w->taken;
	w->taken = newer;
	if (newest_only)
		w->waiting.n = 0;
	buf_add(&w->waiting, w->taken.p, w->taken.n);
}

static void end(struct way *w, const struct err *err)
{
	struct checkpoint_copy *c = w->c;
	char text[1400];
	w->busy = false;
	if (err->code == 0) {
		w->wait_ms = 0;
	} else {
		w->wait_ms = w->wait_ms ? w->wait_ms * 2 : 1000;
		if (w->wait_ms > WAIT_MAX_MS)
			w->wait_ms = WAIT_MAX_MS;
		(void)snprintf(text, sizeof(text),
			       "checkpoint: no copy at %.200s: %s; next attempt in %" PRId64 " s",
			       w->name, err->message, w->wait_ms / 1000);
		put_back(w);
		c->spec.failed(c->spec.arg, text);
	}
	w->taken.n = 0;
	if (err->code)
		w->timer = timer_start(c->spec.loop, w->wait_ms, on_timer, w);
	else
		start(w);
	leave_if_done(c);
}

/* ---- the file ---- */

/* On the worker's thread. */
static void append_to_file(void *arg)
{
	struct way *w = arg;
	struct bytes rest = buf_bytes(&w->taken);
	w->err = (struct err){ 0 };
	int fd = open(w->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool good = fd >= 0;
	while (good && rest.n > 0) {
		ssize_t n = write(fd, rest.p, rest.n);
		good = n > 0 || (n < 0 && errno == EINTR);
		rest.p += n > 0 ? n : 0;
		rest.n -= n > 0 ? (size_t)n : 0;
	}
	good = good && fsync(fd) == 0;
	if (!good)
		(void)err_set(&w->err, ERR_IO, "%s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

static void on_appended(void *arg)
{
	struct way *w = arg;
	struct err err = w->err;
	end(w, &err);
}

/* ---- the URL ---- */

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct way *w = arg;
	struct err err = answer->err;
	w->c->transfer = NULL;
	if (err.code == 0 && (answer->status < 200 || answer->status > 299))
		(void)err_set(&err, ERR_REMOTE, "the answer was %d", answer->status);
	end(w, &err);
}

static void post(struct way *w)
{
	static const struct http_header headers[] = { { "Content-Type",
							"text/plain; charset=utf-8" } };
	const struct http_request req = { .method = "POST",
					  .url = w->name,
					  .headers = headers,
					  .n_headers = 1,
					  .body = buf_bytes(&w->taken),
					  .timeout_ms = TIMEOUT_MS,
					  .max_body = ANSWER_MAX };
	w->c->transfer = http_start(w->c->spec.http, &req, on_answer, w);
}

/* ---- both ---- */

static void start(struct way *w)
{
	if (!w->name || w->busy || w->timer || w->waiting.n == 0)
		return;
	struct buf empty = w->taken;
	w->taken = w->waiting;
	w->waiting = empty;
	w->waiting.n = 0;
	w->busy = true;
	if (w == &w->c->url)
		post(w);
	else
		worker_submit(w->c->spec.worker, append_to_file, on_appended, w);
}

int checkpoint_copy_new(struct checkpoint_copy **out, const struct checkpoint_copy_spec *spec,
			struct err *err)
{
	struct checkpoint_copy *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory to copy checkpoints");
	c->spec = *spec;
	c->file = (struct way){ .c = c, .name = spec->file };
	c->url = (struct way){ .c = c, .name = spec->url };
	c->file.waiting = c->file.taken = BUF_INIT(NOTES_MAX);
	c->url.waiting = c->url.taken = BUF_INIT(NOTES_MAX);
	*out = c;
	return 0;
}

void checkpoint_copy_add(struct checkpoint_copy *c, struct bytes note)
{
	/* A file that cannot be written for so long gets the newer ones alone. */
	if (c->file.waiting.n + note.n > NOTES_MAX / 2)
		c->file.waiting.n = 0;
	c->url.waiting.n = 0;
	buf_add(&c->file.waiting, note.p, note.n);
	buf_add(&c->url.waiting, note.p, note.n);
	start(&c->file);
	start(&c->url);
}

static void on_late(void *arg)
{
	struct checkpoint_copy *c = arg;
	c->finish = NULL;
	loop_quit(c->spec.loop);
}

static void tell_missing(const struct way *w)
{
	char text[400];
	if (is_idle(w))
		return;
	(void)snprintf(text, sizeof(text),
		       "checkpoint: the last is not copied to %.200s: there was no more time",
		       w->name);
	w->c->spec.failed(w->c->spec.arg, text);
}

void checkpoint_copy_finish(struct checkpoint_copy *c, int64_t wait_ms)
{
	if (!c || (is_idle(&c->file) && is_idle(&c->url)))
		return;
	c->finishing = true;
	c->finish = timer_start(c->spec.loop, wait_ms, on_late, c);
	loop_run(c->spec.loop);
	timer_stop(c->finish);
	c->finish = NULL;
	c->finishing = false;
	tell_missing(&c->file);
	tell_missing(&c->url);
}

void checkpoint_copy_free(struct checkpoint_copy *c)
{
	if (!c)
		return;
	timer_stop(c->file.timer);
	timer_stop(c->url.timer);
	timer_stop(c->finish);
	http_stop(c->transfer);
	(void)worker_forget(c->spec.worker, &c->file);
	buf_clear(&c->file.waiting);
	buf_clear(&c->file.taken);
	buf_clear(&c->url.waiting);
	buf_clear(&c->url.taken);
	free(c);
}
