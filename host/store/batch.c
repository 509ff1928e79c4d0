#include "store/batch.h"

#include <stdlib.h>

#include "store/deliveries.h"
#include "store/firings.h"
#include "store/names.h"

enum {
	OP_MARK = 0x80,
	BATCH_MAX = 256 << 20, /* bytes of rows that wait for one transaction */
	KEPT_MAX = 1 << 20,    /* memory that an empty batch keeps */
};

int store_batch_new(struct store_batch **out, struct err *err)
{
	struct store_batch *b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ERR_NOMEM, "no memory for the store's rows");
	b->rows = BUF_INIT(BATCH_MAX);
	*out = b;
	return 0;
}

void store_batch_free(struct store_batch *b)
{
	if (b)
		buf_clear(&b->rows);
	free(b);
}

bool store_batch_empty(const struct store_batch *b)
{
	return b->rows.n == 0 && b->rows.err == 0;
}

void store_batch_clear(struct store_batch *b)
{
	if (b->rows.err || b->rows.cap > KEPT_MAX)
		buf_clear(&b->rows);
	else
		buf_cut(&b->rows, 0);
}

/* ---- packing ---- */

static void put_op(struct store_batch *b, enum store_op op)
{
	unsigned char mark = (unsigned char)(OP_MARK | op);
	buf_add(&b->rows, &mark, 1);
}

static void put_bytes(struct store_batch *b, enum field_type type, struct bytes s)
{
	char head[1 + sizeof(uint32_t)] = { (char)type };
	uint32_t n = (uint32_t)s.n;
	if (s.n > BATCH_MAX) {
		b->rows.err = -ERR_LIMIT;
		return;
	}
	memcpy(head + 1, &n, sizeof(n));
	buf_add(&b->rows, head, sizeof(head));
	buf_add(&b->rows, s.p, s.n);
}

static void put_text(struct store_batch *b, const char *s)
{
	static const char null = FIELD_NULL;
	if (s)
		put_bytes(b, FIELD_TEXT, bytes_str(s));
	else
		buf_add(&b->rows, &null, 1);
}

static void put_int(struct store_batch *b, int64_t n)
{
	char field[1 + sizeof(n)] = { FIELD_INT };
	memcpy(field + 1, &n, sizeof(n));
	buf_add(&b->rows, field, sizeof(field));
}

/* What every row of a run begins with. */
static void put_step_of(struct store_batch *b, const char *run, int attempt, const char *path)
{
	put_bytes(b, FIELD_RUN, bytes_str(run));
	put_int(b, attempt);
	put_text(b, path);
}

/* ---- rows ---- */

void store_add_source(struct store_batch *b, const char *sha256, struct bytes source)
{
	put_op(b, OP_SOURCE);
	put_text(b, sha256);
	put_bytes(b, FIELD_BLOB, source);
}

/* What store_set_run sets as well, in the order of both statements. */
static void put_course(struct store_batch *b, const struct run_row *r)
{
	put_int(b, r->attempt);
	put_text(b, run_state_name(r->state));
	put_text(b, r->sha256);
	put_text(b, r->options);
	put_int(b, r->started_ms);
	put_int(b, r->ended_ms);
	put_int(b, r->deadline_ms);
	put_int(b, r->wake_ms);
	put_text(b, r->waits_for);
	put_int(b, r->deaths);
	put_text(b, r->outcome);
	put_text(b, r->result);
	put_text(b, r->message);
	put_text(b, r->traceback);
}

void store_add_run(struct store_batch *b, const struct run_row *r)
{
	put_op(b, OP_RUN);
	put_text(b, r->id);
	put_course(b, r);
	put_text(b, r->path);
	put_text(b, r->input);
	put_text(b, r->actor);
	put_text(b, r->reason);
	put_text(b, r->config);
	put_text(b, r->key);
	put_int(b, r->created_ms);
}

void store_set_run(struct store_batch *b, const struct run_row *r)
{
	put_op(b, OP_SET_RUN);
	put_bytes(b, FIELD_RUN, bytes_str(r->id));
	put_course(b, r);
}

void store_count_death(struct store_batch *b, const char *run)
{
	put_op(b, OP_DEATH);
	put_text(b, run);
}

void store_add_module(struct store_batch *b, const char *run, int attempt, const char *name,
		      const char *path, const char *sha256)
{
	put_op(b, OP_MODULE);
	put_step_of(b, run, attempt, name);
	put_text(b, path);
	put_text(b, sha256);
}

void store_add_step(struct store_batch *b, const struct step_row *s)
{
	put_op(b, OP_STEP);
	put_step_of(b, s->run, s->attempt, s->path);
	put_text(b, step_kind_name(s->kind));
	put_text(b, s->operation);
	put_text(b, s->args);
	put_text(b, s->args_hash);
	put_text(b, s->resource);
	put_text(b, s->group);
	put_text(b, s->token);
	put_text(b, s->baseline);
	put_int(b, s->begun_ms);
	put_int(b, s->until_ms);
	put_int(b, s->not_after_ms);
	put_text(b, s->segment);
	put_int(b, (int64_t)s->intent);
	put_int(b, s->link);
	put_text(b, s->boot);
	put_int(b, s->boot_ms);
}

void store_add_end(struct store_batch *b, const struct step_end *e)
{
	put_op(b, OP_END);
	put_step_of(b, e->run, e->attempt, e->path);
	put_text(b, step_kind_name(e->kind));
	put_text(b, e->operation);
	put_text(b, e->args_hash);
	put_text(b, e->args);
	put_text(b, e->outcome);
	put_text(b, e->answer);
	put_text(b, e->error);
	put_int(b, e->begun_ms);
	put_int(b, e->ended_ms);
	put_int(b, (int64_t)e->intent);
}

