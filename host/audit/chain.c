#include "audit/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void chain_go_on(struct chain *c)
{
	INVARIANT(c->closed);
	c->closed = false;
}

void chain_init(struct chain *c)
{
	*c = (struct chain){ 0 };
	memset(c->prev, '0', SHA256_HEX);
}

/* Make *c the state after this line. */
static int advance(struct chain *c, const struct record_head *head, struct bytes line)
{
	char leaf[SHA256_HEX + 1];
	int rc = record_leaf(leaf, line);
	if (rc < 0)
		return rc;
	memcpy(c->prev, leaf, sizeof(leaf));
	c->seq = head->seq;
	c->time_ms = head->time_ms;
	c->closed = strcmp(head->kind, "log.close") == 0;
	return 0;
}

static int append_one(struct chain *c, struct buf *out, const struct record_head *head,
		      struct bytes members)
{
	size_t start = out->n;
	record_write(out, head, members, c->prev);
	if (out->err)
		return out->err;
	struct bytes line = { out->p + start, out->n - start };
	if (line.n > RECORD_LINE_MAX)
		return -ERR_LIMIT;
	int rc = advance(c, head, line);
	buf_adds(out, "\n");
	return rc < 0 ? rc : out->err;
}

static int append(struct chain *c, struct buf *out, struct record_head *head, struct bytes members)
{
	if (head->time_ms < c->time_ms) {
		char back[40];
		int n = snprintf(back, sizeof(back), "\"back_ms\":%" PRId64,
				 c->time_ms - head->time_ms);
		struct record_head step = *head;
		step.kind = "log.clock";
		int rc = append_one(c, out, &step, (struct bytes){ back, (size_t)n });
		if (rc < 0)
			return rc;
		head->seq++;
	}
	return append_one(c, out, head, members);
}

uint64_t chain_append(struct chain *c, struct buf *out, const struct chain_writer *w,
		      int64_t now_ms, const char *kind, struct bytes members, struct err *err)
{
	INVARIANT(!c->closed);
	struct chain before = *c;
	size_t start = out->n;
	struct record_head head = {
		.seq = c->seq + 1, .time_ms = now_ms, .host = w->host, .pid = w->pid, .kind = kind
	};
	int rc = append(c, out, &head, members);
	if (rc == 0)
		return head.seq;
	*c = before;
	out->n = start;
	out->err = 0;
	if (rc == -ERR_LIMIT)
		(void)err_set(err, ERR_LIMIT,
			      "a record of kind %s is longer than %d bytes, or more is waiting to "
			      "be written than the buffer holds",
			      kind, RECORD_LINE_MAX);
	else
		(void)err_set(err, ERR_NOMEM, "no memory for a record of kind %s", kind);
	return 0;
}

static int check_time(const struct chain *c, const struct record *r, struct err *err)
{
	int64_t back = c->time_ms - r->head.time_ms;
	if (c->seq == 0 || back <= 0)
		return 0;
	if (strcmp(r->head.kind, "log.clock") == 0 && json_get_int(r->tree, "back_ms", 0) == back)
		return 0;
	return err_set(err, ERR_INVALID,
		       "its time is %" PRId64 " ms before that of the record before it", back);
}

static int check_place(const struct chain *c, const struct record *r, struct err *err)
{
	if (c->closed)
		return err_set(err, ERR_INVALID, "it follows log.close, which must be the last");
	/* A process that goes on in another segment goes on counting: see chain.h. */
	bool goes_on = c->seq == 0 && strcmp(r->head.kind, "log.open") == 0 &&
		       json_get_str(r->tree, "continues");
	if (goes_on)
		return 0;
	if (r->head.seq != c->seq + 1)
		return err_set(err, ERR_INVALID,
			       "its sequence number is %" PRIu64 ", %" PRIu64 " was expected",
			       r->head.seq, c->seq + 1);
	if (strcmp(r->prev, c->prev) != 0)
		return err_set(err, ERR_INVALID,
			       "prev does not match the record before it: one of the two was "
			       "changed, or one between them removed");
	if ((c->seq == 0) != (strcmp(r->head.kind, "log.open") == 0))
		return err_set(err, ERR_INVALID, "log.open must be the first record, and only it");
	return check_time(c, r, err);
}

int chain_follow(struct chain *c, struct record *r, struct bytes line, struct err *err)
{
	int rc = record_parse(r, line, err);
	if (rc < 0)
		return rc;
	rc = check_place(c, r, err);
	if (rc == 0 && advance(c, &r->head, line) < 0)
		rc = err_set(err, ERR_NOMEM, "no memory for a digest");
	if (rc < 0)
		record_clear(r);
	return rc;
}
