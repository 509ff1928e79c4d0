#include "admin/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/random.h"

enum { KEY_BYTES = 32 };

/* A code that was offered, or a session. */
struct entry {
	struct session session;
	uint8_t hash[SHA256_LEN]; /* of what the browser has */
	int64_t begun_ms, used_ms;
	bool there;
};

struct sessions {
	struct entry codes[SESSIONS_MAX], open[SESSIONS_MAX];
};

int sessions_new(struct sessions **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_set(err, ERR_NOMEM, "no memory for sessions");
}

void sessions_free(struct sessions *s)
{
	if (s)
		wipe(s, sizeof(*s));
	free(s);
}

static void make_key(char out[SESSION_KEY_SIZE])
{
	uint8_t bytes[KEY_BYTES];
	random_bytes(bytes, sizeof(bytes));
	hex_lower(out, bytes, sizeof(bytes));
	wipe(bytes, sizeof(bytes));
}

/* A free one, or the oldest. */
static struct entry *take_place(struct entry *all)
{
	struct entry *oldest = all;
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (!all[i].there)
			return &all[i];
		if (all[i].begun_ms < oldest->begun_ms)
			oldest = &all[i];
	}
	return oldest;
}

static struct entry *find(struct entry *all, const char *key)
{
	uint8_t hash[SHA256_LEN];
	struct entry *found = NULL;
	if (strlen(key) != SESSION_KEY_SIZE - 1 || sha256(hash, bytes_str(key)) < 0)
		return NULL;
	const struct bytes wanted = { (const char *)hash, sizeof(hash) };
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		const struct bytes has = { (const char *)all[i].hash, sizeof(all[i].hash) };
		if (all[i].there && bytes_eq_secret(has, wanted))
			found = &all[i];
	}
	return found;
}

/* Of whom the rest is filled in already. @return false: it cannot be hashed, and is not there */
static bool put(struct entry *e, const char *key, int64_t now_ms)
{
	e->begun_ms = e->used_ms = now_ms;
	e->there = sha256(e->hash, bytes_str(key)) == 0;
	return e->there;
}

void sessions_offer(struct sessions *s, const char *person, const char *by, int64_t now_ms,
		    char code[SESSION_KEY_SIZE])
{
	struct entry *e = take_place(s->codes);
	*e = (struct entry){ 0 };
	(void)snprintf(e->session.person, sizeof(e->session.person), "%s", person);
	(void)snprintf(e->session.by, sizeof(e->session.by), "%s", by);
	make_key(code);
	(void)put(e, code, now_ms);
}

const struct session *sessions_enter(struct sessions *s, const char *code, int64_t now_ms,
				     char key[SESSION_KEY_SIZE])
{
	struct entry *offered = find(s->codes, code);
	if (!offered)
		return NULL;
	offered->there = false;
	if (now_ms - offered->begun_ms > SESSION_CODE_MS)
		return NULL;
	struct entry *e = take_place(s->open);
	*e = (struct entry){ .session = offered->session };
	make_key(key);
	make_key(e->session.token);
	return put(e, key, now_ms) ? &e->session : NULL;
}

static bool is_over(const struct entry *e, int64_t now_ms)
{
	return now_ms - e->used_ms > SESSION_IDLE_MS || now_ms - e->begun_ms > SESSION_MAX_MS;
}

const struct session *sessions_find(struct sessions *s, const char *key, int64_t now_ms)
{
	struct entry *e = find(s->open, key);
	if (!e)
		return NULL;
	if (is_over(e, now_ms)) {
		e->there = false;
		return NULL;
	}
	e->used_ms = now_ms;
	return &e->session;
}

bool sessions_has(const struct sessions *s, const char *token, int64_t now_ms)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		const struct entry *e = &s->open[i];
		if (e->there && session_token_is(&e->session, token))
			return !is_over(e, now_ms);
	}
	return false;
}

void sessions_leave(struct sessions *s, const struct session *session)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		if (&s->open[i].session == session)
			s->open[i].there = false;
	}
}

bool session_token_is(const struct session *session, const char *token)
{
	return bytes_eq_secret(bytes_str(session->token), bytes_str(token));
}
