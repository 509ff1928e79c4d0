#include "sfn/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { DIGITS_MAX = 18, DECIMAL = 10, PORT_MAX = 65535, TIMEOUT_MAX_MS = 3600 * 1000 };

enum kind { TEXT, NUMBER, DURATION };

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct settings: of a char * or an int64_t */
	int64_t min, max;
	const char *expected;
};

static const struct key keys[] = {
	{ "region", TEXT, offsetof(struct settings, region), 0, 0, "a region such as us-east-1" },
	{ "endpoint", TEXT, offsetof(struct settings, endpoint), 0, 0, "a URL, or local" },
	{ "profile", TEXT, offsetof(struct settings, profile), 0, 0, "the name of an AWS profile" },
	{ "max_attempts", NUMBER, offsetof(struct settings, max_attempts), 1, MAX_ATTEMPTS_MAX,
	  "a number from 1 to 100" },
	{ "connect_timeout", DURATION, offsetof(struct settings, connect_timeout_ms), 1,
	  TIMEOUT_MAX_MS, "a time such as 5s or 500ms, at most an hour" },
	{ "read_timeout", DURATION, offsetof(struct settings, read_timeout_ms), 1, TIMEOUT_MAX_MS,
	  "a time such as 60s or 500ms, at most an hour" },
	{ "local_data", TEXT, offsetof(struct settings, local_data), 0, 0, "a folder" },
	{ "local_handlers", TEXT, offsetof(struct settings, local_handlers), 0, 0, "a Lua file" },
	{ "local_buckets", TEXT, offsetof(struct settings, local_buckets), 0, 0, "a folder" },
	{ "local_s3_endpoint", TEXT, offsetof(struct settings, local_s3_endpoint), 0, 0, "a URL" },
	{ "local_iam_endpoint", TEXT, offsetof(struct settings, local_iam_endpoint), 0, 0,
	  "a URL" },
	{ "local_deny", TEXT, offsetof(struct settings, local_deny), 0, 0,
	  "names of operations, separated by commas" },
	{ "local_request_log", TEXT, offsetof(struct settings, local_request_log), 0, 0, "a file" },
	{ "local_port", NUMBER, offsetof(struct settings, local_port), 0, PORT_MAX,
	  "a port from 0 to 65535" },
	{ "local_max_open_executions", NUMBER, offsetof(struct settings, local_max_open_executions),
	  1, 1000000, "a number from 1 to 1000000" },
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

int settings_number(int64_t *out, const char *text, int64_t min, int64_t max)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > DIGITS_MAX || text[n] != '\0')
		return -ERR_INVALID;
	int64_t value = 0;
	for (size_t i = 0; i < n; i++)
		value = value * DECIMAL + (text[i] - '0');
	if (value < min || value > max)
		return -ERR_INVALID;
	*out = value;
	return 0;
}

/* "5" and "5s" are seconds, "500ms" milliseconds. */
static int read_duration(int64_t *out, const char *text, int64_t min, int64_t max)
{
	char digits[DIGITS_MAX + 1] = "";
	size_t n = strspn(text, "0123456789");
	bool ms = strcmp(text + n, "ms") == 0;
	if (n > 9 || !(ms || text[n] == '\0' || strcmp(text + n, "s") == 0))
		return -ERR_INVALID;
	memcpy(digits, text, n);
	int64_t unit = ms ? 1 : 1000, value;
	int rc = settings_number(&value, digits, min > unit ? min / unit : 1, max / unit);
	if (rc == 0)
		*out = value * unit;
	return rc;
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static int unknown_key(const char *name, struct err *err)
{
	struct buf list = BUF_INIT(512);
	for (size_t i = 0; i < N_KEYS; i++)
		buf_addf(&list, "%s%s", i > 0 ? ", " : "", keys[i].name);
	int rc = err_set(err, ERR_INVALID, "[sfn] %.80s: no such key; there are %s", name,
			 buf_cstr(&list));
	buf_clear(&list);
	return rc;
}

static int read_key(struct settings *s, const cJSON *entry, struct err *err)
{
	const struct key *k = find_key(entry->string);
	if (!k)
		return unknown_key(entry->string, err);
	const char *text = entry->valuestring;
	if (!cJSON_IsString(entry) || !text || !*text)
		return err_set(err, ERR_INVALID, "[sfn] %s is empty: expected %s", k->name,
			       k->expected);
	char *field = (char *)s + k->offset;
	int rc;
	if (k->kind == TEXT) {
		char *copy = strdup(text);
		memcpy(field, &copy, sizeof(copy));
		return copy ? 0 : err_set(err, ERR_NOMEM, "out of memory");
	}
	int64_t value = 0;
	rc = k->kind == NUMBER ? settings_number(&value, text, k->min, k->max)
			       : read_duration(&value, text, k->min, k->max);
	if (rc < 0)
		return err_set(err, ERR_INVALID, "[sfn] %s = '%.80s': expected %s", k->name, text,
			       k->expected);
	memcpy(field, &value, sizeof(value));
	return 0;
}

int settings_read(struct settings *out, struct bytes config, struct err *err)
{
	*out = (struct settings){ 0 };
	if (config.n == 0)
		return 0;
	cJSON *tree = json_parse(config, err);
	int rc = tree ? 0 : -ERR_INVALID;
	if (rc == 0 && !cJSON_IsObject(tree))
		rc = err_set(err, ERR_INVALID, "[sfn]: the configuration is no object");
	for (const cJSON *entry = rc == 0 ? tree->child : NULL; rc == 0 && entry;
	     entry = entry->next)
		rc = read_key(out, entry, err);
	cJSON_Delete(tree);
	return rc;
}

void settings_clear(struct settings *s)
{
	free(s->region);
	free(s->endpoint);
	free(s->profile);
	free(s->local_data);
	free(s->local_handlers);
	free(s->local_buckets);
	free(s->local_s3_endpoint);
	free(s->local_iam_endpoint);
	free(s->local_deny);
	free(s->local_request_log);
	*s = (struct settings){ 0 };
}

bool settings_is_local(const struct settings *s)
{
	return s->endpoint && strcmp(s->endpoint, "local") == 0;
}
