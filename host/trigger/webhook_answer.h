/*
 * webhook_answer.h - what a sender is told, and when: once all of it is durable, and once the run is over
 * where he waits for that. For webhook*.c only.
 */
#ifndef TRIGGER_WEBHOOK_ANSWER_H
#define TRIGGER_WEBHOOK_ANSWER_H

#include "trigger/webhook.h"

struct waiting_answer; /* one that is still to be given */

struct webhook_answers {
	const struct webhook_spec *spec; /* own copy, without hooks */
	struct waiting_answer *waiting;
	char *key;
	char *base_url; /* NULL: by what the sender calls us */
	bool tls;
};

/* JSON text. extra: one more header, or NULL. */
void webhook_answer(struct http_exchange *x, int status, const struct http_header *extra,
		    struct bytes body);

/* {"MEMBER":TEXT} */
void webhook_say(struct http_exchange *x, int status, const char *member, const char *text);

void webhook_say_failed(struct http_exchange *x); /* 500 */
void webhook_say_busy(struct http_exchange *x);   /* 503 */

/* Tell what became of a delivery. wait_ms: how long the sender waits for the end of its run. */
void webhook_tell(struct webhook_answers *a, struct http_exchange *x, const char *hook_path,
		  const struct http_received *req, const struct webhook_fate *fate,
		  int64_t wait_ms);

/* Tell how a run is, at the latest after wait_ms. */
void webhook_tell_state(struct webhook_answers *a, struct http_exchange *x, const char *run,
			int64_t wait_ms);

/* The sender has left. False: nothing was to be told here. */
bool webhook_answers_gone(struct webhook_answers *a, const struct http_exchange *x);

/* The server has gone, with every exchange. */
void webhook_answers_stop(struct webhook_answers *a);

#endif
