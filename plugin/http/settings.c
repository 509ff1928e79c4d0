#include "http/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "http/address.h"

enum { ANSWER_DEFAULT = 1 << 20, ANSWER_MAX = 16 << 20, SIZE_DIGITS = 8 };

static int wrong(struct err *err, const char *key, const char *value, const char *expected)
{
	return err_set(err, ERR_INVALID, "[http] %s = '%.80s': expected %s", key, value, expected);
}

static int keep(char **out, const char *text, struct err *err)
{
	*out = strdup(text);
	return *out ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static int read_hosts(char **out, const char *key, const char *text, struct err *err)
{
	struct err why = { 0 };
	if (address_check_list(text, &why) < 0)
		return err_set(err, ERR_INVALID, "[http] %s: %.400s", key, why.message);
	return keep(out, text, err);
}

static int read_size(size_t *out, const char *text, struct err *err)
{
	static const char expected[] = "a size such as 64K or 1M, at most 16M";
	size_t n = strspn(text, "0123456789"), value = 0;
	if (n == 0 || n > SIZE_DIGITS)
		return wrong(err, "max_answer", text, expected);
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (size_t)(text[i] - '0');
	if (strcmp(text + n, "K") == 0)
		value <<= 10;
	else if (strcmp(text + n, "M") == 0)
		value <<= 20;
	else if (text[n])
		return wrong(err, "max_answer", text, expected);
	if (value == 0 || value > ANSWER_MAX)
		return wrong(err, "max_answer", text, expected);
	*out = value;
	return 0;
}

/* One that is named must be there: falling back to the system's would trust other people. */
static int read_ca_file(char **out, const char *text, struct err *err)
{
	if (access(text, R_OK) != 0)
		return wrong(err, "ca_file", text, "a file that can be read");
	return keep(out, text, err);
}

static int read_key(struct settings *s, const char *key, const char *text, struct err *err)
{
	if (strcmp(key, "allow") == 0)
		return read_hosts(&s->allow, key, text, err);
	if (strcmp(key, "plain_hosts") == 0)
		return read_hosts(&s->plain_hosts, key, text, err);
	if (strcmp(key, "ca_file") == 0)
		return read_ca_file(&s->ca_file, text, err);
	if (strcmp(key, "max_answer") == 0)
		return read_size(&s->max_answer, text, err);
	return err_set(err, ERR_INVALID,
		       "[http] %.80s: no such key; there are allow, plain_hosts, ca_file, "
		       "max_answer",
		       key);
}

int settings_read(struct settings *out, struct bytes config, struct err *err)
{
	*out = (struct settings){ .max_answer = ANSWER_DEFAULT };
	if (config.n == 0)
		return 0;
	cJSON *tree = json_parse(config, err);
	int rc = tree ? 0 : -ERR_INVALID;
	for (const cJSON *e = tree ? tree->child : NULL; rc == 0 && e; e = e->next)
		rc = cJSON_IsString(e)
			 ? read_key(out, e->string, e->valuestring, err)
			 : err_set(err, ERR_INVALID, "[http] %.80s: expected text", e->string);
	cJSON_Delete(tree);
	return rc;
}

void settings_clear(struct settings *s)
{
	free(s->allow);
	free(s->plain_hosts);
	free(s->ca_file);
	*s = (struct settings){ 0 };
}
