/* run_vote.c - people's votes on what a run asked to be approved, in memory or asleep. */
#include "base/clock.h"
#include "base/json.h"
#include "script/approval.h"
#include "script/approve.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_wake.h"
#include "script/runs_private.h"

static struct branch *asks(struct run *r, const char *path)
{
	struct branch *found = NULL;
	int n = 0;
	for (struct branch *b = r->branches; b; b = b->next) {
		bool waits = b->wait.kind == WAIT_APPROVAL && !b->wait.came;
		if (!waits || (path && strcmp(path, b->path) != 0))
			continue;
		found = b;
		n++;
	}
	return n == 1 ? found : NULL; /* of several none is meant */
}

static int no_approval(struct err *err, const char *id, const char *path)
{
	return err_set(err, ERR_INVALID, "run %s waits for no approval%s%s", id,
		       path ? " at step " : ", or for several: name the step", path ? path : "");
}

static int check_voter(const char *actor, const struct approval *a, const char *voter,
		       struct err *err)
{
	if (approval_is_asker(actor, voter))
		return err_set(err, ERR_INVALID,
			       "%s started the run: somebody else has to approve it", voter);
	cJSON *details = json_parse(bytes_str(a->details), NULL);
	const char *people = json_get_str(details, "people");
	int rc = rules_may_vote(people ? people : "", voter)
		     ? 0
		     : err_set(err, ERR_INVALID, "%s is not one of those who may approve it: %s",
			       voter, people);
	cJSON_Delete(details);
	return rc;
}

static void write_vote(struct runs *runs, const struct vote_row *v)
{
	record_vote(runs, v);
	rows_vote(runs, v);
}

static int vote_awake(struct run *r, struct vote_row *v, struct err *err)
{
	struct branch *b = asks(r, v->path);
	if (!b)
		return no_approval(err, v->run, v->path);
	int rc = check_voter(r->facts.actor, b->approval, v->voter, err);
	if (rc < 0)
		return rc;
	v->path = b->path;
	v->attempt = r->facts.attempt;
	if (!approval_vote(b->approval, v))
		return err_set(err, ERR_NOMEM, "no memory for a vote");
	write_vote(r->runs, v);
	r->moved++;
	approve_look(b); /* may free r */
	return 0;
}

static const struct approval *asked_in(const struct run_record *record, const char *path)
{
	const struct approval *found = NULL;
	int n = 0;
	for (const struct approval *a = record->approvals; a; a = a->next) {
		if (path && strcmp(path, a->path) != 0)
			continue;
		found = a;
		n++;
	}
	return n == 1 ? found : NULL; /* of several none is meant */
}

static int cast_asleep(struct runs *runs, struct run_key *k, struct vote_row *v,
		       const struct run_record *record, const struct approval *a, struct err *err)
{
	int rc = check_voter(record->row.actor, a, v->voter, err);
	if (rc < 0)
		return rc;
	v->path = a->path;
	v->attempt = record->row.attempt;
	write_vote(runs, v);
	if (sleeper_vote(runs->sleepers, k, v))
		return 0;
	return err_set(err, ERR_NOMEM, "no memory for a vote");
}

static int vote_asleep(struct runs *runs, struct run_key *k, struct vote_row *v, struct err *err)
{
	struct run_record *record = NULL;
	struct store_reader *reader = sleepers_reader(runs->sleepers, err);
	int rc = reader ? run_record_read(&record, reader, k->id, RUN_RECORD_REPLAY, err) : -ERR_IO;
	if (rc < 0)
		return rc;
	const struct approval *a = asked_in(record, v->path);
	if (!a)
		rc = no_approval(err, k->id, v->path);
	else
		rc = cast_asleep(runs, k, v, record, a, err);
	run_record_free(record);
	return rc;
}

int run_vote(struct runs *runs, const char *id, const char *path, const char *voter, bool approve,
	     const char *comment, struct err *err)
{
	struct run_key *k = run_index_by_id(&runs->index, id);
	struct vote_row v = { .run = id,
			      .path = path,
			      .voter = voter,
			      .approve = approve,
			      .comment = comment,
			      .at_ms = clock_wall_ms() };
	if (!k || runs->suspending)
		return err_set(err, ERR_INVALID, "no run %s is going on", id);
	if (k->asleep)
		return vote_asleep(runs, k, &v, err);
	return vote_awake(CONTAINER_OF(k, struct run, key), &v, err);
}
