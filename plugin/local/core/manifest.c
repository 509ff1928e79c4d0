#include "local/core/manifest.h"

#include <stdlib.h>

#include "local/core/fault.h"
#include "local/core/mem.h"

static const char failed[] = "States.ItemReaderFailed";

void manifest_clear(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->objects[i].bucket);
		free(m->objects[i].key);
	}
	free(m->objects);
	cJSON_Delete(m->header);
	*m = (struct manifest){ 0 };
}

static void add(struct manifest *m, struct bytes bucket, struct bytes key)
{
	m->objects = mem_room(m->objects, m->n, &m->cap, sizeof(*m->objects));
	m->objects[m->n++] = (struct object_name){ mem_dup(bucket), mem_dup(key) };
}

/* ---- S3 Inventory ---- */

static struct bytes trimmed(struct bytes b)
{
	while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = (struct bytes){ b.p + 1, b.n - 1 };
	while (b.n > 0 && strchr(" \t\r", b.p[b.n - 1]))
		b.n--;
	return b;
}

/* "Bucket, Key, Size": the names of the columns. */
static cJSON *columns(const char *schema)
{
	cJSON *names = cJSON_CreateArray();
	for (const char *end; *schema; schema = end + (*end == ',')) {
		end = schema + strcspn(schema, ",");
		char *name = mem_dup(trimmed((struct bytes){ schema, (size_t)(end - schema) }));
		cJSON *v = cJSON_CreateString(name);
		INVARIANT(names && v && cJSON_AddItemToArray(names, v));
		free(name);
	}
	return names;
}

static int read_inventory(struct manifest *out, const cJSON *tree, struct err *err)
{
	const char *format = json_get_str(tree, "fileFormat");
	const char *schema = json_get_str(tree, "fileSchema");
	const char *bucket = json_get_str(tree, "destinationBucket"); /* an ARN */
	const cJSON *files = json_get(tree, "files");
	if (!format || !schema || !bucket || !cJSON_IsArray(files))
		return fault(err, failed,
			     "The input file is not the manifest.json of an S3 Inventory: "
			     "fileFormat, fileSchema, destinationBucket and files are needed");
	if (strcmp(format, "CSV") != 0)
		return fault(err, failed,
			     "S3 Inventory files of the format %s cannot be read, only CSV",
			     format);
	const char *name = strrchr(bucket, ':');
	for (const cJSON *file = files->child; file; file = file->next) {
		const char *key = json_get_str(file, "key");
		if (!key)
			return fault(err, failed, "A file of the S3 Inventory has no key");
		add(out, bytes_str(name ? name + 1 : bucket), bytes_str(key));
	}
	out->header = columns(schema);
	return 0;
}

int manifest_read_inventory(struct manifest *out, struct bytes text, struct err *err)
{
	cJSON *tree = json_parse(text, NULL);
	int rc = read_inventory(out, tree, err);
	cJSON_Delete(tree);
	return rc;
}

/* ---- Athena ---- */

/* s3://BUCKET/KEY, maybe in quotes. */
static bool add_uri(struct manifest *m, struct bytes uri)
{
	static const char scheme[] = "s3://";
	size_t n = sizeof(scheme) - 1;
	if (uri.n > 1 && uri.p[0] == '"' && uri.p[uri.n - 1] == '"')
		uri = (struct bytes){ uri.p + 1, uri.n - 2 };
	if (uri.n <= n || memcmp(uri.p, scheme, n) != 0)
		return false;
	uri = (struct bytes){ uri.p + n, uri.n - n };
	const char *slash = memchr(uri.p, '/', uri.n);
	size_t bucket = slash ? (size_t)(slash - uri.p) : uri.n;
	if (bucket == 0 || uri.n - bucket < 2)
		return false;
	add(m, (struct bytes){ uri.p, bucket }, (struct bytes){ slash + 1, uri.n - bucket - 1 });
	return true;
}

int manifest_read_athena(struct manifest *out, struct bytes text, struct err *err)
{
	while (text.n > 0) {
		struct bytes line = trimmed(bytes_line(&text));
		if (line.n > 0 && !add_uri(out, line))
			return fault(err, failed,
				     "A line of the Athena manifest is not the S3 URI of an "
				     "object: %.*s",
				     (int)(line.n < 200 ? line.n : 200), line.p);
	}
	return 0;
}

/* ---- a listing ---- */

int manifest_read_listing(struct manifest *out, const char *bucket, struct bytes text,
			  struct err *err)
{
	cJSON *tree = json_parse(text, NULL);
	int rc = cJSON_IsArray(tree) ? 0 : fault(err, failed, "The listing is not a list");
	for (const cJSON *o = rc ? NULL : tree->child; o; o = o->next) {
		const char *key = json_get_str(o, "Key");
		size_t n = key ? strlen(key) : 0;
		if (n > 0 && !(key[n - 1] == '/' && json_get_int(o, "Size", 0) == 0))
			add(out, bytes_str(bucket), bytes_str(key));
	}
	cJSON_Delete(tree);
	return rc;
}
