#include "admin/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/peer.h"

struct ask {
	struct peer *peer;
	const struct ask_events *events;
	void *arg;
	bool ended;
};

static void send_tree(struct ask *a, const cJSON *tree)
{
	struct buf line = BUF_INIT(PEER_LINE_MAX);
	json_write(&line, tree);
	if (!line.err)
		peer_send(a->peer, buf_bytes(&line));
	buf_clear(&line);
}

static void end(struct ask *a, const cJSON *answer, const struct err *err)
{
	if (a->ended)
		return;
	a->ended = true;
	a->events->end(a->arg, answer, err); /* may free a */
}

static void end_refused(struct ask *a, const cJSON *why)
{
	struct err err = { 0 };
	const char *code = json_get_str(why, "code"), *message = json_get_str(why, "message");
	(void)err_named(&err, ERR_REMOTE, code ? code : "", "%s", message ? message : "refused");
	end(a, NULL, &err);
}

static void on_line(void *arg, struct bytes text)
{
	struct ask *a = arg;
	cJSON *line = json_parse(text, NULL);
	const cJSON *event = json_get(line, "event"), *answer = json_get(line, "answer");
	if (event && a->events->event && !a->ended)
		a->events->event(a->arg, event);
	else if (answer)
		end(a, answer, NULL);
	else if (!event)
		end_refused(a, json_get(line, "error"));
	cJSON_Delete(line);
}

static void on_closed(void *arg)
{
	struct err err = { 0 };
	(void)err_set(&err, ERR_IO, "the process that owns the state directory has gone");
	end(arg, NULL, &err);
}

int ask_start(struct ask **out, struct loop *l, const char *path, const cJSON *request,
	      const struct ask_events *events, void *arg, struct err *err)
{
	static const struct peer_events heard = { on_line, on_closed };
	struct ask *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "no memory for a request");
	*a = (struct ask){ .events = events, .arg = arg };
	int rc = peer_connect(&a->peer, l, path, &heard, a, err);
	if (rc < 0) {
		free(a);
		return rc;
	}
	send_tree(a, request);
	*out = a;
	return 0;
}

void ask_more(struct ask *a, const cJSON *line)
{
	send_tree(a, line);
}

pid_t ask_pid(const struct ask *a)
{
	return peer_pid(a->peer);
}

void ask_free(struct ask *a)
{
	if (!a)
		return;
	peer_close(a->peer);
	free(a);
}
