/*
 * state.h - the eight types of states, each a function that runs an entered frame.
 *
 * A runner ends in exactly one of: frame_exit, frame_exit_to, frame_fail and its like, or a phase
 * that waits (frame.h), from which a completion goes on.
 */
#ifndef LOCAL_STATE_H
#define LOCAL_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct doc;
struct err;
struct frame;
struct map_run;
struct state;

void state_run(struct frame *f); /* by its type */

void state_pass_run(struct frame *f);
void state_choice_run(struct frame *f);
void state_succeed_run(struct frame *f);
void state_fail_run(struct frame *f);

void state_wait_run(struct frame *f);
void state_wait_over(struct frame *f); /* its alarm went off */

/* The effective input (InputPath), one count for the caller; false: the state has failed on it. */
bool state_input(struct frame *f, struct doc **input);

/* Exit with what the state makes of this result (borrowed): data_output and its errors. */
void state_finish(struct frame *f, struct doc *result);
/* The same, but ...Exited follows prev. */
void state_finish_after(struct frame *f, struct doc *result, int64_t prev);
/* Exit of a state without a result: OutputPath over the effective input. */
void state_exit_with_input(struct frame *f, struct doc *input, const struct state *next);

void state_task_run(struct frame *f); /* task.h */

/* Parallel and Inline Map: state_fork.c. A "kid" is a branch or an iteration. */
void state_parallel_run(struct frame *f);
void state_inline_map_run(struct frame *f, struct doc *input,
			  struct doc *items); /* f->max_concurrency is read */
void state_fork_kid_done(struct frame *f, struct frame *kid);
void state_fork_kid_failed(struct frame *f, struct frame *kid, const char *error,
			   const char *cause);
void state_fork_redrive(struct frame *f);

/* Map, and the Distributed one: state_map.c */
void state_map_run(struct frame *f);
void state_map_run_ended(struct frame *f, struct map_run *run); /* it has closed */
void state_map_redrive(struct frame *f);
void state_map_note_start(struct frame *f, const struct map_run *run); /* MapRunStarted */
/* The test manifest could not be written: no event of the Map Run, nor MapStateFailed (recorded). */
void state_map_test_failed(struct frame *f, const char *why);
/* The role does not exist, or nobody knows what it may do: the same. `writes`: there is a ResultWriter. */
void state_map_role_missing(struct frame *f, bool writes);
void state_map_role_unknown(struct frame *f, const char *why);
/* MapRunRedriven. @return the number of the redrive */
int64_t state_map_note_redrive(struct frame *f, struct map_run *run);

#endif
