#include "sns/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/json.h"

enum { PATTERN_SIZE = 1024 };

static int check_topics(const char *text, struct err *err)
{
	for (const char *p = text; *(p += strspn(p, " \t"));) {
		size_t n = strcspn(p, " \t");
		if (n >= PATTERN_SIZE || (strncmp(p, "arn:", 4) != 0 && *p != '*'))
			return err_set(
			    err, ERR_INVALID,
			    "[sns] topics: '%.*s' is not an ARN of a topic, with * and ? "
			    "where it may differ",
			    (int)(n < 80 ? n : 80), p);
		p += n;
	}
	return 0;
}

static int read_key(struct settings *s, const char *key, const char *text, struct err *err)
{
	char **to = strcmp(key, "topics") == 0     ? &s->topics
		    : strcmp(key, "endpoint") == 0 ? &s->endpoint
		    : strcmp(key, "profile") == 0  ? &s->profile
						   : NULL;
	if (!to)
		return err_set(err, ERR_INVALID,
			       "[sns] %.80s: no such key; there are topics, endpoint, profile",
			       key);
	if (!*text)
		return err_set(err, ERR_INVALID, "[sns] %s is empty", key);
	*to = strdup(text);
	if (!*to)
		return err_set(err, ERR_NOMEM, "out of memory");
	return to == &s->topics ? check_topics(text, err) : 0;
}

int settings_read(struct settings *out, struct bytes config, struct err *err)
{
	*out = (struct settings){ 0 };
	if (config.n == 0)
		return 0;
	cJSON *tree = json_parse(config, err);
	int rc = tree ? 0 : -ERR_INVALID;
	for (const cJSON *e = tree ? tree->child : NULL; rc == 0 && e; e = e->next)
		rc = cJSON_IsString(e)
			 ? read_key(out, e->string, e->valuestring, err)
			 : err_set(err, ERR_INVALID, "[sns] %.80s: expected text", e->string);
	cJSON_Delete(tree);
	return rc;
}

void settings_clear(struct settings *s)
{
	free(s->topics);
	free(s->endpoint);
	free(s->profile);
	*s = (struct settings){ 0 };
}

bool settings_allow(const struct settings *s, const char *topic)
{
	char pattern[PATTERN_SIZE];
	for (const char *p = s->topics ? s->topics : ""; *(p += strspn(p, " \t"));) {
		size_t n = strcspn(p, " \t");
		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n, p);
		if (glob_match(pattern, topic))
			return true;
		p += n;
	}
	return false;
}
