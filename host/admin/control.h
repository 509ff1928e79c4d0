/*
 * control.h - the control socket: how other processes of this user ask the one that owns a state
 * directory.
 *
 * One request a connection. The client sends a JSON object as one line, {"op":"cancel", ...}, and
 * gets any number of lines {"event":...} and then the last one: {"answer":...} or {"error":
 * {"code":...,"message":...}}. Further lines of the client belong to its request (an interrupt). An
 * answer may come at once or hours later; a client that leaves does not wait for it any more.
 *
 * Callbacks come from the loop. For its thread.
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/json.h"

struct loop;
struct control;
struct control_request;

struct control_op {
	const char *name; /* "cancel"; the last row has NULL */
	/* Begin. request is the whole object, borrowed until the end of q. To be ended by
	 * control_answer or control_fail, here or later. */
	void (*start)(void *arg, struct control_request *q, const cJSON *request);
	/* A further line of the client. NULL: it is an error. */
	void (*more)(void *arg, struct control_request *q, const cJSON *line);
	/* The client has left before the end; q is gone when this returns. NULL: nobody minds. */
	void (*gone)(void *arg, struct control_request *q);
};

struct control_spec {
	struct loop *loop;
	const char *path;             /* of the socket; its folder must be owned, see net/peer.h */
	const struct control_op *ops; /* borrowed for the life of the control */
	void *arg;
};

/* @param[out] out owned by the caller; control_free */
NODISCARD int control_start(struct control **out, const struct control_spec *spec, struct err *err);

/* Closes the socket and every connection; requests under way are gone, without a call of `gone`.
 * NULL is fine. */
void control_free(struct control *c);

/* An event on the way: {"event":NAME, ...value's members}. value is taken over; NULL: none. */
void control_event(struct control_request *q, const char *name, cJSON *value);

/* The end of a request; q is gone afterwards. value is taken over; NULL: {}. */
void control_answer(struct control_request *q, cJSON *value);
/* code is the error's name for programs, "NoSuchRun". */
void control_fail(struct control_request *q, const char *code, const char *message);

/* What the op keeps with its request. */
void control_set_data(struct control_request *q, void *data);
void *control_data(const struct control_request *q);
pid_t control_pid(const struct control_request *q); /* of the client */
uid_t control_uid(const struct control_request *q);

#endif
