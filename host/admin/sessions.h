/*
 * sessions.h - who is logged in at the dashboard. Pure: time is a parameter.
 *
 * Whoever may use the control socket is offered a code, which is good for one login within a minute.
 * With it a browser gets a key, which it shows as a cookie from then on. Of codes and keys only
 * hashes are kept, in memory: a restart ends all sessions.
 *
 * Bounded: SESSIONS_MAX of each; one more, and the oldest is gone.
 */
#ifndef ADMIN_SESSIONS_H
#define ADMIN_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

enum {
	SESSIONS_MAX = 64,
	SESSION_PERSON_SIZE = 256,
	SESSION_KEY_SIZE = 65, /* of a code, a key or a token: 64 hex digits */
	SESSION_CODE_MS = 60 * 1000,
	SESSION_IDLE_MS = 2 * 60 * 60 * 1000, /* without a request */
	SESSION_MAX_MS = 12 * 60 * 60 * 1000, /* in all */
};

struct session {
	char person[SESSION_PERSON_SIZE];
	char by[16];                  /* what told who it is: "loginuid", "sudo", "uid" */
	char token[SESSION_KEY_SIZE]; /* stands in every form of this session, and nowhere else */
};

struct sessions;

/* @param[out] out owned by the caller; sessions_free */
NODISCARD int sessions_new(struct sessions **out, struct err *err);
void sessions_free(struct sessions *s); /* NULL is fine */

/* now_ms: of a clock that nobody sets. */
void sessions_offer(struct sessions *s, const char *person, const char *by, int64_t now_ms,
		    char code[SESSION_KEY_SIZE]);

/* The code is used up. @return the new session, borrowed until it ends; NULL: no such code, or it is
 * too late */
const struct session *sessions_enter(struct sessions *s, const char *code, int64_t now_ms,
				     char key[SESSION_KEY_SIZE]);

/* @return as above; it has been used now. NULL: no such session, or it has ended */
const struct session *sessions_find(struct sessions *s, const char *key, int64_t now_ms);

/* Is the session with that token still there? That is no use of it. */
bool sessions_has(const struct sessions *s, const char *token, int64_t now_ms);

void sessions_leave(struct sessions *s, const struct session *session);

/* Is this the token of the session's forms? */
bool session_token_is(const struct session *session, const char *token);

#endif
