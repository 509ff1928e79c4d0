/*
 * tally.h - what the rules know of one run: the policy in its header, how often it has called what,
 * and the last answer of each read, for the operator's own rules. No Lua.
 *
 * A run that is carried on by another process calls the same steps again; tally_count and
 * tally_answered are told of the recorded ones too, so that they end up as they were.
 */
#ifndef SCRIPT_TALLY_H
#define SCRIPT_TALLY_H

#include "base/bytes.h"
#include "plugin_api.h"
#include "script/policy.h"
#include "script/registry.h"

enum { TALLY_ANSWER_MAX = 256 * 1024 }; /* a longer answer is kept as null */

struct tally_calls {
	const struct registered_op *op;
	char *resource, *group; /* "": none */
	int calls;
};

struct tally_answer {
	const struct registered_op *op;
	char *json;
};

struct tally {
	struct policy *header; /* NULL: none */
	struct tally_calls *calls;
	size_t n_calls;
	struct tally_answer *answers;
	size_t n_answers;
};

void tally_clear(struct tally *t);

/* -ERR_NOMEM */
NODISCARD int tally_count(struct tally *t, const struct registered_op *op, const char *resource,
			  const char *group);

/* Calls so far of operations that match the pattern, on the resource or group; NULL: on any. */
int tally_calls(const struct tally *t, const char *operations, const char *resource,
		const char *group);

/* Remember the answer of a read as the last one of its operation. */
void tally_answered(struct tally *t, const struct registered_op *op, const cJSON *answer);

/* Append {"sfn.describe_map_run":{...},...} */
void tally_write_answers(const struct tally *t, struct buf *out);

#endif
