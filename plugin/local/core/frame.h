/*
 * frame.h - one sequence of states being walked: an execution's own, a branch of a Parallel, an
 * iteration of an Inline Map.
 *
 * Frames form a tree. A frame stands in at most one state, entered and not exited; when the
 * execution ends unsuccessfully its frames stop where they are, and that is exactly what a redrive
 * starts again.
 *
 *	IDLE ---> READY ---> WAITING | TASK | BACKOFF | FORKED | MAPPING ---> READY ... ---> DONE
 *	  ^         ^                        |
 *	  |         '------- redrive ----- STOPPED   from any of them
 *	  '-- not begun: an iteration without a slot
 *
 * READY     in the queue: its state is to be entered, or run (again)
 * WAITING   a Wait state, until its alarm
 * TASK      the world, or a worker, has its task
 * BACKOFF   a failed state waits for its next attempt
 * FORKED    its branches or iterations run
 * MAPPING   its Map Run runs
 */
#ifndef LOCAL_FRAME_H
#define LOCAL_FRAME_H

#include "base/sm.h"
#include "local/core/alarms.h"
#include "local/core/definition.h"
#include "local/core/doc.h"

struct engine;
struct err;
struct execution;
struct map_run;
struct task;

enum frame_phase {
	FRAME_IDLE,
	FRAME_READY,
	FRAME_WAITING,
	FRAME_TASK,
	FRAME_BACKOFF,
	FRAME_FORKED,
	FRAME_MAPPING,
	FRAME_STOPPED,
	FRAME_DONE,
	FRAME_PHASES
};

struct frame {
	struct execution *x;
	struct frame *parent; /* NULL: the execution's own sequence */
	uint32_t index;       /* which branch or iteration */
	const struct flow *flow;
	struct sm phase;
	const struct state *state; /* where it stands; NULL: not begun, or done */
	struct doc *input;         /* of that state, untouched; before the first, of the sequence */
	struct doc *output;        /* when DONE */
	struct doc *item;          /* iteration: its item, for $$.Map.Item.Value */
	int64_t entered_id;        /* id of ...StateEntered; 0: the state is not entered yet */
	int64_t entered_ms;
	int64_t last_id; /* what the next event follows */
	uint64_t order;
	struct alarm alarm;  /* WAITING, BACKOFF; time-out of a TASK */
	bool beat_missed;    /* its failure is a missed heartbeat */
	int64_t *attempts;   /* one count for each retrier, or NULL */
	struct task *task;   /* while TASK (state_task.h) */
	struct frame **kids; /* branches or iterations, while FORKED or stopped in it */
	size_t n_kids, kids_begun, kids_done;
	int64_t max_concurrency; /* of a Map; 0: none given */
	int64_t started_id;      /* id of Map- or ParallelStateStarted */
	struct map_run *map_run;
	struct frame *next_ready, *prev_ready;
	bool queued;
	struct frame *next_dead;
};

struct frame *frame_new(struct execution *x, struct frame *parent, uint32_t index,
			const struct flow *flow);
/* Start an IDLE frame: one count of input is taken over; its first event follows last_id. */
void frame_begin(struct frame *f, struct doc *input, int64_t last_id);
void frame_free(struct frame *f); /* with all below it; not while it may be running */
void frame_bury(struct frame *f); /* free it when nothing runs */
void frame_bury_kids(struct frame *f);

/* Put a frame into the queue. */
void frame_ready(struct frame *f);
/* The same after a restart: it is READY already. */
void frame_ready_again(struct frame *f);

/* Leave the state with this output (one count taken over) for the next state, or the end. */
void frame_exit(struct frame *f, struct doc *output);
/* The same for a handler: to this state; *prev is what the ...Exited event follows. */
void frame_exit_to(struct frame *f, struct doc *output, const struct state *next, int64_t prev);

/* The state failed: Retry, Catch, or the end of the sequence. Strings are borrowed. */
void frame_fail(struct frame *f, const char *error, const char *cause);
/* It failed on its data: the service's words about the state are put before the message. */
void frame_fault(struct frame *f, const struct err *err);
/* It failed and nobody may catch it. */
void frame_fail_hard(struct frame *f, const char *error, const char *cause);

/* Stop all that is under way here and below; the frames stay. */
void frame_stop(struct frame *f);
/* Start the stopped states here and below again; the first events follow those of their entry. */
void frame_redrive(struct frame *f);

/* At every transition: is the machine being deleted? Then the execution has been failed. */
bool frame_machine_deleted(struct frame *f);

/* Set the alarm; `order` is renewed. */
void frame_set_alarm(struct frame *f, int64_t at_ms);
/* Set it again after a restart, with the order it had. */
void frame_restore_alarm(struct frame *f, int64_t at_ms);

/* How often the state was tried again. */
int64_t frame_retry_count(const struct frame *f);

/* Run ready frames until none is left or *budget transitions were made. */
void frames_run(struct engine *e, int *budget);
void frames_free_dead(struct engine *e);

extern const struct sm_state frame_phases[];

#endif