void store_add_approval(struct store_batch *b, const struct approval_row *a)
{
	put_op(b, OP_APPROVAL);
	put_step_of(b, a->run, a->attempt, a->path);
	put_text(b, a->subject);
	put_text(b, a->details);
	put_text(b, a->asker);
	put_int(b, a->needed);
	put_int(b, a->expires_ms);
}

void store_add_vote(struct store_batch *b, const struct vote_row *v)
{
	put_op(b, OP_VOTE);
	put_step_of(b, v->run, v->attempt, v->path);
	put_text(b, v->voter);
	put_int(b, v->approve);
	put_text(b, v->comment);
	put_int(b, v->at_ms);
	put_text(b, v->by);
}

void store_add_recovered(struct store_batch *b, const struct recovered_row *r)
{
	put_op(b, OP_RECOVERED);
	put_text(b, r->run);
	put_int(b, r->attempt);
	put_text(b, r->path);
	put_text(b, r->segment);
	put_int(b, (int64_t)r->intent);
	put_text(b, r->outcome);
	put_text(b, r->record);
}

void store_set_synced(struct store_batch *b, const char *segment, uint64_t seq)
{
	put_op(b, OP_SYNCED);
	put_text(b, segment);
	put_int(b, (int64_t)seq);
}

void store_remove_ended(struct store_batch *b, int64_t before_ms)
{
	put_op(b, OP_REMOVE_RUNS);
	put_int(b, before_ms);
	put_op(b, OP_REMOVE_SOURCES);
}

/* ---- schedules ---- */

void store_set_schedule(struct store_batch *b, const struct schedule_row *s)
{
	put_op(b, OP_SCHEDULE);
	put_text(b, s->name);
	put_text(b, s->cron);
	put_text(b, s->zone);
	put_text(b, s->options);
	put_text(b, s->course);
	put_int(b, s->next_ms);
	put_int(b, s->missed);
	put_int(b, s->failures);
}

void store_set_pause(struct store_batch *b, const struct schedule_row *s)
{
	put_op(b, OP_PAUSE);
	put_text(b, s->name);
	put_int(b, s->paused_ms);
	put_text(b, s->paused_by);
	put_text(b, s->paused_why);
}

static void put_firing(struct store_batch *b, const struct firing_row *f)
{
	put_text(b, f->schedule);
	put_int(b, f->at_ms);
	put_text(b, firing_state_name(f->state));
	put_text(b, f->run);
	put_text(b, f->why);
	put_text(b, f->by);
	put_int(b, f->recorded_ms);
	put_text(b, f->waits_as);
}

void store_set_firing(struct store_batch *b, const struct firing_row *f)
{
	put_op(b, OP_FIRING);
	put_firing(b, f);
}

void store_queue_firing(struct store_batch *b, const struct firing_row *f)
{
	put_op(b, OP_QUEUE_FIRING);
	put_firing(b, f);
}

void store_remove_firings(struct store_batch *b, const char *schedule, int64_t keep)
{
	put_op(b, OP_REMOVE_FIRINGS);
	put_text(b, schedule);
	put_int(b, keep);
}

/* ---- deliveries ---- */

void store_add_delivery(struct store_batch *b, const struct delivery_row *d)
{
	put_op(b, OP_DELIVERY);
	put_text(b, d->hook);
	put_text(b, d->id);
	put_text(b, delivery_state_name(d->state));
	put_text(b, d->run);
	put_text(b, d->key);
	put_text(b, d->input);
	put_text(b, d->actor);
	put_text(b, d->why);
	put_int(b, d->at_ms);
	put_int(b, d->due_ms);
	put_int(b, d->begun_ms);
}

void store_end_delivery(struct store_batch *b, const char *run, enum delivery_state state,
			const char *why)
{
	put_op(b, OP_END_DELIVERY);
	put_text(b, run);
	put_text(b, delivery_state_name(state));
	put_text(b, why);
}

void store_remove_deliveries(struct store_batch *b, const char *hook, int64_t before_ms,
			     int64_t keep)
{
	put_op(b, OP_REMOVE_DELIVERIES_BEFORE);
	put_int(b, before_ms);
	put_op(b, OP_REMOVE_DELIVERIES);
	put_text(b, hook);
	put_int(b, keep);
}

/* ---- unpacking ---- */

struct batch_cursor batch_begin(const struct store_batch *b)
{
	return (struct batch_cursor){ b->rows.p, b->rows.n ? b->rows.p + b->rows.n : b->rows.p };
}

bool batch_next_row(struct batch_cursor *c, enum store_op *op)
{
	if (c->p == c->end)
		return false;
	*op = (enum store_op)((unsigned char)*c->p++ & (OP_MARK - 1));
	return true;
}

bool batch_next_field(struct batch_cursor *c, struct field *f)
{
	if (c->p == c->end || ((unsigned char)*c->p & OP_MARK))
		return false;
	*f = (struct field){ .type = (enum field_type) * c->p++ };
	if (f->type == FIELD_INT) {
		memcpy(&f->n, c->p, sizeof(f->n));
		c->p += sizeof(f->n);
	} else if (f->type != FIELD_NULL) {
		uint32_t n;
		memcpy(&n, c->p, sizeof(n));
		f->text = (struct bytes){ c->p + sizeof(n), n };
		c->p += sizeof(n) + n;
	}
	return true;
}
