#include "script/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/json.h"

void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->n_calls; i++) {
		free(t->calls[i].resource);
		free(t->calls[i].group);
	}
	for (size_t i = 0; i < t->n_answers; i++)
		free(t->answers[i].json);
	free(t->calls);
	free(t->answers);
	policy_free(t->header);
	*t = (struct tally){ 0 };
}

/* ---- calls ---- */

static int add_calls(struct tally *t, const struct tally_calls *c)
{
	struct tally_calls *wider = realloc(t->calls, (t->n_calls + 1) * sizeof(*wider));
	if (wider)
		t->calls = wider;
	if (!wider || !c->resource || !c->group) {
		free(c->resource);
		free(c->group);
		return -ERR_NOMEM;
	}
	t->calls[t->n_calls++] = *c;
	return 0;
}

int tally_count(struct tally *t, const struct registered_op *op, const char *resource,
		const char *group)
{
	for (size_t i = 0; i < t->n_calls; i++) {
		struct tally_calls *c = &t->calls[i];
		if (c->op == op && strcmp(c->resource, resource) == 0) {
			c->calls++;
			return 0;
		}
	}
	return add_calls(t, &(struct tally_calls){ op, strdup(resource), strdup(group), 1 });
}

int tally_calls(const struct tally *t, const char *operations, const char *resource,
		const char *group)
{
	int n = 0;
	for (size_t i = 0; i < t->n_calls; i++) {
		const struct tally_calls *c = &t->calls[i];
		if ((!resource || strcmp(c->resource, resource) == 0) &&
		    (!group || strcmp(c->group, group) == 0) &&
		    glob_match(operations, c->op->full_name))
			n += c->calls;
	}
	return n;
}

/* ---- answers ---- */

static struct tally_answer *answer_of(struct tally *t, const struct registered_op *op)
{
	for (size_t i = 0; i < t->n_answers; i++)
		if (t->answers[i].op == op)
			return &t->answers[i];
	struct tally_answer *wider = realloc(t->answers, (t->n_answers + 1) * sizeof(*wider));
	if (!wider)
		return NULL;
	t->answers = wider;
	wider[t->n_answers] = (struct tally_answer){ .op = op };
	return &wider[t->n_answers++];
}

void tally_answered(struct tally *t, const struct registered_op *op, const cJSON *answer)
{
	struct tally_answer *a = answer_of(t, op);
	struct buf text = BUF_INIT(TALLY_ANSWER_MAX);
	if (!a)
		return;
	json_write(&text, answer);
	free(a->json);
	a->json = text.err ? NULL : text.p;
	if (text.err)
		buf_clear(&text);
}

void tally_write_answers(const struct tally *t, struct buf *out)
{
	buf_adds(out, "{");
	for (size_t i = 0; i < t->n_answers; i++) {
		const struct tally_answer *a = &t->answers[i];
		buf_adds(out, i ? "," : "");
		json_write_string(out, bytes_str(a->op->full_name));
		buf_addf(out, ":%s", a->json ? a->json : "null");
	}
	buf_adds(out, "}");
}
