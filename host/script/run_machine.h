/* run_machine.h - the states of a run, and how it ends; for the files run*.c only. */
#ifndef SCRIPT_RUN_MACHINE_H
#define SCRIPT_RUN_MACHINE_H

#include "script/run_private.h"

enum { RUN_M_READY, RUN_M_RUNNING, RUN_M_WAITING, RUN_M_ENDING, RUN_M_ENDED };

void run_machine_init(struct run *r);

/* Ends it then. */
void run_start_timeout(struct run *r, int64_t after_ms);
bool run_died_too_often(const struct run *r);

/* Each frees r. The last thread that was resumed has returned, or raised; or run_stop was called. */
void run_end_returned(struct run *r);
void run_end_raised(struct run *r);
void run_end_stopped(struct run *r);

/* ENDING: ends r if nothing is in flight any more. May free r. */
void run_end_when_quiet(struct run *r);

/* Every branch waits: should the run leave memory? May free r, later. */
void run_consider_leaving(struct run *r);

/* While runs are suspended: is anything left to wait for? */
void runs_look_suspended(struct runs *runs);

#endif
