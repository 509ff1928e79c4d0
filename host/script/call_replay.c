/* call_replay.c - calls that end as the journal says. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/call_private.h"
#include "script/rows.h"

const char *call_outcome_name(enum call_outcome o)
{
	switch (o) {
	case CALL_OK:
		return "ok";
	case CALL_ERROR:
		return "error";
	case CALL_UNKNOWN:
		return "unknown";
	case CALL_REFUSED:
		return "refused";
	case CALL_INVALID:
		return "invalid";
	case CALL_DRY_RUN:
		return "dry_run";
	case CALL_NOT_SENT:
		return "not_sent";
	case CALL_RECONCILED:
		return "reconciled";
	}
	return "unknown";
}

bool call_outcome_parse(enum call_outcome *out, const char *name)
{
	for (int o = CALL_OK; o <= CALL_RECONCILED; o++) {
		if (strcmp(call_outcome_name((enum call_outcome)o), name) != 0)
			continue;
		*out = (enum call_outcome)o;
		return true;
	}
	return false;
}

static void take_recorded_error(struct call_end *e, cJSON *v)
{
	e->code = call_copy_text(json_get_str(v, "code"));
	e->message = call_copy_text(json_get_str(v, "message"));
	e->request_id = call_copy_text(json_get_str(v, "requestId"));
	e->retryable = json_get_bool(v, "retryable", false);
	e->status = (int)json_get_int(v, "status", 0);
	e->attempts = (int)json_get_int(v, "attempts", 0);
	e->extra = cJSON_DetachItemFromObjectCaseSensitive(v, "extra");
}

bool call_replay(struct call *c, const struct journal_step *s)
{
	cJSON *error = s->error ? json_parse(bytes_str(s->error), NULL) : NULL;
	if (!call_outcome_parse(&c->end.outcome, s->outcome))
		c->end.outcome =
		    error ? CALL_ERROR : CALL_OK; /* of another version: its end counts */
	c->end.answer = s->answer ? json_parse(bytes_str(s->answer), NULL) : NULL;
	if (error)
		take_recorded_error(&c->end, error);
	cJSON_Delete(error);
	if (c->end.outcome == CALL_UNKNOWN)
		run_add_unknown(c->run, c);
	sm_move(&c->sm, CALL_S_ENDED);
	return c->end.answer || c->end.code;
}

void call_settle_orphaned(struct call *c, const struct journal_step *s)
{
	call_set_end(
	    c, CALL_UNKNOWN, OUTCOME_UNKNOWN,
	    "the process that made the call died before the answer came: it may have taken "
	    "effect");
	c->begun = true;
	c->intent = s->intent;
	run_add_unknown(c->run, c);
	if (!rows_call_end(c))
		run_too_much(c->run);
	sm_move(&c->sm, CALL_S_ENDED);
}
