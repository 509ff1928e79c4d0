/*
 * steps.h - a step as the script asks for it: its number, and what the journal has of it. Inside the
 * script's protected calls: these may raise.
 */
#ifndef SCRIPT_STEPS_H
#define SCRIPT_STEPS_H

#include "script/run_private.h"

/* Number the next step of b: writes b->path. Raises when the run has used up its steps. */
void step_number(lua_State *L, struct branch *b);

/* Hash of what the script asked for, for steps that are no calls. */
void step_hash(char out[SHA256_HEX + 1], struct bytes asked);

/*
 * What the journal has of the step that b is at; NULL: nothing. Anything else than what is asked for
 * ends the run as parked, and this does not return.
 *
 * @param operation  NULL unless a call, or the approval of one
 */
struct journal_step *step_find(lua_State *L, struct branch *b, enum step_kind kind,
			       const char *operation, const char *hash);

/* Wait for the turn of a recorded end. The last act: return step_replay(...). */
int step_replay(lua_State *L, struct branch *b, struct journal_step *s, lua_KFunction k);

#endif
