/* store.c - group commit: one batch being written, one being filled. */
#include "local/shell/store.h"

#include <pthread.h>
#include <stdlib.h>

#include "local/shell/store_batch.h"
#include "local/shell/store_db.h"

/* A group larger than this takes the disk long (some 50 ms), and whoever waits for it. */
enum { FULL_BYTES = 1024 * 1024 };

struct store {
	const struct host_api *api;
	store_durable_fn *durable;
	void *arg;
	struct store_db *db; /* the worker's while `writing` */
	struct batch filling, written;
	uint64_t last_ticket; /* given to a batch */
	bool writing;
	struct err error;        /* of the first write that failed; code 0: none */
	store_copied_fn *copied; /* while a snapshot is under way */
	void *copied_arg;

	pthread_mutex_t lock; /* protects `finished` and, until it is set, `result` */
	pthread_cond_t idle;
	bool finished; /* the worker is through with `written` */
	struct err result, copy_result;
};

int store_open(struct store **out, const struct store_spec *spec, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	s->api = spec->api;
	s->durable = spec->durable;
	s->arg = spec->arg;
	batch_init(&s->filling);
	batch_init(&s->written);
	int rc = store_db_open(&s->db, spec->path, err);
	if (rc) {
		free(s);
		return rc;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	*out = s;
	return 0;
}

int store_load(struct store *s, store_load_fn *fn, void *arg, struct err *err)
{
	INVARIANT(s->last_ticket == 0 && s->filling.n == 0);
	return store_db_load(s->db, fn, arg, err);
}

bool store_broken(const struct store *s, struct err *err)
{
	if (s->error.code && err)
		*err = s->error;
	return s->error.code != 0;
}

bool store_full(const struct store *s)
{
	return s->writing && s->filling.bytes.n > FULL_BYTES;
}

void store_add(struct store *s, const char *region, const struct engine_record *r)
{
	if (!s->error.code && batch_add(&s->filling, region, r) != 0)
		(void)err_set(&s->error, ERR_NOMEM, "out of memory");
}

/* On the worker's thread. */
static void write_batch(void *arg)
{
	struct store *s = arg;
	struct err result = { 0 }, copy = { 0 };
	int rc = store_db_write(s->db, &s->written, &result);
	if (!rc && s->written.snapshot && store_db_copy(s->db, s->written.snapshot, &copy) == 0)
		copy = (struct err){ 0 };
	(void)pthread_mutex_lock(&s->lock);
	s->finished = true;
	s->result = rc ? result : (struct err){ 0 };
	s->copy_result = copy;
	(void)pthread_cond_signal(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
}

static void on_written(void *arg);

static bool something_to_write(const struct store *s)
{
	const struct batch *b = &s->filling;
	return (b->n || b->erase || b->snapshot) && !s->error.code;
}

static void start_writing(struct store *s)
{
	struct batch empty = s->written;
	s->written = s->filling;
	s->filling = empty;
	s->writing = true;
	s->finished = false;
	s->api->work(s->api->host, write_batch, on_written, s);
}

/* Take the result of the batch that was being written. */
static uint64_t finish_writing(struct store *s)
{
	uint64_t ticket = s->written.ticket;
	if (s->result.code && !s->error.code)
		s->error = s->result;
	s->writing = false;
	batch_clear(&s->written);
	return ticket;
}

static void tell_copied(struct store *s)
{
	store_copied_fn *fn = s->copied;
	s->copied = NULL;
	if (fn)
		fn(s->copied_arg, s->error.code ? &s->error : &s->copy_result);
}

static void on_written(void *arg)
{
	struct store *s = arg;
	bool copied = s->written.snapshot != NULL;
	uint64_t ticket = finish_writing(s);
	if (something_to_write(s))
		start_writing(s);
	s->durable(s->arg, s->error.code ? s->last_ticket : ticket, &s->error);
	if (copied || s->error.code)
		tell_copied(s);
}

uint64_t store_ticket(const struct store *s)
{
	return s->filling.ticket ? s->filling.ticket : s->last_ticket + 1;
}

uint64_t store_commit(struct store *s)
{
	if (something_to_write(s) && !s->filling.ticket)
		s->filling.ticket = ++s->last_ticket;
	uint64_t ticket = s->filling.ticket ? s->filling.ticket : s->written.ticket;
	if (something_to_write(s) && !s->writing)
		start_writing(s);
	return ticket;
}

void store_erase(struct store *s)
{
	batch_erase(&s->filling);
}

void store_snapshot(struct store *s, const char *dir, store_copied_fn *copied, void *arg)
{
	INVARIANT(!s->copied && !s->error.code);
	s->filling.snapshot = strdup(dir);
	INVARIANT(s->filling.snapshot != NULL);
	s->copied = copied;
	s->copied_arg = arg;
	(void)store_commit(s);
}

static void wait_for_worker(struct store *s)
{
	(void)pthread_mutex_lock(&s->lock);
	while (s->writing && !s->finished)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}

int store_close(struct store *s, struct err *err)
{
	wait_for_worker(s);
	if (s->writing)
		(void)finish_writing(s);
	if (something_to_write(s)) {
		struct err failure;
		if (store_db_write(s->db, &s->filling, &failure) != 0)
			s->error = failure;
	}
	int rc = s->error.code ? -(int)s->error.code : 0;
	if (rc && err)
		*err = s->error;
	batch_clear(&s->filling);
	batch_clear(&s->written);
	store_db_close(s->db);
	(void)pthread_cond_destroy(&s->idle);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	return rc;
}
