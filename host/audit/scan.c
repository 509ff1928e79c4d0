#include "audit/scan.h"

#include <inttypes.h>
#include <string.h>

#include "audit/lines.h"

void scan_clear(struct scan *s)
{
	intents_clear(&s->intents);
}

static int check_name(const struct record *r, const char *name, struct err *err)
{
	const char *recorded = json_get_str(r->tree, "segment");
	if (strcmp(r->head.kind, "log.open") != 0 || (recorded && strcmp(recorded, name) == 0))
		return 0;
	return err_set(err, ERR_INVALID, "log.open names the segment %s: this file is a copy",
		       recorded ? recorded : "(none)");
}

/* The chain agrees with itself: only what was written down elsewhere tells that it is another one. */
static int check_mark(const struct scan *s, const struct scan_spec *spec, int64_t bytes,
		      struct err *err)
{
	struct hash root;
	for (size_t i = 0; i < spec->n_marks; i++) {
		const struct scan_mark *m = &spec->marks[i];
		if (m->last && s->tree.size > m->lines)
			return err_set(err, ERR_INVALID,
				       "the segment was sealed with %" PRIu64
				       " lines: this one was "
				       "added",
				       m->lines);
		if (m->lines != s->tree.size)
			continue;
		if (merkle_root(&root, &s->tree) < 0)
			return err_set(err, ERR_NOMEM, "no memory for a digest");
		if ((m->bytes >= 0 && m->bytes != bytes) || !hash_eq(&root, &m->root))
			return err_set(err, ERR_INVALID,
				       "the lines up to this one are not those whose root was "
				       "recorded: they were rewritten");
	}
	return 0;
}

static int grow(struct scan *s, const struct scan_spec *spec, const struct line *line,
		struct err *err)
{
	struct hash leaf;
	if (!hash_from_hex(&leaf, s->chain.prev) || merkle_add(&s->tree, &leaf) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a digest");
	return check_mark(s, spec, line->offset + (int64_t)line->text.n + 1, err);
}

static int judge(struct scan *s, const struct scan_spec *spec, const struct line *line,
		 struct err *err)
{
	struct record r;
	struct chain before = s->chain;
	if (line->cut)
		return err_set(err, ERR_INVALID, "the line is longer than %d bytes",
			       RECORD_LINE_MAX);
	if (!line->ended)
		return err_set(err, ERR_INVALID, "the line does not end: it was torn");
	int rc = chain_follow(&s->chain, &r, line->text, err);
	if (rc < 0)
		return rc;
	rc = check_name(&r, spec->name, err);
	if (rc == 0)
		rc = intents_follow(&s->intents, &r, err);
	if (rc == 0 && spec->each)
		rc = spec->each(spec->arg, &r, line->text, err);
	record_clear(&r);
	if (rc == 0)
		rc = grow(s, spec, line, err);
	if (rc < 0)
		s->chain = before;
	return rc;
}

/* A whole record by itself, wherever it stands. A torn write leaves none behind. */
static bool is_whole(const struct line *line)
{
	struct record r;
	if (line->cut || !line->ended || record_parse(&r, line->text, NULL) < 0)
		return false;
	record_clear(&r);
	return true;
}

/* `line` is bad: are it and all that follow rubbish, or is this more than a torn end? */
static int judge_rest(struct scan *s, struct lines *lines, struct line *line, struct err *err)
{
	int rc = 1;
	s->bad_line = line->number;
	s->end = SCAN_TORN;
	s->unended = !line->ended;
	for (; rc == 1; rc = lines_next(lines, line, err)) {
		if (is_whole(line)) {
			s->end = SCAN_DAMAGED;
			return 0;
		}
	}
	s->torn_size = lines->offset - s->good_size;
	return rc;
}

static int scan_lines(struct scan *s, const struct scan_spec *spec, struct lines *lines,
		      struct err *err)
{
	struct line line;
	int rc;
	while ((rc = lines_next(lines, &line, err)) == 1) {
		int bad = judge(s, spec, &line, &s->why);
		if (bad == -ERR_NOMEM || bad == -ERR_IO) {
			if (err)
				*err = s->why;
			return bad;
		}
		if (bad < 0)
			return judge_rest(s, lines, &line, err);
		s->good_size = lines->offset;
	}
	if (rc < 0)
		return rc;
	s->end = s->chain.closed ? SCAN_CLOSED : SCAN_OPEN;
	if (s->chain.seq == 0 && !spec->born_empty) {
		/* segment_create never leaves this behind */
		s->end = SCAN_DAMAGED;
		s->bad_line = 1;
		(void)err_set(&s->why, ERR_INVALID, "the segment is empty");
	}
	return 0;
}

/* Fewer lines than are known to have been there are no torn end. */
static void check_length(struct scan *s, const struct scan_spec *spec)
{
	uint64_t lines = spec->n_marks > 0 ? spec->marks[spec->n_marks - 1].lines : 0;
	if (s->end == SCAN_DAMAGED || s->tree.size >= lines)
		return;
	s->end = SCAN_DAMAGED;
	if (s->bad_line > 0)
		return;
	s->bad_line = s->tree.size + 1;
	(void)err_set(&s->why, ERR_INVALID,
		      "it ends before this line, but %" PRIu64
		      " lines of it were recorded: its end was cut off",
		      lines);
}

int scan_segment(struct scan *s, const struct scan_spec *spec, struct err *err)
{
	struct lines lines;
	*s = (struct scan){ .intents = INTENTS_INIT(spec->keep) };
	chain_init(&s->chain);
	int rc = lines_open(&lines, spec->fd, 0, err);
	if (rc < 0)
		return rc;
	rc = scan_lines(s, spec, &lines, err);
	lines_close(&lines);
	/* No writer of ours dies before its first record is whole, or writes behind log.close. */
	bool beginning = s->chain.seq == 0 && spec->born_empty;
	if (rc == 0 && s->end == SCAN_TORN && !beginning && (s->chain.seq == 0 || s->chain.closed))
		s->end = SCAN_DAMAGED;
	if (rc == 0)
		check_length(s, spec);
	return rc;
}
