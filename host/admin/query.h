/*
 * query.h - what the store knows of runs, as JSON: what `runbook runs` and `runbook show` print.
 *
 * Times are ISO 8601 texts; what is not known is left out. Reads only, from whatever thread owns the
 * reader. Blocks for as long as SQLite reads.
 */
#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include "base/json.h"
#include "store/store.h"

/*
 * The arguments of an operation as they may be shown: sensitive members replaced.
 *
 * @param args may be changed
 */
typedef void query_redact_fn(void *arg, const char *operation, cJSON **args);

struct query {
	struct store_reader *reader;
	query_redact_fn *redact; /* NULL: arguments are shown as they are */
	void *arg;
	bool unowned; /* no process goes on with any run: those that are not over are marked */
};

/*
 * {"runs":[{id, attempt, state, path, created, started, ended, wake, waitsFor, outcome, message,
 * key}, ...]}, newest first. One that waits for an approval has subject, what it asks; one that is not
 * over, and that no process goes on with as far as is known, "unattended":true. What was accepted and
 * has not begun (store/queued.h) is {id, state "queued", hook or schedule, created, waitsFor, wake, due}.
 *
 * @param[out] out owned by the caller (cJSON_Delete)
 */
NODISCARD int query_runs(const struct query *q, const struct run_filter *filter, cJSON **out,
			 struct err *err);

/*
 * All of one run: the members above and sha256, input, actor, reason, config, options, deadline,
 * deaths, result, traceback, modules [{name, path, sha256}], steps of the last attempt in the order
 * of the script, 2 before 10, 4 before 4.1.1 [{path, kind, operation, args, resource, token, begun,
 * until, ended, outcome, answer, error, intent}], approvals [{path, subject, details, needed, expires,
 * open, votes [{voter, by, approve, comment, at}]}].
 *
 * Of one that has not begun: what query_runs says, actor and input; state "cancelled" and message where
 * it was taken out of its queue.
 *
 * @param id of the run, or its unique beginning
 * @return 0; -ERR_INVALID with err->name "NoSuchRun" or "Ambiguous"
 */
NODISCARD int query_run(const struct query *q, const char *id, cJSON **out, struct err *err);

/* {"approvals":[{run, attempt, asker and the members above but open}, ...]}: all that wait for people,
 * in the order in which they were asked for. */
NODISCARD int query_approvals(const struct query *q, cJSON **out, struct err *err);

/*
 * {"runs":{queued, running, waiting, parked}, "unsettledCalls", "schedules":{count, paused, missed,
 * next}}: how many of each there are; missed: instants, ever; next: of those that are not paused.
 */
NODISCARD int query_status(const struct query *q, cJSON **out, struct err *err);

/*
 * {"schedules":[{name, cron, tz, options {runbook, overlap, catch_up, ...}, configured, next, missed,
 * failures, waiting, paused {since, by, why}, last {due, state, run, runState, runOutcome, runMessage,
 * why, by, recorded}}, ...]}, by name. next is an instant; with jitter it is due later.
 */
NODISCARD int query_schedules(const struct query *q, cJSON **out, struct err *err);

/* One of them, and firings [{as last}, ...], newest first; limit 0: all that are kept.
 * @return as above; -ERR_INVALID with err->name "NoSuchSchedule" */
NODISCARD int query_schedule(const struct query *q, const char *name, size_t limit, cJSON **out,
			     struct err *err);

/* {"deliveries":[{hook, id, state, run, key, why, at, due, actor}, ...]}, newest first; hook NULL: of all
 * hooks; limit 0: all that are kept. */
NODISCARD int query_deliveries(const struct query *q, const char *hook, size_t limit, cJSON **out,
			       struct err *err);

/*
 * What a request of the control socket asks for: {"op":"runs", "state":..., "runbook":..., "limit":N}
 * or {"op":"show", "run":ID}, {"op":"find", "run":BEGINNING} -> {"run":ID}, {"op":"approvals"},
 * {"op":"status"} or {"op":"schedules"}, that one also with "schedule":NAME, "limit":N.
 *
 * @return as above; -ERR_INVALID for a state that is none
 */
NODISCARD int query_request(const struct query *q, const cJSON *request, cJSON **out,
			    struct err *err);

#endif
