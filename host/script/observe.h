/* observe.h - telling the observer (observer.h), where there is one; not of the replay of a check. */
#ifndef SCRIPT_OBSERVE_H
#define SCRIPT_OBSERVE_H

#include "script/run_private.h"
#include "store/store.h"

void observe_run_begun(const struct run *r);
void observe_run_ended(const struct run *r, const struct run_end *end);
void observe_call_ended(const struct call *c);
void observe_call_waited(const struct call *c, int64_t ms);
void observe_call_throttled(const struct call *c);
void observe_step_ended(const struct run *r, enum step_kind kind);

#endif
