#include "cli/owner.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/ask.h"
#include "net/loop.h"

struct asking {
	struct loop *loop;
	struct timer *timer;
	cJSON *answer;
	struct err err;
};

int owner_socket(char out[OWNER_PATH_MAX], const struct config *c, struct err *err)
{
	int n = snprintf(out, OWNER_PATH_MAX, "%s/control.sock", c->state_dir);
	if (n < 0 || n >= OWNER_PATH_MAX)
		return err_set(err, ERR_INVALID, "[host] state_dir is too long");
	return 0;
}

static void on_end(void *arg, const cJSON *answer, const struct err *err)
{
	struct asking *a = arg;
	if (err)
		a->err = *err;
	else if (!(a->answer = cJSON_Duplicate(answer, true)))
		(void)err_set(&a->err, ERR_NOMEM, "no memory for the answer");
	loop_quit(a->loop);
}

static void on_silence(void *arg)
{
	struct asking *a = arg;
	a->timer = NULL;
	(void)err_set(&a->err, ERR_TIMEOUT, "no answer");
	loop_quit(a->loop);
}

static int ask_and_wait(struct asking *a, const char *path, const cJSON *request, int64_t wait_ms)
{
	static const struct ask_events events = { NULL, on_end };
	struct ask *ask = NULL;
	if (ask_start(&ask, a->loop, path, request, &events, a, &a->err) < 0)
		return 1;
	a->timer = timer_start(a->loop, wait_ms, on_silence, a);
	loop_run(a->loop);
	timer_stop(a->timer);
	if (a->err.code == ERR_TIMEOUT)
		(void)err_set(
		    &a->err, ERR_TIMEOUT,
		    "the process that owns the state directory (pid %jd) does not answer: "
		    "is it stopped? 'kill -CONT %jd' lets it go on",
		    (intmax_t)ask_pid(ask), (intmax_t)ask_pid(ask));
	ask_free(ask);
	return a->err.code ? -(int)a->err.code : 0;
}

int owner_ask(const struct config *c, const cJSON *request, int64_t wait_ms, cJSON **answer,
	      struct err *err)
{
	struct asking a = { 0 };
	char path[OWNER_PATH_MAX];
	int rc = owner_socket(path, c, err);
	if (rc == 0)
		rc = loop_new(&a.loop, err);
	if (rc < 0)
		return rc;
	rc = ask_and_wait(&a, path, request, wait_ms);
	loop_free(a.loop);
	*answer = a.answer;
	if (rc < 0 && err)
		*err = a.err;
	return rc;
}
