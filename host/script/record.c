#include "script/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "script/json_lua.h"
#include "script/observe.h"

enum {
	MEMBERS_MAX = 900 * 1024, /* a line of the log is at most 1 MiB */
	VALUE_MAX = 256 * 1024,   /* more of arguments or facts is recorded as size and hash */
	TEXT_MAX = 8 * 1024,
};

/* ---- members ---- */

static void add_name(struct buf *b, const char *name)
{
	if (b->n > 0)
		buf_adds(b, ",");
	buf_addf(b, "\"%s\":", name);
}

static void add_text(struct buf *b, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	add_name(b, name);
	json_write_string(b, (struct bytes){ text, strnlen(text, TEXT_MAX) });
}

static void add_int(struct buf *b, const char *name, int64_t n)
{
	add_name(b, name);
	buf_addf(b, "%" PRId64, n);
}

static void add_digest(struct buf *b, const char *name, const char *size_name, struct bytes data)
{
	uint8_t hash[SHA256_LEN];
	char hex[SHA256_HEX + 1] = "";
	if (sha256(hash, data) == 0)
		hex_lower(hex, hash, sizeof(hash));
	add_name(b, name);
	buf_addf(b, "{\"%s\":%zu,\"sha256\":\"%s\"}", size_name, data.n, hex);
}

static void add_tree(struct buf *b, const char *name, const cJSON *v)
{
	struct buf text = BUF_INIT(JSON_TEXT_MAX);
	json_write(&text, v);
	if (text.n > VALUE_MAX) {
		add_digest(b, name, "omitted", buf_bytes(&text));
	} else {
		add_name(b, name);
		buf_add(b, text.p, text.n);
	}
	buf_clear(&text);
}

/* The members of an object beside ours. */
static void merge(struct buf *b, const cJSON *obj)
{
	static const char *const ours[] = { "v",       "seq",       "time",   "host",    "pid",
					    "kind",    "prev",      "sum",    "run",     "step",
					    "attempt", "operation", "intent", "outcome", NULL };
	for (const cJSON *c = cJSON_IsObject(obj) ? obj->child : NULL; c; c = c->next) {
		bool taken = false;
		for (const char *const *o = ours; *o; o++)
			taken = taken || strcmp(*o, c->string) == 0;
		if (taken)
			continue;
		if (b->n > 0)
			buf_adds(b, ",");
		json_write_string(b, bytes_str(c->string));
		buf_adds(b, ":");
		json_write(b, c);
	}
}

/* step: its path, or NULL. */
static void add_run(struct buf *b, const struct run *r, const char *step)
{
	add_text(b, "run", r->facts.id);
	add_text(b, "step", step);
	add_int(b, "attempt", r->facts.attempt);
}

static void add_origin(struct buf *b, const struct run *r)
{
	add_name(b, "actor");
	buf_adds(b, r->facts.actor);
	add_text(b, "reason", r->facts.reason);
	add_name(b, "runbook");
	buf_adds(b, "{");
	struct buf inner = BUF_INIT(2 * (size_t)TEXT_MAX);
	add_text(&inner, "path", r->facts.path);
	add_text(&inner, "sha256", r->facts.sha256);
	buf_add(b, inner.p, inner.n);
	buf_clear(&inner);
	buf_adds(b, "}");
	add_text(b, "config", r->facts.config);
}

/* ---- redaction ---- */

static cJSON *redacted_value(const cJSON *v, const struct committer *log)
{
	struct buf text = BUF_INIT(JSON_TEXT_MAX), out = BUF_INIT(256);
	json_write(&text, v);
	/* Of a string its bytes, without quotes and escapes. */
	struct bytes value = cJSON_IsString(v) ? bytes_str(v->valuestring) : buf_bytes(&text);
	if (log)
		commit_redact(log, &out, value);
	else
		buf_addf(&out, "{\"redacted\":%zu}", value.n);
	cJSON *tree = out.err ? NULL : json_parse(buf_bytes(&out), NULL);
	buf_clear(&text);
	buf_clear(&out);
	return tree;
}

