#include "local/core/redrive.h"

#include <stdio.h>

#include "local/core/core.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
/* 2023-11-15T00:00:00Z: executions started before the launch cannot be redriven. */
static const int64_t launch_ms = INT64_C(1700006400000);
static const int64_t token_ms = INT64_C(15) * 60 * 1000;

/*
 * Order of the checks: status, launch, history, open time, period (the service's is not recorded).
 * The year counts from the start of the first attempt, the 14 days from the latest close. A machine being deleted does not show here (recorded: REDRIVABLE while DELETING).
 */
const char *redrive_refusal(const struct execution *x, int64_t now_ms)
{
	switch (x->status.now) {
	case EXECUTION_RUNNING:
		return "Execution is RUNNING and cannot be redriven";
	case EXECUTION_PENDING_REDRIVE:
		return "Execution is PENDING_REDRIVE and cannot be redriven";
	case EXECUTION_SUCCEEDED:
		return "Execution is SUCCEEDED and cannot be redriven";
	default:
		break;
	}
	if (x->express)
		return NULL;
	if (x->start_ms < launch_ms)
		return "Execution was started before the launch of RedriveExecution";
	if (x->history.n >= HISTORY_MAX - 1)
		return "Execution history event limit exceeded";
	if (now_ms - x->start_ms >= 365 * day_ms)
		return "Execution has exceeded the max execution time";
	if (now_ms - x->stop_ms >= 14 * day_ms)
		return "Execution redrivable period exceeded";
	return NULL;
}

void redrive_write_status(struct jsonw *w, const struct execution *x, int64_t now_ms)
{
	const char *why = redrive_refusal(x, now_ms);
	if (why) {
		jsonw_str(w, "redriveStatus", "NOT_REDRIVABLE");
		jsonw_str(w, "redriveStatusReason", why);
	} else {
		jsonw_str(w, "redriveStatus", x->map_run ? "REDRIVABLE_BY_MAP_RUN" : "REDRIVABLE");
	}
}

int64_t redrive_token_date(const struct execution *x, const char *token, int64_t now_ms)
{
	const struct redrive_tokens *t = x->tokens;
	for (size_t i = 0; t && i < t->n; i++)
		if (strcmp(t->list[i].text, token) == 0 && now_ms - t->list[i].ms < token_ms)
			return t->list[i].ms;
	return -1;
}

void redrive_token_add(struct execution *x, const char *token, int64_t now_ms)
{
	struct redrive_tokens *t = x->tokens;
	if (!t)
		t = x->tokens = mem_zero(sizeof(*t));
	if (t->n == REDRIVE_TOKENS) {
		memmove(&t->list[0], &t->list[1], (REDRIVE_TOKENS - 1) * sizeof(t->list[0]));
		t->n--;
	}
	(void)snprintf(t->list[t->n].text, REDRIVE_TOKEN_SIZE, "%s", token);
	t->list[t->n++].ms = now_ms;
	record_touch(x->e, &x->record);
}
