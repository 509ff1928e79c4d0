#include "script/rules.h"

#include <stdlib.h>
#include <string.h>

/* -1: any number. */
static int limit_of(const struct run *r, const struct registered_op *op)
{
	for (size_t i = 0; i < r->n_rules; i++)
		if (strcmp(r->rules[i].operation, op->full_name) == 0)
			return r->rules[i].max_calls;
	return op->op->max_calls > 0 ? op->op->max_calls : -1;
}

static struct run_count *count_of(struct run *r, const struct registered_op *op)
{
	for (size_t i = 0; i < r->n_counts; i++)
		if (r->counts[i].op == op)
			return &r->counts[i];
	struct run_count *grown = realloc(r->counts, (r->n_counts + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->counts = grown;
	grown[r->n_counts] = (struct run_count){ .op = op };
	return &grown[r->n_counts++];
}

int rules_admit(struct run *r, const struct registered_op *op, struct err *err)
{
	struct run_count *count = count_of(r, op);
	int limit = limit_of(r, op);
	if (!count)
		return err_set(err, ERR_LIMIT, "no memory to count the calls of the run");
	if (limit >= 0 && count->calls >= limit)
		return err_set(
		    err, ERR_LIMIT,
		    "a run may call it %d time%s; `[rules] %s = %d` in the configuration "
		    "allows more",
		    limit, limit == 1 ? "" : "s", op->full_name, count->calls + 1);
	count->calls++;
	return 0;
}