static cJSON *redact(const cJSON *v, const struct member *m, const struct committer *log)
{
	if (!m || (m->flags & MEMBER_SENSITIVE))
		return redacted_value(v, log);
	if (cJSON_IsObject(v) && m->type == MEMBER_OBJECT && m->members)
		return record_redacted(v, m->members, log);
	if (!(cJSON_IsArray(v) || cJSON_IsObject(v)) || !m->members)
		return cJSON_Duplicate(v, true);
	bool list = cJSON_IsArray(v);
	cJSON *out = list ? cJSON_CreateArray() : cJSON_CreateObject();
	for (const cJSON *c = v->child; c && out; c = c->next) {
		cJSON *copy = redact(c, &m->members[0], log);
		if (list)
			(void)cJSON_AddItemToArray(out, copy);
		else
			(void)cJSON_AddItemToObject(out, c->string, copy);
	}
	return out;
}

cJSON *record_redacted(const cJSON *v, const struct member *members, const struct committer *log)
{
	cJSON *out = cJSON_CreateObject();
	for (const cJSON *c = cJSON_IsObject(v) ? v->child : NULL; c && out; c = c->next)
		(void)cJSON_AddItemToObject(out, c->string,
					    redact(c, member_find(members, c->string), log));
	return out;
}

static bool is_sensitive(const struct member *m)
{
	if (m->flags & MEMBER_SENSITIVE)
		return true;
	if (m->type == MEMBER_LIST || m->type == MEMBER_MAP)
		return m->members && is_sensitive(&m->members[0]);
	return m->type == MEMBER_OBJECT && record_has_sensitive(m->members);
}

bool record_has_sensitive(const struct member *members)
{
	for (const struct member *m = members; m && m->name; m++)
		if (is_sensitive(m))
			return true;
	return false;
}

/* The answer members that are declared as key facts. */
static cJSON *facts_of(const cJSON *answer, const struct member *members,
		       const struct committer *log)
{
	cJSON *out = cJSON_CreateObject();
	for (const struct member *m = members; m && m->name && out; m++) {
		const cJSON *v = json_get(answer, m->name);
		if (v && (m->flags & MEMBER_RECORDED))
			(void)cJSON_AddItemToObject(out, m->name, redact(v, m, log));
	}
	return out;
}

/* ---- runs ---- */

typedef uint64_t commit_fn(struct committer *c, const char *kind, struct bytes members,
			   commit_done_fn *done, void *arg);

static uint64_t append(const struct run *r, const char *kind, struct buf *b, commit_fn *commit,
		       commit_done_fn *done, void *arg)
{
	/* Every part is capped below the line's limit: only memory can be missing. */
	if (b->err) {
		buf_clear(b);
		buf_adds(b, "\"lost\":\"not enough memory to write this record\"");
	}
	uint64_t seq = r->check ? 0 : commit(r->runs->committer, kind, buf_bytes(b), done, arg);
	buf_clear(b);
	return seq;
}

void record_run_start(const struct run *r, const char *kind)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, r, NULL);
	add_origin(&b, r);
	add_digest(&b, "input", "bytes", bytes_str(r->facts.input));
	add_name(&b, "dryRun");
	buf_adds(&b, r->dry_run ? "true" : "false");
	(void)append(r, kind, &b, commit_append, NULL, NULL);
}

void record_module(const struct run *r, const char *name, const char *path, struct bytes source)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	uint8_t hash[SHA256_LEN];
	char hex[SHA256_HEX + 1] = "";
	if (sha256(hash, source) == 0)
		hex_lower(hex, hash, sizeof(hash));
	add_run(&b, r, NULL);
	add_text(&b, "module", name);
	add_text(&b, "path", path);
	add_text(&b, "sha256", hex);
	(void)append(r, "run.module", &b, commit_append, NULL, NULL);
}

