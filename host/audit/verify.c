#include "audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/torn.h"

/* The torn ends that the records of one segment name. */
struct torn_check {
	int dir_fd;
	const char *segment;
	unsigned nth;
};

static int check_torn(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	(void)line;
	struct torn_check *c = arg;
	const char *name = json_get_str(r->tree, "torn");
	if (strcmp(r->head.kind, "log.recover") != 0 || !name)
		return 0;
	struct torn t;
	int rc = torn_describe(&t, c->dir_fd, c->segment, ++c->nth, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(err, ERR_INVALID, "the torn end %s that was set aside is missing",
			       t.name);
	const char *sum = json_get_str(r->tree, "sha256");
	if (strcmp(name, t.name) != 0 || t.size != json_get_int(r->tree, "torn_bytes", -1) ||
	    !sum || strcmp(sum, t.sha256) != 0)
		return err_set(err, ERR_INVALID,
			       "the torn end %s that was set aside is not the recorded one",
			       t.name);
	return 0;
}

static enum verdict judge_open(const struct verify_report *rep, char *why, size_t size)
{
	if (rep->writer == WRITER_ALIVE)
		return VERDICT_OK;
	(void)snprintf(why, size,
		       "not closed: its writer died, %" PRIu64 " calls have no outcome; the next "
		       "start records that",
		       rep->open_calls);
	return VERDICT_NOTE;
}

static enum verdict judge_closed(const struct verify_report *rep, char *why, size_t size)
{
	if (rep->open_calls == 0)
		return VERDICT_OK;
	(void)snprintf(why, size, "closed, but %" PRIu64 " calls have no outcome", rep->open_calls);
	return VERDICT_NOTE;
}

static enum verdict judge_torn(const struct verify_report *rep, const struct scan *s, char *why,
			       size_t size)
{
	/* The reader saw the beginning of a line that is being written this moment. */
	if (rep->writer == WRITER_ALIVE && s->unended)
		return VERDICT_OK;
	(void)snprintf(why, size, "%s; no good record follows (%" PRId64 " bytes)", s->why.message,
		       s->torn_size);
	return VERDICT_BAD;
}

static enum verdict judge(const struct verify_report *rep, const struct scan *s, char *why,
			  size_t size)
{
	switch (s->end) {
	case SCAN_CLOSED:
		return judge_closed(rep, why, size);
	case SCAN_OPEN:
		return judge_open(rep, why, size);
	case SCAN_TORN:
		return judge_torn(rep, s, why, size);
	case SCAN_DAMAGED:
		(void)snprintf(why, size, "%s", s->why.message);
	}
	return VERDICT_BAD;
}

static void account(struct verify_summary *sum, const struct verify_report *rep)
{
	sum->segments++;
	sum->records += rep->records;
	sum->calls += rep->calls;
	sum->unknown += rep->unknown;
	sum->notes += rep->verdict == VERDICT_NOTE;
	sum->bad += rep->verdict == VERDICT_BAD;
}

static int verify_segment(struct verify_report *rep, char *why, size_t size, int dir_fd,
			  struct err *err)
{
	struct scan s;
	struct torn_check torn = { .dir_fd = dir_fd, .segment = rep->segment };
	int fd = segment_read(dir_fd, rep->segment, &rep->writer, err);
	if (fd < 0)
		return fd;
	const struct scan_spec spec = {
		.fd = fd, .name = rep->segment, .each = check_torn, .arg = &torn
	};
	int rc = scan_segment(&s, &spec, err);
	(void)close(fd);
	if (rc == 0) {
		rep->records = s.tree.size;
		rep->calls = s.intents.seen;
		rep->unknown = s.intents.unknown;
		rep->open_calls = intents_open(&s.intents);
		rep->verdict = judge(rep, &s, why, size);
		rep->bad_line = rep->verdict == VERDICT_BAD ? s.bad_line : 0;
	}
	scan_clear(&s);
	return rc;
}

int verify_dir(struct verify_summary *out, int dir_fd, verify_fn *each, void *arg, struct err *err)
{
	struct segment_names names;
	*out = (struct verify_summary){ 0 };
	int rc = segment_list(&names, dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		char why[sizeof(err->message) + 80] = "";
		struct verify_report rep = { .segment = names.v[i], .why = why };
		struct err unread = { 0 };
		rc = verify_segment(&rep, why, sizeof(why), dir_fd, &unread);
		if (rc == -ERR_IO) {
			rep.verdict = VERDICT_BAD;
			(void)snprintf(why, sizeof(why), "%s", unread.message);
			rc = 0;
		} else if (rc < 0 && err) {
			*err = unread;
		}
		if (rc == 0) {
			account(out, &rep);
			each(arg, &rep);
		}
	}
	segment_names_clear(&names);
	return rc;
}
