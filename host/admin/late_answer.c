#include "admin/late_answer.h"

#include <stdlib.h>

#include "commit/commit.h"

struct late_answer {
	struct late_answer *next;
	struct late_answers *all;  /* NULL: they were forgotten */
	struct control_request *q; /* NULL: nobody waits any more */
	cJSON *value;              /* what is said when it is durable */
};

struct late_answer *late_answer_new(struct late_answers *all, struct control_request *q)
{
	struct late_answer *a = calloc(1, sizeof(*a));
	if (!a) {
		control_fail(q, "OutOfMemory", "no memory for the answer");
		return NULL;
	}
	*a = (struct late_answer){ .next = all->first, .all = all, .q = q };
	all->first = a;
	control_set_data(q, a);
	return a;
}

bool late_answers_own(const struct late_answers *all, const void *data)
{
	const struct late_answer *a = all->first;
	while (a && a != data)
		a = a->next;
	return a != NULL;
}

static void free_answer(struct late_answer *a)
{
	struct late_answer **at = a->all ? &a->all->first : NULL;
	while (at && *at != a)
		at = &(*at)->next;
	if (at)
		*at = a->next;
	cJSON_Delete(a->value);
	free(a);
}

void late_answer_end(struct late_answer *a, cJSON *value)
{
	if (a->q)
		control_answer(a->q, value);
	else
		cJSON_Delete(value);
	free_answer(a);
}

void late_answer_fail(struct late_answer *a, const char *code, const char *message)
{
	if (a->q)
		control_fail(a->q, code, message);
	free_answer(a);
}

static void on_durable(void *arg, const struct err *err)
{
	struct late_answer *a = arg;
	cJSON *value = a->value;
	a->value = NULL;
	if (!err->code) {
		late_answer_end(a, value);
		return;
	}
	cJSON_Delete(value);
	late_answer_fail(a, "AuditUnavailable", err->message);
}

void late_answer_when_durable(struct late_answer *a, struct committer *c, cJSON *value)
{
	a->value = value;
	commit_flush(c, on_durable, a);
}

void late_answer_gone(void *arg, struct control_request *q)
{
	struct late_answer *a = control_data(q);
	(void)arg;
	if (a)
		a->q = NULL;
}

void late_answers_forget(struct late_answers *all)
{
	while (all->first) {
		struct late_answer *a = all->first;
		all->first = a->next;
		a->all = NULL;
		a->q = NULL;
	}
}
