#include "cli/approval_posts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "net/http_client.h"
#include "net/loop.h"

enum {
	BUSY_MAX = 16, /* at once; the rest waits its turn */
	BODY_MAX = 4 << 20,
	MEMBERS_MAX = 65536,
	ANSWER_MAX = 65536,
	TIMEOUT_MS = 15 * 1000,
	WAIT_MAX_MS = 10 * 60 * 1000,
};

/* add ──► queue ──► busy ──► gone, or a timer and the queue again */
struct post {
	struct post *next;          /* in the queue */
	struct post *newer, *older; /* of all */
	struct approval_posts *posts;
	struct http_transfer *transfer; /* while busy */
	struct timer *timer;
	struct buf body;
	char *run, *step, *person;
	int attempt; /* of the run */
	unsigned tries;
	int64_t wait_ms, until_ms;
};

struct approval_posts {
	struct approval_posts_spec spec;
	const char *url;           /* borrowed; NULL: nowhere */
	struct post *first, **end; /* the queue */
	struct post *newest;
	size_t n_busy;
};

static void unlink_post(struct post *p)
{
	if (p->newer)
		p->newer->older = p->older;
	else if (p->posts->newest == p)
		p->posts->newest = p->older;
	if (p->older)
		p->older->newer = p->newer;
}

static void free_post(struct post *p)
{
	timer_stop(p->timer);
	http_stop(p->transfer);
	if (p->body.p)
		wipe(p->body.p, p->body.cap);
	buf_clear(&p->body);
	free(p->run);
	free(p->step);
	free(p->person);
	free(p);
}

/* ---- the record ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "%s\"%s\":", out->n ? "," : "", name);
	json_write_string(out, bytes_str(text));
}

static void record(const struct post *p, const char *outcome, const char *message)
{
	struct buf m = BUF_INIT(MEMBERS_MAX);
	add_text(&m, "run", p->run);
	add_text(&m, "step", p->step);
	buf_addf(&m, ",\"attempt\":%d", p->attempt);
	add_text(&m, "person", p->person);
	add_text(&m, "outcome", outcome);
	buf_addf(&m, ",\"attempts\":%u", p->tries);
	if (message)
		add_text(&m, "message", message);
	if (!m.err)
		(void)commit_append(p->posts->spec.committer, "approval.notified", buf_bytes(&m),
				    NULL, NULL);
	buf_clear(&m);
}

/* ---- sending ---- */

static void pump(struct approval_posts *posts);

static void enqueue(struct post *p)
{
	p->next = NULL;
	*p->posts->end = p;
	p->posts->end = &p->next;
}

static void on_timer(void *arg)
{
	struct post *p = arg;
	p->timer = NULL;
	enqueue(p);
	pump(p->posts);
}

static void fail(struct post *p, const char *why)
{
	struct approval_posts *posts = p->posts;
	char text[600];
	bool over = clock_wall_ms() >= p->until_ms;
	if (p->tries == 1 || over) {
		(void)snprintf(text, sizeof(text),
			       "%.80s could not be told what run %.40s asks: %.300s%s", p->person,
			       p->run, why, over ? "" : "; it is tried again");
		record(p, over ? "given_up" : "error", why);
		posts->spec.failed(posts->spec.arg, text);
	}
	if (over) {
		unlink_post(p);
		free_post(p);
		return;
	}
	p->wait_ms = p->wait_ms ? p->wait_ms * 2 : 1000;
	if (p->wait_ms > WAIT_MAX_MS)
		p->wait_ms = WAIT_MAX_MS;
	p->timer = timer_start(posts->spec.loop, p->wait_ms, on_timer, p);
}

