#include "store/names.h"

#include <string.h>

static const char *const states[] = {
	[RUN_STATE_QUEUED] = "queued",       [RUN_STATE_RUNNING] = "running",
	[RUN_STATE_WAITING] = "waiting",     [RUN_STATE_DONE] = "done",
	[RUN_STATE_FAILED] = "failed",       [RUN_STATE_CANCELLED] = "cancelled",
	[RUN_STATE_TIMED_OUT] = "timed_out", [RUN_STATE_PARKED] = "parked",
};

static const char *const kinds[] = {
	[STEP_CALL] = "call", [STEP_SLEEP] = "sleep",       [STEP_APPROVAL] = "approval",
	[STEP_NOW] = "now",   [STEP_BRANCHES] = "branches", [STEP_SECRET] = "secret",
};

static const char *const firing_states[] = {
	[FIRING_QUEUED] = "queued", [FIRING_STARTED] = "started", [FIRING_SKIPPED] = "skipped",
	[FIRING_MISSED] = "missed", [FIRING_FAILED] = "failed",   [FIRING_CANCELLED] = "cancelled",
};

static const char *const delivery_states[] = {
	[DELIVERY_QUEUED] = "queued",     [DELIVERY_STARTED] = "started",
	[DELIVERY_REPLACED] = "replaced", [DELIVERY_IGNORED] = "ignored",
	[DELIVERY_FAILED] = "failed",     [DELIVERY_CANCELLED] = "cancelled",
};

/* The place of name in the list; -1: not there. */
static int place_of(const char *name, const char *const *list, int n)
{
	for (int i = 0; name && i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return i;
	}
	return -1;
}

const char *run_state_name(enum run_state s)
{
	return states[s];
}

int run_state_parse(enum run_state *out, const char *name)
{
	int i = place_of(name, states, sizeof(states) / sizeof(states[0]));
	if (i < 0)
		return -ERR_INVALID;
	*out = (enum run_state)i;
	return 0;
}

const char *step_kind_name(enum step_kind k)
{
	return kinds[k];
}

int step_kind_parse(enum step_kind *out, const char *name)
{
	int i = place_of(name, kinds, sizeof(kinds) / sizeof(kinds[0]));
	if (i < 0)
		return -ERR_INVALID;
	*out = (enum step_kind)i;
	return 0;
}

const char *firing_state_name(enum firing_state s)
{
	return firing_states[s];
}

int firing_state_parse(enum firing_state *out, const char *name)
{
	int i = place_of(name, firing_states, sizeof(firing_states) / sizeof(firing_states[0]));
	if (i < 0)
		return -ERR_INVALID;
	*out = (enum firing_state)i;
	return 0;
}

const char *delivery_state_name(enum delivery_state s)
{
	return delivery_states[s];
}

int delivery_state_parse(enum delivery_state *out, const char *name)
{
	int i =
	    place_of(name, delivery_states, sizeof(delivery_states) / sizeof(delivery_states[0]));
	if (i < 0)
		return -ERR_INVALID;
	*out = (enum delivery_state)i;
	return 0;
}
