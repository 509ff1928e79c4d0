#include "sfn/inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "sfn/ops.h"

enum { QUESTION_MAX = 4096, TEXT_MAX = 1 << 16 };

struct inquiry {
	struct inquiry_spec spec;
	struct host_call question; /* what the read is told */
	struct host_call *host_call;
	struct buf args;
	int64_t begun_ms;
	bool reconciles; /* else it prepares */
};

static const struct host_api *api_of(const struct inquiry *q)
{
	return q->spec.client->spec.api;
}

/* ---- the end ---- */

static void end(struct inquiry *q, const struct call_result *result)
{
	struct host_call *host_call = q->host_call;
	host_call->plugin = NULL;
	api_of(q)->call_done(api_of(q)->host, host_call, result);
}

static void end_with_baseline(struct inquiry *q, const struct call_result *read,
			      const cJSON *answer)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	struct call_result result = *read;
	cJSON *kept = subject_keep(answer, q->spec.subject->baseline);
	if (kept)
		json_write(&text, kept);
	else
		buf_adds(&text, "{}");
	cJSON_Delete(kept);
	result.answer = buf_bytes(&text);
	end(q, &result);
	buf_clear(&text);
}

/* What the verdict rests on, beside the identity that the read was made with. */
static void write_context(struct buf *out, const struct inquiry *q, const struct findings *f,
			  struct bytes identity)
{
	cJSON *context = identity.n > 0 ? json_parse(identity, NULL) : NULL;
	cJSON *evidence = subject_keep(f->now, q->spec.subject->evidence);
	if (!context)
		context = cJSON_CreateObject();
	if (!context || !evidence || !cJSON_AddItemToObject(context, "evidence", evidence)) {
		cJSON_Delete(evidence);
		cJSON_Delete(context);
		return;
	}
	if (f->baseline)
		(void)cJSON_AddItemToObject(evidence, "baseline",
					    cJSON_Duplicate(f->baseline, true));
	json_set_int(evidence, "intentMs", f->intent_ms);
	json_set_int(evidence, "sentUntilMs", f->sent_until_ms);
	json_set_int(evidence, "skewMs", f->skew_ms);
	json_write(out, context);
	cJSON_Delete(context);
}

static void end_with_verdict(struct inquiry *q, const struct call_result *read,
			     const struct findings *f)
{
	struct buf answer = BUF_INIT(TEXT_MAX), context = BUF_INIT(TEXT_MAX);
	struct judgement j = { .verdict = VERDICT_UNKNOWN };
	q->spec.subject->judge(&j, f);
	if (j.answer)
		json_write(&answer, j.answer);
	cJSON_Delete(j.answer);
	write_context(&context, q, f, read->context);
	const struct call_result result = {
		.answer = buf_bytes(&answer),
		.message = j.why,
		.status = read->status,
		.request_id = read->request_id,
		.attempts = read->attempts,
		.context = buf_bytes(&context),
		.retryable = j.early,
		.verdict = j.verdict,
	};
	end(q, &result);
	buf_clear(&context);
	buf_clear(&answer);
}

static void reconcile_done(struct inquiry *q, const struct call_result *read, const cJSON *now)
{
	const struct host_call *h = q->host_call;
	cJSON *args = json_parse(h->args, NULL);
	cJSON *baseline = h->baseline.n > 0 ? json_parse(h->baseline, NULL) : NULL;
	const struct findings f = {
		.args = args,
		.baseline = cJSON_IsObject(baseline) ? baseline : NULL,
		.now = now,
		.intent_ms = h->intent_ms,
		.sent_until_ms = h->sent_until_ms,
		.skew_ms = h->skew_ms,
		.asked_ms = q->begun_ms,
	};
	end_with_verdict(q, read, &f);
	cJSON_Delete(baseline);
	cJSON_Delete(args);
}

static void on_read(void *arg, const struct call_result *read)
{
	struct inquiry *q = arg;
	bool missing = read->code && strcmp(read->code, q->spec.subject->missing) == 0;
	if (read->code && !(missing && q->reconciles)) {
		end(q, read);
		return;
	}
	cJSON *answer = missing ? NULL : json_parse(read->answer, NULL);
	if (q->reconciles)
		reconcile_done(q, read, answer);
	else
		end_with_baseline(q, read, answer);
	cJSON_Delete(answer);
}

static void on_gone(void *arg)
{
	struct inquiry *q = arg;
	buf_clear(&q->args);
	free(q);
}

/* ---- the beginning ---- */

/* Arguments that no question can be made of are left empty: the service then says what is wrong. */
static void write_question(struct inquiry *q)
{
	cJSON *question = cJSON_CreateObject(), *args = json_parse(q->host_call->args, NULL);
	if (question && args && q->spec.subject->ask(question, args))
		json_write(&q->args, question);
	else
		buf_adds(&q->args, "{}");
	cJSON_Delete(args);
	cJSON_Delete(question);
}

static void begin(const struct inquiry_spec *spec, struct host_call *host_call, bool reconciles)
{
	struct inquiry *q = calloc(1, sizeof(*q));
	INVARIANT(q); /* as in call_start */
	*q = (struct inquiry){
		.spec = *spec,
		.host_call = host_call,
		.args = BUF_INIT(QUESTION_MAX),
		.reconciles = reconciles,
	};
	q->begun_ms = api_of(q)->now_ms(api_of(q)->host);
	write_question(q);
	q->question = (struct host_call){
		.args = buf_bytes(&q->args),
		.deadline_ms = host_call->deadline_ms,
		.not_after_ms = host_call->not_after_ms,
	};
	const struct call_spec call = {
		.client = spec->client,
		.op = sfn_op_by_wire_name(spec->subject->question),
		.list = spec->list,
		.done = on_read,
		.gone = on_gone,
		.arg = q,
	};
	call_start(&call, &q->question);
	host_call->plugin = q->question.plugin;
}

void inquiry_prepare(const struct inquiry_spec *spec, struct host_call *host_call)
{
	begin(spec, host_call, false);
}

void inquiry_reconcile(const struct inquiry_spec *spec, struct host_call *host_call)
{
	begin(spec, host_call, true);
}
