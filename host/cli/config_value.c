#include "cli/config_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/duration.h"

static const int64_t SIZE_LIMIT = INT64_C(1) << 40;

int value_complain(struct reading *r, const struct ini_key *k, const char *expected)
{
	return err_set(r->err, ERR_INVALID, "%s:%d: %s = %.80s: expected %s", r->c->ini->file,
		       k->line, k->name, k->value, expected);
}

const char *value_text(struct reading *r, const char *key)
{
	const struct ini_key *k = ini_key(r->s, key);
	return k ? k->value : "";
}

int value_copy(struct reading *r, const char *key, char **out)
{
	const struct ini_key *k = ini_key(r->s, key);
	if (!k)
		return 0;
	if (k->value[0] == '\0')
		return value_complain(r, k, "a value");
	*out = strdup(k->value);
	return *out ? 0 : err_set(r->err, ERR_NOMEM, "out of memory");
}

int value_required(struct reading *r, const char *key, const char **out)
{
	*out = value_text(r, key);
	if ((*out)[0] != '\0')
		return 0;
	return err_set(r->err, ERR_INVALID, "%s:%d: [%s %s] lacks the key %s", r->c->ini->file,
		       r->s->line, r->s->kind, r->s->name, key);
}

int value_duration(struct reading *r, const char *key, int64_t *out)
{
	const struct ini_key *k = ini_key(r->s, key);
	if (k && duration_parse(out, k->value, NULL) < 0)
		return value_complain(r, k, "a duration such as 500ms, 30s, 15m, 2h or 1d");
	return 0;
}

int value_bool(struct reading *r, const char *key, bool *out)
{
	const struct ini_key *k = ini_key(r->s, key);
	if (!k)
		return 0;
	*out = strcmp(k->value, "true") == 0;
	return *out || strcmp(k->value, "false") == 0 ? 0 : value_complain(r, k, "true or false");
}

/* "64M": bytes, with K, M or G for powers of 1,024. */
int value_size(struct reading *r, const char *key, size_t *out)
{
	static const char units[] = "KMG";
	const struct ini_key *k = ini_key(r->s, key);
	if (!k)
		return 0;
	size_t digits = strspn(k->value, "0123456789");
	cJSON *n = json_parse((struct bytes){ k->value, digits }, NULL);
	int64_t bytes = 0;
	bool ok = json_int_token(n, &bytes) && bytes > 0;
	cJSON_Delete(n);
	const char *unit = k->value[digits] ? strchr(units, k->value[digits]) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (!ok || (k->value[digits] && (!unit || k->value[digits + 1])) ||
	    bytes > SIZE_LIMIT >> shift)
		return value_complain(r, k, "a size such as 64M, at most 1024G");
	*out = (size_t)bytes << shift;
	return 0;
}

int value_count(struct reading *r, const char *key, uint64_t *out)
{
	const struct ini_key *k = ini_key(r->s, key);
	int64_t n = 0;
	if (!k)
		return 0;
	cJSON *v = json_parse(bytes_str(k->value), NULL);
	bool ok = json_int_token(v, &n) && n > 0;
	cJSON_Delete(v);
	*out = (uint64_t)n;
	return ok ? 0 : value_complain(r, k, "a number greater than 0");
}

int value_text_or_null(struct reading *r, const char *key, const char **out)
{
	const struct ini_key *k = ini_key(r->s, key);
	if (!k)
		return 0;
	*out = k->value;
	return k->value[0] ? 0 : value_complain(r, k, "a value");
}

int value_private_url(struct reading *r, const char *key, const char **out)
{
	static const char *const begins[] = { "https://", "http://127.0.0.1", "http://localhost",
					      "http://[::1]" };
	int rc = value_text_or_null(r, key, out);
	if (rc < 0 || !*out)
		return rc;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		size_t n = strlen(begins[i]);
		if (strncmp(*out, begins[i], n) == 0 && (i == 0 || strchr(":/", (*out)[n])))
			return 0;
	}
	return value_complain(r, ini_key(r->s, key),
			      "an https: URL, or http: to a loopback address");
}

int value_base_url(struct reading *r, const char **out)
{
	int rc = value_private_url(r, "base_url", out);
	const struct ini_key *k = ini_key(r->s, "base_url");
	if (rc == 0 && k && (strpbrk(k->value, "?#\"<> ") || k->value[strlen(k->value) - 1] == '/'))
		return value_complain(r, k, "a URL without query and without a slash at its end");
	return rc;
}
