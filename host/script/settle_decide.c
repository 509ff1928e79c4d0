#include "script/settle_decide.h"

#include <stddef.h>

static enum settle_way say(enum settle_way way, const char **why, const char *text)
{
	if (why)
		*why = text;
	return way;
}

int64_t settle_look_from(const struct settle_call *c)
{
	int64_t until = c->sent_until_ms > c->intent_ms ? c->sent_until_ms : c->intent_ms;
	return until + SETTLE_SKEW_MS + SETTLE_LAG_MS;
}

enum settle_way settle_decide(const struct settle_call *c, int64_t now_ms, const char **why)
{
	bool ageless = now_ms < c->intent_ms;
	if (c->recorded)
		return say(SETTLE_RECORDED, why, "the audit log has its outcome");
	if (!ageless && c->can_resend && now_ms < c->not_after_ms)
		return say(SETTLE_RESEND, why, "the service still knows its token");
	if (!c->can_look)
		return say(SETTLE_UNKNOWN, why,
			   "it must not be sent again, and nobody can look what became of it");
	if (ageless)
		return say(SETTLE_LOOK, why, "it was intended in the future: the clock was set");
	if (now_ms - c->first_ms >= SETTLE_LOOK_MAX_MS)
		return say(SETTLE_UNKNOWN, why, "it was intended 14 days ago or earlier");
	if (now_ms < settle_look_from(c))
		return say(SETTLE_WAIT, why, "a look proves nothing yet");
	return say(SETTLE_LOOK, why, "it is too old to be sent again");
}

enum settle_way settle_judge(const struct settle_call *c, enum verdict verdict, int64_t now_ms,
			     int64_t max_intent_age_ms, const char **why)
{
	if (verdict == VERDICT_DONE)
		return say(SETTLE_DONE, why, "it was done");
	if (verdict != VERDICT_NOT_DONE)
		return say(SETTLE_UNKNOWN, why, "it may have taken effect");
	if (now_ms < c->intent_ms)
		return say(SETTLE_UNKNOWN, why,
			   "it was not done, but the clock was set: its age is not known");
	if (now_ms - c->first_ms >= max_intent_age_ms)
		return say(SETTLE_UNKNOWN, why,
			   "it was not done, but it was intended too long ago ([limits] "
			   "max_intent_age) to be done now");
	if (!c->own_token)
		return say(SETTLE_UNKNOWN, why,
			   "it was not done, but its token is the runbook's own: another cannot "
			   "be made");
	return say(SETTLE_AGAIN, why, "it was not done");
}

int64_t settle_now(int64_t intent_ms, int64_t intent_since_boot_ms, int64_t now_since_boot_ms,
		   int64_t now_ms)
{
	if (intent_since_boot_ms <= 0 || now_since_boot_ms < intent_since_boot_ms)
		return now_ms;
	return intent_ms + (now_since_boot_ms - intent_since_boot_ms);
}
