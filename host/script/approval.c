#include "script/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { ERROR_MAX = 64 * 1024 };

static bool copy(char **out, const char *s)
{
	*out = s ? strdup(s) : NULL;
	return !s || *out;
}

struct approval *approval_new(const struct approval_row *row)
{
	struct approval *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->needed = row->needed;
	a->expires_ms = row->expires_ms > 0 ? row->expires_ms : INT64_MAX;
	if (copy(&a->path, row->path) && copy(&a->subject, row->subject) &&
	    copy(&a->details, row->details))
		return a;
	approval_free(a);
	return NULL;
}

static void clear_vote(struct vote *v)
{
	free(v->voter);
	free(v->by);
	free(v->comment);
}

void approval_free(struct approval *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_votes; i++)
		clear_vote(&a->votes[i]);
	free(a->votes);
	free(a->path);
	free(a->subject);
	free(a->details);
	free(a->operation);
	buf_clear(&a->end);
	free(a);
}

bool approval_name(struct approval *a, const char *operation, const char *hash)
{
	(void)snprintf(a->hash, sizeof(a->hash), "%s", hash);
	free(a->operation);
	return copy(&a->operation, operation);
}

/* The vote of that person, a new one if need be; NULL: no memory. */
static struct vote *vote_of(struct approval *a, const char *voter)
{
	for (size_t i = 0; i < a->n_votes; i++)
		if (strcmp(a->votes[i].voter, voter) == 0)
			return &a->votes[i];
	size_t n = (a->n_votes + 1) * sizeof(struct vote);
	struct vote *more = realloc(a->votes, n);
	char *name = strdup(voter);
	if (more)
		a->votes = more;
	if (!more || !name) {
		free(name);
		return NULL;
	}
	more[a->n_votes] = (struct vote){ .voter = name };
	return &more[a->n_votes++];
}

bool approval_vote(struct approval *a, const struct vote_row *row)
{
	struct vote *v = vote_of(a, row->voter);
	if (!v)
		return false;
	free(v->by);
	free(v->comment);
	v->by = v->comment = NULL;
	v->approve = row->approve;
	return copy(&v->by, row->by) && copy(&v->comment, row->comment);
}

enum approval_state approval_state(const struct approval *a, int64_t now_ms)
{
	int given = 0;
	for (size_t i = 0; i < a->n_votes; i++) {
		if (!a->votes[i].approve)
			return APPROVAL_DENIED;
		given++;
	}
	if (given >= a->needed)
		return APPROVAL_GIVEN;
	return now_ms >= a->expires_ms ? APPROVAL_EXPIRED : APPROVAL_OPEN;
}

bool approval_is_asker(const char *actor, const char *voter)
{
	static const char *const names[] = { "user", "loginUser",    "sudoUser",
					     "name", "verifiedUser", NULL };
	cJSON *v = json_parse(bytes_str(actor), NULL);
	bool is = false;
	for (const char *const *n = names; *n && !is; n++) {
		const char *name = json_get_str(v, *n);
		is = name && strcmp(name, voter) == 0;
	}
	cJSON_Delete(v);
	return is;
}

void approval_answer(const struct approval *a, struct buf *answer)
{
	buf_adds(answer, "{\"approvedBy\":[");
	for (size_t i = 0; i < a->n_votes; i++) {
		buf_adds(answer, i ? "," : "");
		json_write_string(answer, bytes_str(a->votes[i].voter));
	}
	buf_adds(answer, "]}");
}

void approval_error(const struct approval *a, enum approval_state state, struct buf *error)
{
	const struct vote *no = NULL;
	struct buf message = BUF_INIT(ERROR_MAX);
	for (size_t i = 0; i < a->n_votes && state == APPROVAL_DENIED; i++)
		no = a->votes[i].approve ? no : &a->votes[i];
	if (no)
		buf_addf(&message, "%s rejected it%s%s", no->voter, no->comment ? ": " : "",
			 no->comment ? no->comment : "");
	else
		buf_addf(&message, "%zu of %d people approved it in time", a->n_votes, a->needed);
	buf_addf(error, "{\"code\":\"%s\",\"message\":", no ? "ApprovalDenied" : "ApprovalExpired");
	json_write_string(error, buf_bytes(&message));
	buf_adds(error, ",\"retryable\":false,\"extra\":{\"subject\":");
	json_write_string(error, bytes_str(a->subject));
	if (no) {
		buf_adds(error, ",\"voter\":");
		json_write_string(error, bytes_str(no->voter));
	}
	buf_adds(error, "}}");
	buf_clear(&message);
}