void record_run_end(const struct run *r, const struct run_end *end)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, r, NULL);
	add_text(&b, "outcome", run_outcome_name(end->outcome));
	add_text(&b, "message", end->message);
	add_int(&b, "steps", r->steps);
	add_int(&b, "resultBytes", (int64_t)end->result.n);
	if (end->n_unknown > 0)
		add_int(&b, "unknown", (int64_t)end->n_unknown);
	(void)append(r, "run.end", &b, commit_append, NULL, NULL);
}

/* ---- calls ---- */

static void add_operation(struct buf *b, const struct call *c)
{
	const struct plugin *p = c->op->plugin;
	struct buf inner = BUF_INIT(TEXT_MAX);
	add_text(&inner, "name", p ? p->name : c->op->ns);
	add_text(&inner, "version", p ? p->version : NULL);
	add_name(b, "plugin");
	buf_addf(b, "{%s}", buf_cstr(&inner));
	buf_clear(&inner);
	add_text(b, "operation", c->op->full_name);
	add_name(b, "mutates");
	buf_adds(b, call_changes(c) ? "true" : "false");
}

static void add_context(struct buf *b, const struct call *c)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	if (c->op->op->context && c->args_text)
		c->op->op->context(c->op->state, bytes_str(c->args_text), &text);
	cJSON *v = text.n > 0 && !text.err ? json_parse(buf_bytes(&text), NULL) : NULL;
	merge(b, v);
	cJSON_Delete(v);
	buf_clear(&text);
}

static void add_arguments(struct buf *b, const struct call *c)
{
	const struct operation *op = c->op->op;
	cJSON *args = record_redacted(c->args, op->members, c->run->runs->committer);
	if (op->resource && !json_get(json_get(args, op->resource), "redacted"))
		add_text(b, "resource", json_get_str(args, op->resource));
	if (args)
		add_tree(b, "args", args);
	cJSON_Delete(args);
	add_text(b, "token", c->token);
}

static void add_past(struct buf *b, const struct call *c, const char *name)
{
	add_name(b, name);
	buf_adds(b, "{\"segment\":");
	json_write_string(b, bytes_str(c->past->segment ? c->past->segment : ""));
	buf_addf(b, ",\"intent\":%" PRIu64 "}", c->past->intent);
}

/* A read that is made on behalf of a changing call. */
static void add_inquiry(struct buf *b, const struct call *c)
{
	const char *resource = c->op->op->resource;
	add_run(b, c->run, c->path);
	add_text(b, "operation", c->op->full_name);
	add_context(b, c);
	add_text(b, "resource", resource ? json_get_str(c->args, resource) : NULL);
}

void record_prepare(struct call *c, commit_done_fn *done)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_inquiry(&b, c);
	(void)append(c->run, "call.prepare", &b, commit_append_written, done, c);
}

void record_look(struct call *c, commit_done_fn *done)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_inquiry(&b, c);
	add_past(&b, c, "about");
	(void)append(c->run, "call.look", &b, commit_append_written, done, c);
}

/* Its row goes with it: who recovers the log must know that it was not sent without one. */
static void add_journalled(struct buf *b, const struct call *c)
{
	if (!c->begun || !c->runs->store_path)
		return;
	add_name(b, "journalled");
	buf_adds(b, "true");
}

uint64_t record_intent(struct call *c, commit_done_fn *done)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, c->run, c->path);
	add_origin(&b, c->run);
	add_operation(&b, c);
	add_context(&b, c);
	add_arguments(&b, c);
	if (c->baseline) {
		add_name(&b, "baseline");
		buf_adds(&b, c->baseline);
	}
	add_journalled(&b, c);
	if (c->past)
		add_past(&b, c, c->past->replaces ? "replaces" : "resends");
	return append(c->run, "call.intent", &b,
		      call_changes(c) ? commit_append : commit_append_written, done, c);
}

