/* run_vote.c - what people say to what a run asked them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/approval.h"
#include "script/approve.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_wake.h"
#include "script/runs_private.h"

/* A ballot on its way. */
struct voting {
	struct vote_row row;
	void (*done)(void *arg, const struct err *err); /* or NULL */
	void *arg;
};

static int not_waiting(struct err *err, const struct voting *v)
{
	return err_named(err, ERR_INVALID, "NotWaiting", "run %s waits for no approval%s%s",
			 v->row.run, v->row.path ? " at step " : ", or for several: name the step",
			 v->row.path ? v->row.path : "");
}

static int check_voter(const char *actor, const struct approval *a, const char *voter,
		       struct err *err)
{
	if (clock_wall_ms() >= a->expires_ms)
		return err_named(err, ERR_INVALID, "NotWaiting",
				 "the time in which it could be approved is over");
	if (approval_is_asker(actor, voter))
		return err_named(err, ERR_INVALID, "NotAllowed",
				 "%s started the run: somebody else has to approve it", voter);
	cJSON *details = json_parse(bytes_str(a->details), NULL);
	const char *people = json_get_str(details, "people");
	int rc = 0;
	if (!rules_may_vote(people ? people : "", voter))
		rc = err_named(err, ERR_INVALID, "NotAllowed",
			       "%s is not one of those who may approve it: %s", voter, people);
	cJSON_Delete(details);
	return rc;
}

static void write_down(struct runs *runs, const struct voting *v, const char *subject)
{
	rows_vote(runs, &v->row);
	record_vote(runs, &v->row, subject, v->done, v->arg);
}

/* ---- of a run in memory ---- */

static struct branch *asks(struct run *r, const char *path)
{
	struct branch *found = NULL;
	for (struct branch *b = r->branches; b; b = b->next) {
		if (b->wait.kind != WAIT_APPROVAL || b->wait.came ||
		    (path && strcmp(path, b->path) != 0))
			continue;
		if (found)
			return NULL; /* of several none is meant */
		found = b;
	}
	return found;
}

static int vote_awake(struct run *r, struct voting *v, struct err *err)
{
	struct branch *b = asks(r, v->row.path);
	if (!b || (v->row.attempt && v->row.attempt != r->facts.attempt))
		return not_waiting(err, v);
	int rc = check_voter(r->facts.actor, b->approval, v->row.voter, err);
	if (rc < 0)
		return rc;
	v->row.path = b->path;
	v->row.attempt = r->facts.attempt;
	if (!approval_vote(b->approval, &v->row))
		return err_set(err, ERR_NOMEM, "no memory for a vote");
	write_down(r->runs, v, b->approval->subject);
	r->moved++;
	approve_look(b); /* may free r */
	return 0;
}

/* ---- of one that is out of memory ---- */

static const struct approval *asked_in(const struct run_record *record, const char *path)
{
	const struct approval *found = NULL;
	for (const struct approval *a = record->approvals; a; a = a->next) {
		if (path && strcmp(path, a->path) != 0)
			continue;
		if (found)
			return NULL;
		found = a;
	}
	return found;
}

static int vote_on_record(struct runs *runs, struct run_key *k, const struct run_record *record,
			  struct voting *v, struct err *err)
{
	const struct approval *a = asked_in(record, v->row.path);
	if (!a || (v->row.attempt && v->row.attempt != record->row.attempt))
		return not_waiting(err, v);
	int rc = check_voter(record->row.actor, a, v->row.voter, err);
	if (rc < 0)
		return rc;
	v->row.path = a->path;
	v->row.attempt = record->row.attempt;
	if (!sleeper_vote(runs->sleepers, k, &v->row))
		return err_set(err, ERR_NOMEM, "no memory for a vote");
	write_down(runs, v, a->subject);
	return 0;
}

static int vote_asleep(struct runs *runs, struct run_key *k, struct voting *v, struct err *err)
{
	struct run_record *record = NULL;
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	int rc = reader ? run_record_read(&record, reader, k->id, RUN_RECORD_REPLAY, err) : -ERR_IO;
	if (rc < 0)
		return rc;
	rc = vote_on_record(runs, k, record, v, err);
	run_record_free(record);
	return rc;
}

int run_vote(struct runs *runs, const char *id, const struct run_ballot *ballot,
	     void (*done)(void *arg, const struct err *err), void *arg, struct err *err)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	struct voting v = { .row = { .run = id,
				     .attempt = ballot->attempt,
				     .path = ballot->step,
				     .voter = ballot->voter,
				     .by = ballot->by,
				     .approve = ballot->approve,
				     .comment = ballot->comment,
				     .at_ms = clock_wall_ms() },
			    .done = done,
			    .arg = arg };
	if (!k || runs->suspending)
		return err_named(err, ERR_INVALID, "NotWaiting", "no run %s is going on", id);
	if (k->asleep)
		return vote_asleep(runs, k, &v, err);
	return vote_awake(CONTAINER_OF(k, struct run, key), &v, err);
}
