/* secret.c - secret "NAME": a step that records the name alone; a replay reads the secret anew. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/json_lua.h"
#include "script/rows.h"
#include "script/run_private.h"
#include "script/steps.h"

enum { SECRET_MAX = 64 * 1024, NAME_MAX_BYTES = 80, TEXT_SIZE = 512 };

static int read_now(const struct runs *runs, const char *name, struct buf *out, struct err *err)
{
	if (!runs->secret)
		return err_set(err, ERR_INVALID, "no secrets are kept here");
	return runs->secret(runs->secret_arg, name, out, err);
}

static void record(struct branch *b, const char *hash, const char *name, const char *failure)
{
	struct buf args = BUF_INIT(JSON_TEXT_MAX), error = BUF_INIT(JSON_TEXT_MAX);
	buf_adds(&args, "{\"name\":");
	json_write_string(&args, bytes_str(name));
	buf_adds(&args, "}");
	if (failure) {
		buf_adds(&error, "{\"message\":");
		json_write_string(&error, bytes_str(failure));
		buf_adds(&error, "}");
	}
	rows_end(b, &(struct rows_end){ .kind = STEP_SECRET,
					.hash = hash,
					.args = buf_cstr(&args),
					.outcome = failure ? "error" : "ok",
					.error = failure ? buf_cstr(&error) : NULL });
	buf_clear(&args);
	buf_clear(&error);
}

/* What it failed with when it was recorded. */
static void recorded_failure(char out[TEXT_SIZE], const struct journal_step *s)
{
	cJSON *error = s->error ? json_parse(bytes_str(s->error), NULL) : NULL;
	const char *message = json_get_str(error, "message");
	(void)snprintf(out, TEXT_SIZE, "%s", message ? message : "it could not be read");
	cJSON_Delete(error);
}

/* The secret, or false with the text of why not. */
static bool get(struct branch *b, const struct journal_step *s, const char *hash, const char *name,
		struct buf *out, char text[TEXT_SIZE])
{
	struct err err = { 0 };
	if (s && s->outcome && strcmp(s->outcome, "ok") != 0) {
		recorded_failure(text, s);
		return false;
	}
	int rc = read_now(b->run->runs, name, out, &err);
	if (rc < 0 && b->run->check) { /* of a history, maybe where there are no secrets */
		buf_cut(out, 0);
		return true;
	}
	(void)snprintf(text, TEXT_SIZE, "%.400s%s", err.message,
		       rc < 0 && s ? " (when the step was recorded it could be read)" : "");
	if (!s)
		record(b, hash, name, rc < 0 ? text : NULL);
	return rc == 0;
}

static void hash_name(char out[SHA256_HEX + 1], const char *name)
{
	char asked[NAME_MAX_BYTES + sizeof("secret/")];
	int n = snprintf(asked, sizeof(asked), "secret/%s", name);
	step_hash(out, (struct bytes){ asked, (size_t)n });
}

static int secret(lua_State *L)
{
	struct branch *b = branch_of(L);
	char hash[SHA256_HEX + 1], text[TEXT_SIZE];
	size_t n;
	luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING, 1, "name of a secret expected");
	const char *name = lua_tolstring(L, 1, &n);
	luaL_argcheck(L, n > 0 && n <= NAME_MAX_BYTES && strlen(name) == n, 1,
		      "a name of 1 to 80 bytes expected");
	struct buf *value = state_push_buf(L, SECRET_MAX);
	step_number(L, b);
	hash_name(hash, name);
	const struct journal_step *s = step_find(L, b, STEP_SECRET, NULL, hash);
	bool known = get(b, s, hash, name, value, text);
	if (known)
		lua_pushlstring(L, value->p ? value->p : "", value->n);
	if (value->p)
		wipe(value->p, value->n);
	return known ? 1 : luaL_error(L, "secret: %s", text);
}

void secret_open(lua_State *L)
{
	lua_pushcfunction(L, secret);
	lua_setglobal(L, "secret");
}
