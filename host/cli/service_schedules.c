#include "cli/service_schedules.h"

#include <string.h>

#include "base/clock.h"
#include "cli/serve_schedules.h"

struct asked {
	struct host *host;
	struct late_answer *answer;
	const cJSON *request;
	const char *name, *reason, *actor;
};

static void end(const struct asked *a, cJSON *value)
{
	late_answer_when_durable(a->answer, a->host->committer, value);
}

/* By an owner that is not serve. */
static int note_pause(const struct asked *a, int64_t since_ms, struct err *err)
{
	if (!config_find_schedule(a->host->config, a->name))
		return err_named(err, ERR_INVALID, "NoSuchSchedule",
				 "there is no schedule '%.60s' in the configuration of the process "
				 "that owns the state directory",
				 a->name);
	firings_note_pause(a->host, a->name, since_ms, a->actor, a->reason);
	return 0;
}

static int pause_one(const struct asked *a, struct err *err)
{
	int rc = a->host->firings
		     ? firings_pause(a->host->firings, a->name, a->actor, a->reason, err)
		     : note_pause(a, clock_wall_ms(), err);
	if (rc == 0)
		end(a, NULL);
	return rc;
}

static int resume_one(const struct asked *a, struct err *err)
{
	int rc = a->host->firings ? firings_resume(a->host->firings, a->name, a->actor, err)
				  : note_pause(a, 0, err);
	if (rc == 0)
		end(a, NULL);
	return rc;
}

static int no_serve(struct err *err)
{
	return err_named(err, ERR_INVALID, "NoServe",
			 "no 'runbook serve' goes on with this state directory");
}

static int fire_one(const struct asked *a, struct err *err)
{
	cJSON *answer = NULL;
	int rc = a->host->firings ? firings_fire(a->host->firings, a->name, a->actor, &answer, err)
				  : no_serve(err);
	if (rc == 0)
		end(a, answer);
	return rc;
}

static void on_backfilled(void *arg, size_t queued, const struct err *err)
{
	struct late_answer *answer = arg;
	cJSON *o = cJSON_CreateObject();
	if (err->code) {
		cJSON_Delete(o);
		late_answer_fail(answer, err->name, err->message);
		return;
	}
	json_set_int(o, "queued", (int64_t)queued);
	late_answer_end(answer, o);
}

static bool read_time(const cJSON *request, const char *name, int64_t *ms)
{
	const char *text = json_get_str(request, name);
	return text && iso8601_parse(ms, bytes_str(text)) == 0;
}

static int backfill(const struct asked *a, struct err *err)
{
	struct firings_span span;
	if (!a->host->firings)
		return no_serve(err);
	if (!read_time(a->request, "from", &span.from_ms) ||
	    !read_time(a->request, "to", &span.to_ms))
		return err_named(err, ERR_INVALID, "InvalidRequest",
				 "from and to: expected times such as 2026-12-24T06:00:00Z");
	return firings_backfill(a->host->firings, a->name, &span, a->actor, on_backfilled,
				a->answer, err);
}

void service_schedules(struct host *h, struct late_answers *answers, struct control_request *q,
		       const cJSON *request, const char *actor)
{
	static const struct {
		const char *op;
		int (*fn)(const struct asked *a, struct err *err);
	} ops[] = { { "schedule.pause", pause_one },
		    { "schedule.resume", resume_one },
		    { "schedule.fire", fire_one },
		    { "schedule.backfill", backfill } };
	struct asked a = { .host = h,
			   .answer = late_answer_new(answers, q),
			   .request = request,
			   .name = json_get_str(request, "schedule"),
			   .reason = json_get_str(request, "reason"),
			   .actor = actor };
	struct err err = { 0 };
	const char *op = json_get_str(request, "op");
	if (!a.answer)
		return;
	if (!a.name) {
		late_answer_fail(a.answer, "InvalidRequest", "which schedule?");
		return;
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (strcmp(op, ops[i].op) == 0 && ops[i].fn(&a, &err) < 0)
			late_answer_fail(a.answer, err.name, err.message);
	}
}
