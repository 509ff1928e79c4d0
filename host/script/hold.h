/*
 * hold.h - the operator's switch: while it is on, no changing call leaves this state directory.
 *
 * It is one file, STATE/hold, a JSON object that says who, when and why. Being there is what counts:
 * the gate looks before every changing call and before every further attempt of one, so the switch
 * works on a host that hangs, restarts or recovers, and needs no word with it. What cannot be read
 * counts as on. Who has the state directory's lock is of no matter here.
 *
 * Setting and releasing block (they sync); looking costs one system call.
 */
#ifndef SCRIPT_HOLD_H
#define SCRIPT_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct hold_note {
	char by[128];     /* who; "" when it cannot be read */
	char reason[512]; /* "": none was given */
	int64_t at_ms;    /* wall clock; 0 when it cannot be read */
};

enum { HOLD_TEXT_SIZE = 768 };

/*
 * Switch on: durable when it returns. In the note's texts '?' takes the place of control characters
 * and of what is no UTF-8, such as a character that the field's end has cut.
 *
 * @param[in,out] note  of who switches; where it is on already, the note of who did before
 * @param[out] already  it was on, and stays as it was
 * @return 0; -ERR_INVALID when the path is too long; -ERR_IO
 */
NODISCARD int hold_set(const char *state_dir, struct hold_note *note, bool *already,
		       struct err *err);

/* Switch off: durable when it returns. 0 also when it was not on. -ERR_IO */
NODISCARD int hold_release(const char *state_dir, struct err *err);

bool hold_is_set(const char *state_dir);

/* Is it on? Then *out says by whom; out may be NULL. */
bool hold_read(struct hold_note *out, const char *state_dir);

/* "held since 2026-11-21T22:51:03.042Z by ann: reason" */
void hold_say(char out[HOLD_TEXT_SIZE], const struct hold_note *note);

#endif
