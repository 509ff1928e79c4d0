#include "script/check_replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "script/run_machine.h"
#include "script/run_wake.h"

struct replay {
	void (*done)(void *arg, const struct replay_check *found);
	void *arg;
	char step[STEP_PATH_SIZE];
	char place[512];
	unsigned n_steps;
};

void check_replay_differs(struct run *r, const char *step, const char *place)
{
	if (!r->check)
		return;
	(void)snprintf(r->check->step, sizeof(r->check->step), "%s", step);
	(void)snprintf(r->check->place, sizeof(r->check->place), "%s", place);
}

void check_replay_end(struct run *r, const struct run_end *end)
{
	struct replay *check = r->check;
	char same[128];
	struct replay_check found = { .id = r->facts.id,
				      .n_steps = check->n_steps,
				      .step = check->step,
				      .message = end->message,
				      .place = check->place };
	/* however the script ends behind its history, it went the same way */
	found.same = end->outcome != RUN_PARKED && end->outcome != RUN_CANCELLED && r->journal &&
		     journal_over(r->journal);
	if (found.same) {
		(void)snprintf(same, sizeof(same), "all %u recorded steps were asked for again",
			       check->n_steps);
		found.message = same;
	}
	check->done(check->arg, &found);
	run_free(r);
	free(check);
}

static int make(struct run **out, struct runs *runs, const struct run_record *record,
		const char *path, struct err *err)
{
	const struct run_row *row = &record->row;
	char key[RUN_ID_SIZE];
	struct run_spec spec = { .path = path ? path : row->path,
				 .id = key,
				 .attempt = row->attempt,
				 .input = bytes_str(row->input),
				 .actor = bytes_str(row->actor) };
	(void)snprintf(key, sizeof(key), "check %llu", (unsigned long long)runs->last_number + 1);
	struct run_options kept;
	int rc = run_options_read(&spec, &kept, row->options ? row->options : "{}", err);
	if (rc < 0)
		return rc;
	rc = run_new(out, runs, &spec, err);
	run_options_clear(&kept);
	if (rc < 0)
		return rc;
	/* random and tokens derive from it */
	(void)snprintf((*out)->facts.id, sizeof((*out)->facts.id), "%s", row->id);
	rc = run_read_source(*out, spec.path, err);
	if (rc < 0)
		run_free(*out);
	return rc;
}

static int begin(struct runs *runs, struct run_record *record, const char *path,
		 struct replay *check, struct err *err)
{
	struct run *r = NULL;
	int rc = make(&r, runs, record, path, err);
	if (rc < 0)
		return rc;
	check->n_steps = journal_count(record->journal);
	r->check = check;
	r->journal = record->journal;
	record->journal = NULL;
	run_begin(r, 0);
	return 0;
}

int run_check_replay(struct runs *runs, const char *id, const char *path,
		     void (*done)(void *arg, const struct replay_check *found), void *arg,
		     struct err *err)
{
	struct run_record *record = NULL;
	if (!runs->store_path)
		return err_set(err, ERR_INVALID, "runs are not kept here");
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	int rc = reader ? run_record_read(&record, reader, id, RUN_RECORD_REPLAY, err) : -ERR_IO;
	if (rc < 0)
		return rc;
	struct replay *check = calloc(1, sizeof(*check));
	if (check) {
		*check = (struct replay){ .done = done, .arg = arg };
		rc = begin(runs, record, path, check, err);
	} else {
		rc = err_set(err, ERR_NOMEM, "no memory for a replay");
	}
	if (rc < 0)
		free(check);
	run_record_free(record);
	return rc;
}
