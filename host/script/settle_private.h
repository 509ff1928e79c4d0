/* settle_private.h - the calls that are being settled; for settle*.c only. */
#ifndef SCRIPT_SETTLE_PRIVATE_H
#define SCRIPT_SETTLE_PRIVATE_H

#include "script/call_again.h"
#include "script/run_private.h"
#include "script/settle.h"
#include "script/settle_decide.h"

enum { SETTLE_TEXT_SIZE = 1024, SETTLE_HELD_MS = 1000 };

/* An attempt of a run with such calls. */
struct settle_run {
	struct settle_run *next;
	struct run *run; /* stands in for it */
	bool over;       /* was when its process died: its row stays as it is */
	bool parked;
	char message[RUN_MESSAGE_SIZE]; /* of one that was parked */
};

enum case_state {
	CASE_DUE,   /* to be tried, when those before it on its resource are settled */
	CASE_BUSY,  /* its call goes on, see there */
	CASE_LATER, /* to be tried at again_ms */
	CASE_SETTLED,
};

struct settle_case {
	struct settle_case *next;
	struct settle_case *before; /* the last one before it on the same resource; NULL: none */
	struct settle *settle;
	struct settle_run *of;
	const struct registered_op *op;
	struct registered_op gone; /* stands for it when its plugin is */
	struct step_row row;       /* of its newest beginning; strings are owned */
	char *record;              /* its outcome in the log, or NULL */
	int64_t first_ms;          /* the first intent of the step */
	bool sent_here;            /* by this process: it does not die at settle.begun_ms */

	enum case_state state;
	int64_t again_ms; /* monotonic */
	int failures;     /* in a row, of the service or the way to it */
	char why[SETTLE_TEXT_SIZE];
	struct call_past past;
	struct call *call; /* while BUSY */
};

struct settle {
	struct settle_spec spec;
	struct settle_run *runs;
	struct settle_case *first, **last;
	size_t n_open, n_busy;
	int64_t begun_ms, begun_boot_ms; /* every other process was dead by then */
	struct timer *timer;
	bool all_tried, stopped;
};

/* settle_read.c: everything that the store has to settle. */
NODISCARD int settle_read(struct settle *s, struct err *err);
void settle_case_free(struct settle_case *k);
void settle_free_text(const char *text); /* of its row */

/* settle.c: look again what is due, in a later turn of the loop. */
void settle_look_again(struct settle *s, int64_t delay_ms);
void settle_say(const struct settle_case *k, enum log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* It has its end, which is durable. */
void settle_case_ended(struct settle_case *k);

/* settle_case.c: try it; it is BUSY, LATER or SETTLED then. */
void settle_try(struct settle_case *k);
void settle_give_up(struct settle_case *k);

#endif
