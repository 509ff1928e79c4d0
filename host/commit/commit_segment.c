/* commit_segment.c - the first record of a segment, and the last of the one before it. */
#include <string.h>

#include "base/clock.h"
#include "commit/commit_private.h"
#include "store/store.h"

static void log_open_members(struct buf *m, const struct committer *c, const char *before)
{
	buf_addf(m, "\"segment\":\"%s\"", c->segment);
	if (c->program) {
		buf_adds(m, ",\"program\":");
		json_write_string(m, bytes_str(c->program));
	}
	if (c->store)
		buf_addf(m, ",\"journal\":{\"store\":\"%s\",\"writer\":\"%s\"}", store_id(c->store),
			 c->first);
	if (!before && c->stats.store_before[0])
		buf_addf(m, ",\"store_before\":\"%s\"", c->stats.store_before);
	if (!before)
		return;
	buf_addf(m, ",\"continues\":\"%s\",\"carried\":", before);
	intents_write(m, &c->intents);
}

int commit_split(struct committer *c, struct err *err)
{
	char before[SEGMENT_NAME_SIZE];
	struct buf m = BUF_INIT(RECORD_LINE_MAX);
	int64_t now = clock_wall_ms();
	memcpy(before, c->segment, sizeof(before));
	segment_name(c->segment, now, c->who.pid);
	buf_addf(&m, "\"next\":\"%s\",\"carried\":", c->segment);
	intents_write(&m, &c->intents);
	uint64_t seq = m.err ? 0
			     : chain_append(&c->chain, &c->lines, &c->who, now, "log.close",
					    buf_bytes(&m), err);
	if (seq) {
		chain_go_on(&c->chain);
		c->split = c->lines.n;
		m.n = 0;
		log_open_members(&m, c, before);
		seq = m.err ? 0
			    : chain_append(&c->chain, &c->lines, &c->who, now, "log.open",
					   buf_bytes(&m), err);
	}
	buf_clear(&m);
	return seq ? 0 : err_set(err, ERR_NOMEM, "no memory for the next segment of the audit log");
}

int commit_begin(struct committer *c, struct err *err)
{
	struct buf m = BUF_INIT(4096);
	int64_t now = clock_wall_ms();
	segment_name(c->segment, now, c->who.pid);
	memcpy(c->first, c->segment, sizeof(c->first));
	log_open_members(&m, c, NULL);
	uint64_t seq = m.err ? 0
			     : chain_append(&c->chain, &c->lines, &c->who, now, "log.open",
					    buf_bytes(&m), err);
	int rc = seq ? recorder_begin(&c->files, c->segment, buf_bytes(&c->lines), err)
		     : err_set(err, ERR_NOMEM, "no memory for the audit log");
	c->lines.n = 0;
	c->segment_us = clock_mono_us();
	c->stats.segments = c->stats.checkpoints = 1;
	buf_clear(&m);
	return rc;
}
