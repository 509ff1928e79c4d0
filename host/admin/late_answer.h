/*
 * late_answer.h - answers to requests of the control socket that come later: when what was asked for
 * is on disk. The client may leave before.
 */
#ifndef ADMIN_LATE_ANSWER_H
#define ADMIN_LATE_ANSWER_H

#include "admin/control.h"

struct committer;
struct late_answer;

struct late_answers { /* those under way; zeros: none */
	struct late_answer *first;
};

/* The request's data is the answer's from now on. NULL: no memory, and q was told so. */
struct late_answer *late_answer_new(struct late_answers *all, struct control_request *q);

/* Is that data of a request one of them? */
bool late_answers_own(const struct late_answers *all, const void *data);

/* The end, one of them; each frees a. value is taken over. */
void late_answer_end(struct late_answer *a, cJSON *value);
void late_answer_fail(struct late_answer *a, const char *code, const char *message);
/* Once everything that was handed over is durable. */
void late_answer_when_durable(struct late_answer *a, struct committer *c, cJSON *value);

void late_answer_gone(void *arg, struct control_request *q); /* a control_op's `gone` */
void late_answers_forget(struct late_answers *all);          /* before the control is freed */

#endif
