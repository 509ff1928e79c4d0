#include "audit/intents.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Copied from an intent into an outcome that is written in its writer's place. */
static const char *const naming[] = { "run",       "attempt",  "step", "namespace",
				      "operation", "resource", "token" };

static const char *const outcomes[] = { "ok",      "error",   "unknown", "refused",
					"invalid", "dry_run", "not_sent" };

void intents_clear(struct intents *in)
{
	for (size_t i = 0; i < in->n; i++)
		free(in->v[i].members);
	free(in->v);
	*in = INTENTS_INIT(in->keep);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "no memory for the list of open calls");
}

/* Drop the settled ones; worth it when they are the majority, so a step costs little on average. */
static void compact(struct intents *in)
{
	size_t kept = 0;
	for (size_t i = 0; i < in->n; i++) {
		if (!in->v[i].settled)
			in->v[kept++] = in->v[i];
	}
	in->n = kept;
	in->n_settled = 0;
}

static char *naming_members(const cJSON *tree)
{
	struct buf b = BUF_INIT(RECORD_LINE_MAX);
	for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++) {
		const cJSON *v = json_get(tree, naming[i]);
		if (!v)
			continue;
		buf_addf(&b, ",\"%s\":", naming[i]);
		json_write(&b, v);
	}
	char *text = b.err ? NULL : strdup(buf_cstr(&b));
	buf_clear(&b);
	return text;
}

static struct intent *push(struct intents *in, uint64_t seq, struct err *err)
{
	if (in->n == in->cap) {
		size_t cap = in->cap ? in->cap * 2 : 16;
		struct intent *v = realloc(in->v, cap * sizeof(*v));
		if (!v) {
			(void)no_memory(err);
			return NULL;
		}
		in->v = v;
		in->cap = cap;
	}
	in->v[in->n] = (struct intent){ .seq = seq };
	return &in->v[in->n++];
}

static int on_intent(struct intents *in, const struct record *r, struct err *err)
{
	struct intent *intent = push(in, r->head.seq, err);
	if (!intent)
		return -ERR_NOMEM;
	in->seen++;
	if (!in->keep)
		return 0;
	intent->journalled = cJSON_IsTrue(json_get(r->tree, "journalled"));
	intent->members = naming_members(r->tree);
	return intent->members ? 0 : no_memory(err);
}

static struct intent *find_open(const struct intents *in, int64_t seq)
{
	size_t low = 0, high = in->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if ((int64_t)in->v[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == in->n || (int64_t)in->v[low].seq != seq || in->v[low].settled)
		return NULL;
	return &in->v[low];
}

static bool is_outcome(const char *name)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (strcmp(outcomes[i], name) == 0)
			return true;
	}
	return false;
}

static void settle(struct intents *in, struct intent *intent)
{
	free(intent->members);
	intent->members = NULL;
	intent->settled = true;
	in->n_settled++;
}

static int settle_outcome(struct intents *in, int64_t seq, const char *outcome, struct err *err)
{
	if (!outcome || !is_outcome(outcome))
		return err_set(err, ERR_INVALID,
			       "an outcome \"%s\" is not one of ok, error, unknown, refused, "
			       "invalid, dry_run, not_sent",
			       outcome ? outcome : "(none)");
	struct intent *intent = find_open(in, seq);
	if (!intent)
		return err_set(err, ERR_INVALID,
			       "an outcome names intent %" PRId64
			       ", which was never recorded here or has its outcome already",
			       seq);
	settle(in, intent);
	in->unknown += strcmp(outcome, "unknown") == 0;
	if (in->n_settled > 16 && in->n_settled > in->n / 2)
		compact(in);
	return 0;
}

char *intents_take_members(struct intents *in, uint64_t seq, bool *journalled)
{
	for (size_t i = 0; i < in->n; i++) {
		if (in->v[i].seq != seq)
			continue;
		char *members = in->v[i].members;
		in->v[i].members = NULL;
		*journalled = in->v[i].journalled;
		return members;
	}
	return NULL;
}

void intents_write(struct buf *out, const struct intents *in)
{
	const char *comma = "";
	buf_adds(out, "[");
	for (size_t i = 0; i < in->n; i++) {
		if (in->v[i].settled)
			continue;
		buf_addf(out, "%s%" PRIu64, comma, in->v[i].seq);
		comma = ",";
	}
	buf_adds(out, "]");
}

/* log.open: the intents that were open when the segment before this one was closed. */
static int on_open(struct intents *in, const struct record *r, struct err *err)
{
	const cJSON *carried = json_get(r->tree, "carried");
	int64_t last = 0, seq;
	for (const cJSON *c = cJSON_IsArray(carried) ? carried->child : NULL; c; c = c->next) {
		if (!json_int_token(c, &seq) || seq <= last || (uint64_t)seq >= r->head.seq)
			return err_set(err, ERR_INVALID,
				       "carried is no list of rising, earlier sequence numbers");
		if (!push(in, (uint64_t)seq, err))
			return -ERR_NOMEM;
		last = seq;
	}
	return 0;
}

/* log.close: these are the next segment's. */
static int on_close(struct intents *in, const struct record *r, struct err *err)
{
	const cJSON *carried = json_get(r->tree, "carried");
	int64_t seq;
	for (const cJSON *c = cJSON_IsArray(carried) ? carried->child : NULL; c; c = c->next) {
		struct intent *intent = json_int_token(c, &seq) ? find_open(in, seq) : NULL;
		if (!intent)
			return err_set(err, ERR_INVALID,
				       "carried names an intent that is not open");
		intent->settled = true; /* here; its names stay, for who looks back */
		in->n_settled++;
	}
	return 0;
}

int intents_follow(struct intents *in, const struct record *r, struct err *err)
{
	if (strcmp(r->head.kind, "call.intent") == 0)
		return on_intent(in, r, err);
	if (strcmp(r->head.kind, "call.outcome") == 0)
		return settle_outcome(in, json_get_int(r->tree, "intent", 0),
				      json_get_str(r->tree, "outcome"), err);
	if (strcmp(r->head.kind, "log.open") == 0)
		return on_open(in, r, err);
	if (strcmp(r->head.kind, "log.close") == 0)
		return on_close(in, r, err);
	return 0;
}

int intents_follow_made(struct intents *in, const char *kind, uint64_t seq, struct bytes members,
			struct err *err)
{
	struct err ignored;
	if (strcmp(kind, "call.intent") == 0) {
		in->seen++;
		return push(in, seq, err) ? 0 : -ERR_NOMEM;
	}
	if (strcmp(kind, "call.outcome") != 0)
		return 0;
	struct buf text = BUF_INIT(RECORD_LINE_MAX);
	buf_adds(&text, "{");
	buf_add(&text, members.p, members.n);
	buf_adds(&text, "}");
	cJSON *v = json_parse(buf_bytes(&text), NULL);
	(void)settle_outcome(in, json_get_int(v, "intent", 0), json_get_str(v, "outcome"),
			     &ignored);
	cJSON_Delete(v);
	buf_clear(&text);
	return 0;
}
