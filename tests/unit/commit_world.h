/* commit_world.h - a committer on a log of its own, and what was told of each record. */
#ifndef TESTS_COMMIT_WORLD_H
#define TESTS_COMMIT_WORLD_H

#include <inttypes.h>
#include <unistd.h>

#include "audit/verify.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "tap.h"
#include "unit/scratch.h"

struct fixture {
	char scratch[SCRATCH_SIZE], dir[SCRATCH_SIZE + 8];
	struct loop *loop;
	struct committer *c;
	int told, in_order, failed, wanted;
	struct err err;
	struct commit_spec spec; /* what a test wants to be otherwise */
	struct buf notes;        /* checkpoints that were signed */
};

static inline void keep_note(void *arg, struct bytes note)
{
	struct fixture *f = arg;
	buf_add(&f->notes, note.p, note.n);
}

static inline void begin(struct fixture *f)
{
	*f = (struct fixture){ .notes = BUF_INIT(1 << 20) };
	scratch_begin(f->scratch);
	(void)snprintf(f->dir, sizeof(f->dir), "%s/audit", f->scratch);
	INVARIANT(loop_new(&f->loop, NULL) == 0);
}

static inline int open_log(struct fixture *f)
{
	struct commit_spec spec = f->spec;
	spec.loop = f->loop;
	spec.audit_dir = f->dir;
	spec.host = "ops1";
	spec.program = "test 1";
	spec.on_checkpoint = keep_note;
	spec.arg = f;
	return commit_open(&f->c, &spec, &f->err);
}

static inline void end(struct fixture *f)
{
	scratch_end(f->scratch);
	buf_clear(&f->notes);
	loop_free(f->loop);
}

static inline void no_report(void *arg, const struct verify_report *rep)
{
	(void)arg;
	if (rep->verdict == VERDICT_BAD)
		TAP_NOTE("%s:%" PRIu64 ": %s", rep->segment, rep->bad_line, rep->why);
}

static inline struct verify_summary verify(const struct fixture *f)
{
	struct verify_summary sum = { .bad = 1 };
	int fd = audit_dir_open(f->dir, NULL);
	INVARIANT(fd >= 0);
	struct err err = { 0 };
	if (verify_dir(&sum, &(struct verify_spec){ .dir_fd = fd, .each = no_report }, &err) != 0)
		sum.bad++;
	(void)close(fd);
	return sum;
}

/* What waits for one record. */
struct wait {
	struct fixture *f;
	int place;
};

static inline void on_durable(void *arg, const struct err *err)
{
	struct wait *w = arg;
	w->f->in_order += w->place == w->f->told;
	w->f->told++;
	w->f->failed += err->code != 0;
	if (w->f->told == w->f->wanted)
		loop_quit(w->f->loop);
}

static inline void run_until(struct fixture *f, int told)
{
	f->wanted = told;
	if (f->told < told)
		loop_run(f->loop);
}

#endif
