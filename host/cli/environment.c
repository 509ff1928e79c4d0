#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4 << 20 };

static bool known(const struct environment *e, const char *name)
{
	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->names[i], name) == 0)
			return true;
	}
	return false;
}

const char *environment_get(struct environment *e, const char *name)
{
	if (!known(e, name)) {
		char **names = realloc(e->names, (e->n + 1) * sizeof(*names));
		if (names) {
			e->names = names;
			names[e->n] = strdup(name);
			e->n += names[e->n] != NULL;
		}
	}
	return getenv(name);
}

void environment_clear(struct environment *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->names[i]);
	free(e->names);
	*e = (struct environment){ 0 };
}

/* Of "NAME=VALUE" lines, "NAME" alone where there is none, in the order of the list. */
static bool hash_values(char out[SHA256_HEX + 1], const cJSON *names)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	uint8_t hash[SHA256_LEN];
	const cJSON *name;
	cJSON_ArrayForEach(name, names)
	{
		const char *value = cJSON_IsString(name) ? getenv(name->valuestring) : NULL;
		buf_adds(&text, cJSON_IsString(name) ? name->valuestring : "");
		if (value) {
			buf_adds(&text, "=");
			buf_adds(&text, value);
		}
		buf_add(&text, "", 1);
	}
	bool ok = !text.err && sha256(hash, buf_bytes(&text)) == 0;
	if (ok)
		hex_lower(out, hash, sizeof(hash));
	buf_clear(&text);
	return ok;
}

cJSON *environment_describe(const struct environment *e)
{
	char hash[SHA256_HEX + 1];
	cJSON *o = cJSON_CreateObject();
	cJSON *names = o ? cJSON_AddArrayToObject(o, "names") : NULL;
	for (size_t i = 0; names && i < e->n; i++) {
		cJSON *name = cJSON_CreateString(e->names[i]);
		if (name && !cJSON_AddItemToArray(names, name))
			cJSON_Delete(name);
	}
	if (names && hash_values(hash, names) && cJSON_AddStringToObject(o, "sha256", hash))
		return o;
	cJSON_Delete(o);
	return NULL;
}

bool environment_matches(const cJSON *described)
{
	char hash[SHA256_HEX + 1];
	const char *theirs = json_get_str(described, "sha256");
	return theirs && hash_values(hash, json_get(described, "names")) &&
	       strcmp(hash, theirs) == 0;
}
