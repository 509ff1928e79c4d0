/* runs_private.h - what the files runs*.c, run_leave.c and run_vote.c share. */
#ifndef SCRIPT_RUNS_PRIVATE_H
#define SCRIPT_RUNS_PRIVATE_H

#include "script/run_machine.h"

/* Outlives the runs: what waits for the committer looks through it. */
struct runs_handle {
	struct runs *runs; /* NULL: gone */
	size_t refs;
};

void runs_handle_release(struct runs_handle *h);

/* Runs that are awake, for changing them one after the other. */
struct run_list {
	struct run **v;
	size_t n;
};
/* Owned by the caller: free v. */
struct run_list runs_list_awake(const struct runs *runs);

/* Give up what is in flight: its end stays open in the journal. */
void run_suspend_calls(struct run *r);

#endif
