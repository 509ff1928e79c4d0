#include "commit/waiters.h"

#include <stdlib.h>

struct waiter {
	commit_done_fn *done;
	void *arg;
	struct err *refused; /* this record alone was not accepted; owned */
	struct waiter *next;
};

void waiters_init(struct waiters *q)
{
	*q = (struct waiters){ .last = &q->first };
}

static void waiters_push(struct waiters *q, struct waiter *w)
{
	*q->last = w;
	q->last = &w->next;
	q->n++;
}

void waiters_move(struct waiters *to, struct waiters *from)
{
	if (!from->first)
		return;
	*to->last = from->first;
	to->last = from->last;
	to->n += from->n;
	waiters_init(from);
}

/* Emptied first, since each done may add. */
void waiters_tell(struct waiters *q, const struct err *err)
{
	struct waiter *w = q->first;
	waiters_init(q);
	while (w) {
		struct waiter *next = w->next;
		w->done(w->arg, w->refused ? w->refused : err);
		free(w->refused);
		free(w);
		w = next;
	}
}

void waiters_add(struct waiters *q, commit_done_fn *done, void *arg, const struct err *refused)
{
	struct waiter *w = malloc(sizeof(*w));
	INVARIANT(w != NULL);
	*w = (struct waiter){ .done = done, .arg = arg };
	if (refused) {
		w->refused = malloc(sizeof(*w->refused));
		INVARIANT(w->refused != NULL);
		*w->refused = *refused;
	}
	waiters_push(q, w);
}