/* The address may hold a secret of its own: what libcurl says of it is not passed on. */
static void on_answer(void *arg, const struct http_answer *answer)
{
	struct post *p = arg;
	struct approval_posts *posts = p->posts;
	char why[200];
	p->transfer = NULL;
	posts->n_busy--;
	if (answer->err.code == 0 && answer->status >= 200 && answer->status <= 299) {
		record(p, "ok", NULL);
		unlink_post(p);
		free_post(p);
	} else {
		if (answer->status > 0)
			(void)snprintf(why, sizeof(why), "the answer was %d", answer->status);
		else
			(void)snprintf(why, sizeof(why), "no answer (%s)",
				       err_code_name(answer->err.code));
		fail(p, why);
	}
	pump(posts);
}

static void send(struct post *p)
{
	static const struct http_header headers[] = { { "Content-Type", "application/json" } };
	const struct http_request req = { .method = "POST",
					  .url = p->posts->url,
					  .headers = headers,
					  .n_headers = 1,
					  .body = buf_bytes(&p->body),
					  .timeout_ms = TIMEOUT_MS,
					  .max_body = ANSWER_MAX };
	p->tries++;
	p->posts->n_busy++;
	p->transfer = http_start(p->posts->spec.http, &req, on_answer, p);
}

static void pump(struct approval_posts *posts)
{
	while (posts->first && posts->n_busy < BUSY_MAX) {
		struct post *p = posts->first;
		posts->first = p->next;
		if (!posts->first)
			posts->end = &posts->first;
		send(p);
	}
}

/* ---- the interface ---- */

static void write_body(struct buf *out, const struct run_question *q,
		       const struct approval_pair *pair, bool again)
{
	char expires[ISO8601_SIZE];
	struct buf m = BUF_INIT(BODY_MAX);
	iso8601_format(expires, pair->until_ms);
	add_text(&m, "run", q->run);
	add_text(&m, "step", q->step);
	buf_addf(&m, ",\"attempt\":%d", q->attempt);
	add_text(&m, "subject", q->subject);
	buf_addf(&m, ",\"details\":%s,\"needed\":%d", q->details, q->needed);
	add_text(&m, "person", pair->person);
	add_text(&m, "approve_url", pair->approve_url);
	add_text(&m, "reject_url", pair->reject_url);
	add_text(&m, "expires", expires);
	buf_addf(&m, ",\"again\":%s", again ? "true" : "false");
	buf_adds(out, "{");
	buf_add(out, m.p, m.n);
	buf_adds(out, "}\n");
	if (m.err)
		out->err = m.err;
	if (m.p)
		wipe(m.p, m.cap);
	buf_clear(&m);
}

int approval_posts_add(struct approval_posts *posts, const struct run_question *q,
		       const struct approval_pair *pair, bool again)
{
	struct post *p = calloc(1, sizeof(*p));
	if (!p)
		return -ERR_NOMEM;
	*p = (struct post){ .posts = posts,
			    .body = BUF_INIT(BODY_MAX),
			    .run = strdup(q->run),
			    .step = strdup(q->step),
			    .person = strdup(pair->person),
			    .attempt = q->attempt,
			    .until_ms = pair->until_ms,
			    .older = posts->newest };
	write_body(&p->body, q, pair, again);
	if (!p->run || !p->step || !p->person || p->body.err) {
		free_post(p);
		return -ERR_NOMEM;
	}
	if (posts->newest)
		posts->newest->newer = p;
	posts->newest = p;
	enqueue(p);
	pump(posts);
	return 0;
}

int approval_posts_new(struct approval_posts **out, const struct approval_posts_spec *spec,
		       struct err *err)
{
	struct approval_posts *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, ERR_NOMEM, "no memory for the posts of approvals");
	p->spec = *spec;
	p->end = &p->first;
	*out = p;
	return 0;
}

static void drop_all(struct approval_posts *p)
{
	for (struct post *post = p->newest, *older; post; post = older) {
		older = post->older;
		free_post(post);
	}
	p->newest = p->first = NULL;
	p->end = &p->first;
	p->n_busy = 0;
}

void approval_posts_to(struct approval_posts *p, const char *url)
{
	p->url = url;
	if (!url)
		drop_all(p);
}

void approval_posts_free(struct approval_posts *p)
{
	if (!p)
		return;
	drop_all(p);
	free(p);
}
