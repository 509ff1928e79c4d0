#include "local/shell/buckets.h"

#include <pthread.h>
#include <stdlib.h>

#include "local/shell/bucket_folder.h"
#include "local/shell/bucket_s3.h"

struct job {
	struct job *next, *prev;
	struct buckets *buckets;
	struct bucket_request q;
	struct bucket_answer a;
	struct bucket_s3_call call;
	bool dropped;
	char texts[]; /* of q */
};

struct buckets {
	struct buckets_spec spec;
	struct bucket_folder *folder; /* NULL: an endpoint */
	struct bucket_s3 *s3;
	struct job *first, *last; /* a folder's worker has the first */

	pthread_mutex_t lock; /* protects `worked` */
	pthread_cond_t idle;
	bool working; /* the first has been given to the worker */
	bool worked;  /* and the worker is through with it */
};

int buckets_open(struct buckets **out, const struct buckets_spec *spec, struct err *err)
{
	struct buckets *b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ERR_NOMEM, "out of memory");
	b->spec = *spec;
	int rc = spec->folder ? bucket_folder_open(&b->folder, spec->folder, err)
			      : bucket_s3_open(&b->s3, spec->api, spec->endpoint, err);
	if (rc) {
		free(b);
		return rc;
	}
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->idle, NULL);
	*out = b;
	return 0;
}

/* ---- jobs ---- */

static char *put(char *at, const char **text)
{
	size_t n = *text ? strlen(*text) + 1 : 0;
	if (n)
		*text = memcpy(at, *text, n);
	return at + n;
}

static size_t size_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static struct job *job_new(struct buckets *b, const struct bucket_request *q)
{
	struct job *j =
	    calloc(1, sizeof(*j) + size_of(q->region) + size_of(q->bucket) + size_of(q->key) +
			  size_of(q->version) + size_of(q->start_after) + size_of(q->content_type) +
			  size_of(q->refused) + q->body.n);
	INVARIANT(j != NULL); /* an operation that never ends would hang its execution */
	j->buckets = b;
	j->q = *q;
	char *at = put(j->texts, &j->q.region);
	at = put(at, &j->q.bucket);
	at = put(at, &j->q.key);
	at = put(at, &j->q.version);
	at = put(at, &j->q.start_after);
	at = put(at, &j->q.content_type);
	at = put(at, &j->q.refused);
	if (q->body.n)
		memcpy(at, q->body.p, q->body.n);
	j->q.body.p = at;
	bucket_answer_init(&j->a);
	return j;
}

static void job_free(struct job *j)
{
	struct buckets *b = j->buckets;
	*(j->prev ? &j->prev->next : &b->first) = j->next;
	*(j->next ? &j->next->prev : &b->last) = j->prev;
	bucket_answer_clear(&j->a);
	free(j);
}

static void finish(struct job *j)
{
	const struct buckets_spec *spec = &j->buckets->spec;
	if (!j->dropped)
		spec->done(spec->arg, &j->q, &j->a);
	job_free(j);
}

/* ---- folders ---- */

/* On the worker's thread. */
static void work(void *arg)
{
	struct buckets *b = arg;
	bucket_folder_run(b->folder, &b->first->q, &b->first->a);
	(void)pthread_mutex_lock(&b->lock);
	b->worked = true;
	(void)pthread_cond_signal(&b->idle);
	(void)pthread_mutex_unlock(&b->lock);
}

static void on_worked(void *arg);

static void work_on_first(struct buckets *b)
{
	b->working = true;
	b->worked = false;
	b->spec.api->work(b->spec.api->host, work, on_worked, b);
}

static void on_worked(void *arg)
{
	struct buckets *b = arg;
	finish(b->first); /* may start others; they wait while `working` */
	b->working = false;
	if (b->first)
		work_on_first(b);
}

/* ---- start and close ---- */

static void on_s3_done(void *arg)
{
	finish(arg);
}

void buckets_start(struct buckets *b, const struct bucket_request *q)
{
	struct job *j = job_new(b, q);
	j->prev = b->last;
	*(b->last ? &b->last->next : &b->first) = j;
	b->last = j;
	if (!b->folder) {
		j->call.done = on_s3_done;
		j->call.arg = j;
		bucket_s3_start(&j->call, b->s3, &j->q, &j->a);
	} else if (!b->working) {
		work_on_first(b);
	}
}

static void wait_for_worker(struct buckets *b)
{
	(void)pthread_mutex_lock(&b->lock);
	while (b->working && !b->worked)
		(void)pthread_cond_wait(&b->idle, &b->lock);
	(void)pthread_mutex_unlock(&b->lock);
}

void buckets_drop(struct buckets *b)
{
	struct job *next, *j = b->first;
	if (b->working) { /* the first is the worker's */
		j->dropped = true;
		j = j->next;
	}
	for (; j; j = next) {
		next = j->next;
		if (b->s3)
			bucket_s3_stop(&j->call);
		job_free(j);
	}
}

bool buckets_busy(const struct buckets *b)
{
	return b->first && !(b->first->dropped && !b->first->next);
}

void buckets_close(struct buckets *b)
{
	if (!b)
		return;
	wait_for_worker(b);
	b->working = false;
	buckets_drop(b);
	bucket_folder_close(b->folder);
	bucket_s3_close(b->s3);
	(void)pthread_mutex_destroy(&b->lock);
	(void)pthread_cond_destroy(&b->idle);
	free(b);
}
