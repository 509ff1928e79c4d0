/* check_replay.h - a stored history against a source: run_check_replay of run.h. */
#ifndef SCRIPT_CHECK_REPLAY_H
#define SCRIPT_CHECK_REPLAY_H

#include "script/run_private.h"

/* Where the run differs: the step, and FILE:LINE (borrowed for the call). */
void check_replay_differs(struct run *r, const char *step, const char *place);

/* It has come to its end: tell, and free r. */
void check_replay_end(struct run *r, const struct run_end *end);

#endif
