#include "cli/secrets.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/similar.h"
#include "cli/config.h"
#include "script/file.h"

static const char *const sources[] = {
	[SECRET_FILE] = "file",
	[SECRET_ENV] = "env",
	[SECRET_CREDENTIAL] = "credential",
};

/* Names of files in the folder of credentials lead nowhere else. */
static bool may_be(const struct config_secret *s)
{
	bool leads_away = s->source == SECRET_CREDENTIAL && (strchr(s->at, '/') || s->at[0] == '.');
	return s->at[0] != '\0' && !leads_away;
}

bool secrets_parse(struct config_secret *out, const char *value)
{
	size_t word = strcspn(value, " \t");
	out->at = value + word + strspn(value + word, " \t");
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		if (strlen(sources[i]) != word || memcmp(sources[i], value, word) != 0)
			continue;
		out->source = (enum secret_source)i;
		return may_be(out);
	}
	return false;
}

static const struct config_secret *find(const struct config *c, const char *name,
					const char **similar)
{
	struct similar s = similar_to(name);
	for (size_t i = 0; i < c->n_secrets; i++) {
		if (strcmp(c->secrets[i].name, name) == 0)
			return &c->secrets[i];
		similar_consider(&s, c->secrets[i].name);
	}
	*similar = s.best;
	return NULL;
}

static int read_env(struct buf *out, const char *name, struct err *err)
{
	const char *value = getenv(name);
	if (!value)
		return err_set(err, ERR_INVALID, "the environment has no %s", name);
	buf_adds(out, value);
	return 0;
}

static int read_credential(struct buf *out, const char *name, struct err *err)
{
	char path[PATH_MAX];
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	if (!dir || !*dir)
		return err_set(err, ERR_INVALID,
			       "CREDENTIALS_DIRECTORY is not set: is this a systemd unit with "
			       "LoadCredential=%s:...?",
			       name);
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_INVALID, "CREDENTIALS_DIRECTORY is too long");
	return file_read(out, path, err);
}

static int read_source(struct buf *out, const struct config_secret *s, struct err *err)
{
	switch (s->source) {
	case SECRET_FILE:
		return file_read(out, s->at, err);
	case SECRET_ENV:
		return read_env(out, s->at, err);
	case SECRET_CREDENTIAL:
		break;
	}
	return read_credential(out, s->at, err);
}

int secrets_read(const struct config *c, const char *name, struct buf *out, struct err *err)
{
	const char *similar = NULL;
	const struct config_secret *s = find(c, name, &similar);
	struct err why = { 0 };
	size_t before = out->n;
	if (!s)
		return err_set(err, ERR_INVALID, "[secrets] has no '%.80s'%s%.80s%s", name,
			       similar ? ": did you mean '" : "", similar ? similar : "",
			       similar ? "'?" : "");
	if (read_source(out, s, &why) < 0)
		return err_set(err, ERR_INVALID, "[secrets] %.80s: %s", name, why.message);
	if (out->err)
		return err_set(err, ERR_INVALID, "[secrets] %.80s: it is too long", name);
	while (out->n > before && strchr("\r\n", out->p[out->n - 1]))
		buf_cut(out, out->n - 1);
	if (out->n == before)
		return err_set(err, ERR_INVALID, "[secrets] %.80s: it is empty", name);
	return 0;
}