/* What is known of its answer. */
static void add_end(struct buf *b, const struct call *c)
{
	const struct call_end *e = &c->end;
	add_text(b, "code", e->code);
	add_text(b, "message", e->message);
	cJSON *facts = e->answer && !e->code
			   ? facts_of(e->answer, c->op->op->answer, c->run->runs->committer)
			   : NULL;
	if (facts && facts->child && e->outcome != CALL_DRY_RUN)
		add_tree(b, "facts", facts);
	cJSON_Delete(facts);
	if (json_get_bool(e->answer, "replayed", false)) {
		add_name(b, "replayed");
		buf_adds(b, "true");
	}
	merge(b, e->context);
}

void record_settle(struct call *c, const char *outcome, commit_done_fn *done)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, c->run, c->path);
	add_text(&b, "operation", c->op->full_name);
	add_past(&b, c, "about");
	add_text(&b, "outcome", outcome);
	add_end(&b, c);
	add_text(&b, "requestId", c->end.request_id);
	(void)append(c->run, "call.settle", &b, commit_append, done, c);
}

void record_outcome(struct call *c, commit_done_fn *done)
{
	const struct call_end *e = &c->end;
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, c->run, c->path);
	add_text(&b, "operation", c->op->full_name);
	add_int(&b, "intent", (int64_t)c->intent);
	add_text(&b, "outcome", call_outcome_name(e->outcome));
	add_end(&b, c);
	add_text(&b, "requestId", e->request_id);
	if (e->attempts > 0)
		add_int(&b, "attempts", e->attempts);
	if (e->status > 0)
		add_int(&b, "status", e->status);
	if (c->started_us > 0)
		add_int(&b, "latencyUs", e->latency_us);
	(void)append(c->run, "call.outcome", &b, commit_append, done, c);
	observe_call_ended(c);
}

/* ---- approvals ---- */

void record_approval(const struct branch *br, const struct approval *a)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, br->run, br->path);
	add_origin(&b, br->run);
	add_text(&b, "subject", a->subject);
	add_name(&b, "details");
	buf_adds(&b, a->details);
	add_int(&b, "needed", a->needed);
	if (a->expires_ms != INT64_MAX)
		add_int(&b, "expiresMs", a->expires_ms);
	(void)append(br->run, "approval.asked", &b, commit_append, NULL, NULL);
}

void record_decided(const struct branch *br, const struct approval *a, enum approval_state state)
{
	static const char *const names[] = { [APPROVAL_OPEN] = "open",
					     [APPROVAL_GIVEN] = "approved",
					     [APPROVAL_DENIED] = "rejected",
					     [APPROVAL_EXPIRED] = "expired" };
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_run(&b, br->run, br->path);
	add_text(&b, "subject", a->subject);
	add_text(&b, "decision", names[state]);
	add_int(&b, "needed", a->needed);
	add_name(&b, "votes");
	buf_adds(&b, "[");
	for (size_t i = 0; i < a->n_votes; i++) {
		struct buf vote = BUF_INIT(4 * (size_t)TEXT_MAX);
		add_text(&vote, "voter", a->votes[i].voter);
		add_text(&vote, "by", a->votes[i].by);
		add_name(&vote, "approve");
		buf_adds(&vote, a->votes[i].approve ? "true" : "false");
		add_text(&vote, "comment", a->votes[i].comment);
		buf_addf(&b, "%s{%s}", i ? "," : "", buf_cstr(&vote));
		buf_clear(&vote);
	}
	buf_adds(&b, "]");
	(void)append(br->run, "approval.decided", &b, commit_append, NULL, NULL);
}

void record_vote(struct runs *runs, const struct vote_row *v, const char *subject,
		 commit_done_fn *done, void *arg)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	add_text(&b, "run", v->run);
	add_text(&b, "step", v->path);
	add_int(&b, "attempt", v->attempt);
	add_text(&b, "subject", subject);
	add_text(&b, "voter", v->voter);
	add_text(&b, "by", v->by);
	add_name(&b, "approve");
	buf_adds(&b, v->approve ? "true" : "false");
	add_text(&b, "comment", v->comment);
	(void)commit_append(runs->committer, "approval.vote", buf_bytes(&b), done, arg);
	buf_clear(&b);
}
