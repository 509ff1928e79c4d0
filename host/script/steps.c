#include "script/steps.h"

#include <stdio.h>
#include <string.h>

#include "script/check_replay.h"

void step_number(lua_State *L, struct branch *b)
{
	state_spend_step(L);
	int n = snprintf(b->path, sizeof(b->path), "%s%u", b->prefix, ++b->steps);
	INVARIANT(n > 0 && (size_t)n < sizeof(b->path));
	b->run->steps++;
}

void step_hash(char out[SHA256_HEX + 1], struct bytes asked)
{
	uint8_t hash[SHA256_LEN];
	INVARIANT(sha256(hash, asked) == 0);
	hex_lower(out, hash, sizeof(hash));
}

static const char *name_of(enum step_kind kind, const char *operation)
{
	switch (kind) {
	case STEP_CALL:
		return operation ? operation : "a call";
	case STEP_SLEEP:
		return "sleep";
	case STEP_APPROVAL:
		return operation ? "the approval of a call" : "approve";
	case STEP_NOW:
		return "now";
	case STEP_BRANCHES:
		return "parallel";
	case STEP_SECRET:
		return "secret";
	}
	return "a step";
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* FILE:LINE of the script's code that asked: pcall and the like are in C. */
static void place_of(lua_State *L, char *out, size_t n)
{
	lua_Debug ar;
	out[0] = '\0';
	for (int level = 1; !out[0] && lua_getstack(L, level, &ar); level++)
		if (lua_getinfo(L, "Sl", &ar) && ar.currentline > 0)
			(void)snprintf(out, n, "%s:%d", ar.short_src, ar.currentline);
}

static void differs(lua_State *L, const struct branch *b, const struct journal_step *s,
		    enum step_kind kind, const char *operation)
{
	const char *recorded = name_of(s->kind, s->operation), *asked = name_of(kind, operation);
	char place[256];
	place_of(L, place, sizeof(place));
	check_replay_differs(b->run, b->path, place);
	(void)run_stop(L, RUN_PARKED,
		       "not deterministic: step %s is recorded as %s%s, but the script asked for "
		       "%s%s (at %s)",
		       b->path, recorded, s->asked ? ", and was asked for already" : "", asked,
		       strcmp(recorded, asked) == 0 ? " with other arguments" : "", place);
}

struct journal_step *step_find(lua_State *L, struct branch *b, enum step_kind kind,
			       const char *operation, const char *hash)
{
	struct run *r = b->run;
	struct journal_step *s = r->journal ? journal_find(r->journal, b->path) : NULL;
	if (!s) {
		if (r->check && !run_replays(r))
			(void)run_stop(L, RUN_DONE, "%s", "");
		return NULL;
	}
	if (s->asked || s->kind != kind || !same_text(s->operation, operation) ||
	    !same_text(s->args_hash, hash))
		differs(L, b, s, kind, operation);
	journal_ask(r->journal, s);
	return s;
}

int step_replay(lua_State *L, struct branch *b, struct journal_step *s, lua_KFunction k)
{
	b->wait.recorded = s;
	return branch_wait(L, b, WAIT_RECORDED, k);
}
