#include "admin/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/peer.h"

struct control_request {
	struct control *control;
	struct control_request *next;
	struct peer *peer;
	const struct control_op *op; /* NULL until its first line has come */
	cJSON *request;
	void *data;
};

struct control {
	struct control_spec spec;
	struct peer_server *server;
	struct control_request *first;
};

/* ---- the end of a request ---- */

static void release(struct control_request *q)
{
	peer_close(q->peer);
	cJSON_Delete(q->request);
	free(q);
}

static void forget(struct control_request *q)
{
	struct control_request **at = &q->control->first;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	release(q);
}

/* Sends {NAME: value}; value is taken over. Out of memory the client sees the connection end. */
static void send_line(struct control_request *q, const char *name, cJSON *value)
{
	struct buf line = BUF_INIT(PEER_LINE_MAX);
	buf_adds(&line, "{");
	json_write_string(&line, bytes_str(name));
	buf_adds(&line, ":");
	if (value)
		json_write(&line, value);
	else
		buf_adds(&line, "{}");
	buf_adds(&line, "}");
	if (!line.err)
		peer_send(q->peer, buf_bytes(&line));
	buf_clear(&line);
	cJSON_Delete(value);
}

void control_event(struct control_request *q, const char *name, cJSON *value)
{
	cJSON *o = value ? value : cJSON_CreateObject();
	if (o)
		(void)cJSON_AddStringToObject(o, "name", name);
	send_line(q, "event", o);
}

void control_answer(struct control_request *q, cJSON *value)
{
	send_line(q, "answer", value);
	forget(q);
}

void control_fail(struct control_request *q, const char *code, const char *message)
{
	cJSON *o = cJSON_CreateObject();
	if (o) {
		(void)cJSON_AddStringToObject(o, "code", code);
		(void)cJSON_AddStringToObject(o, "message", message);
	}
	send_line(q, "error", o);
	forget(q);
}

void control_set_data(struct control_request *q, void *data)
{
	q->data = data;
}

void *control_data(const struct control_request *q)
{
	return q->data;
}

pid_t control_pid(const struct control_request *q)
{
	return peer_pid(q->peer);
}

uid_t control_uid(const struct control_request *q)
{
	return peer_uid(q->peer);
}

/* ---- lines ---- */

static const struct control_op *find_op(const struct control *c, const char *name)
{
	for (const struct control_op *op = c->spec.ops; name && op->name; op++) {
		if (strcmp(op->name, name) == 0)
			return op;
	}
	return NULL;
}

static void begin(struct control_request *q, cJSON *request)
{
	char text[200];
	const char *name = json_get_str(request, "op");
	const struct control_op *op = find_op(q->control, name);
	q->request = request;
	if (op) {
		q->op = op;
		op->start(q->control->spec.arg, q, request); /* may end q */
		return;
	}
	(void)snprintf(text, sizeof(text),
		       "this process does not know the request '%.40s': is it of another version, "
		       "or busy with another command?",
		       name ? name : "");
	control_fail(q, "UnknownRequest", text);
}

static void on_line(void *arg, struct bytes text)
{
	struct control_request *q = arg;
	struct err err = { 0 };
	cJSON *line = json_parse(text, &err);
	if (!cJSON_IsObject(line)) {
		cJSON_Delete(line);
		control_fail(q, "InvalidRequest", "expected a JSON object as one line");
	} else if (!q->op) {
		begin(q, line);
	} else if (!q->op->more) {
		cJSON_Delete(line);
		control_fail(q, "InvalidRequest", "one request a connection");
	} else {
		q->op->more(q->control->spec.arg, q, line); /* may end q */
		cJSON_Delete(line);
	}
}

static void on_closed(void *arg)
{
	struct control_request *q = arg;
	if (q->op && q->op->gone)
		q->op->gone(q->control->spec.arg, q);
	forget(q);
}

static void on_accepted(void *arg, struct peer *p)
{
	static const struct peer_events events = { on_line, on_closed };
	struct control *c = arg;
	struct control_request *q = calloc(1, sizeof(*q));
	if (!q) {
		peer_close(p);
		return;
	}
	*q = (struct control_request){ .control = c, .next = c->first, .peer = p };
	c->first = q;
	peer_set_events(p, &events, q);
}

/* ---- life ---- */

int control_start(struct control **out, const struct control_spec *spec, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for the control socket");
	c->spec = *spec;
	int rc = peer_server_start(
	    &c->server, &(struct peer_server_spec){ spec->loop, spec->path, on_accepted, c }, err);
	if (rc < 0) {
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (struct control_request *q = c->first, *next; q; q = next) {
		next = q->next;
		release(q);
	}
	peer_server_free(c->server);
	free(c);
}
