#include "audit/proof.h"

#include <inttypes.h>
#include <string.h>

#include "audit/note.h"

static void write_path(struct buf *out, const char *name, const struct merkle_path *p)
{
	char hex[SHA256_HEX + 1];
	buf_addf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < p->n; i++) {
		hex_lower(hex, p->v[i].b, SHA256_LEN);
		buf_addf(out, "%s\"%s\"", i ? "," : "", hex);
	}
	buf_adds(out, "]");
}

void proof_write(struct buf *out, const struct proof *p)
{
	buf_addf(out, "{\"v\":1,\"segment\":\"%s\",\"index\":%" PRIu64 ",\"lines\":%" PRIu64,
		 p->segment, p->index, p->lines);
	buf_adds(out, ",\"record\":");
	json_write_string(out, p->record);
	write_path(out, "path", p->path);
	buf_adds(out, ",\"entry\":");
	json_write_string(out, p->entry);
	buf_addf(out, ",\"entryIndex\":%" PRIu64 ",\"size\":%" PRIu64, p->entry_index, p->size);
	write_path(out, "entryPath", p->entry_path);
	buf_adds(out, ",\"checkpoint\":");
	json_write_string(out, p->checkpoint);
	buf_adds(out, "}\n");
}

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "%s", why);
}

/* A line of the log as text. U+0000 would be two other bytes in the tree: no record has one. */
static struct bytes text_of(const cJSON *v, const char *name)
{
	const char *text = json_get_str(v, name);
	return text ? bytes_str(text) : (struct bytes){ "", 0 };
}

static bool read_path(struct merkle_path *out, const cJSON *list)
{
	out->n = 0;
	if (!cJSON_IsArray(list) ||
	    cJSON_GetArraySize(list) > (int)(sizeof(out->v) / sizeof(out->v[0])))
		return false;
	for (const cJSON *c = list->child; c; c = c->next) {
		const char *hex = cJSON_GetStringValue(c);
		if (!hex || !hash_from_hex(&out->v[out->n++], hex))
			return false;
	}
	return true;
}

static bool read_claim(struct merkle_claim *out, const cJSON *v, const char *index,
		       const char *size)
{
	int64_t i = json_get_int(v, index, -1), n = json_get_int(v, size, -1);
	*out = (struct merkle_claim){ .index = (uint64_t)i, .size = (uint64_t)n };
	return i >= 0 && n > i;
}

/* Is `line` the leaf that v's members say, of the tree with that root? 1, 0 or an error. */
static int check_leaf(const cJSON *v, const char *const names[3], struct bytes line,
		      const struct hash *root)
{
	struct merkle_claim claim;
	struct merkle_path path;
	struct hash leaf;
	if (!read_claim(&claim, v, names[0], names[1]) || !read_path(&path, json_get(v, names[2])))
		return 0;
	int rc = merkle_leaf(&leaf, line);
	return rc < 0 ? rc : merkle_check_inclusion(&claim, &path, &leaf, root);
}

static int check_entry(struct ledger_entry *e, const cJSON *v, const struct public_key *key,
		       struct err *err)
{
	static const char *const names[] = { "entryIndex", "size", "entryPath" };
	struct checkpoint c = { 0 };
	struct record r;
	struct bytes line = text_of(v, "entry");
	int rc = note_read(&c, text_of(v, "checkpoint"), key, err);
	if (rc < 0)
		return rc;
	if ((int64_t)c.size != json_get_int(v, "size", -1))
		return bad(err, "size is not that of the checkpoint");
	rc = check_leaf(v, names, line, &c.root);
	if (rc <= 0)
		return rc < 0 ? rc : bad(err, "entry is not in the ledger that was signed");
	rc = record_parse(&r, line, err);
	if (rc < 0)
		return rc;
	rc = ledger_entry_read(e, &r, err);
	record_clear(&r);
	if (rc < 0)
		return rc;
	if (rc == 0 || (e->kind != LEDGER_HEAD && e->kind != LEDGER_SEAL))
		return bad(err, "entry is no head or seal of a segment");
	return 0;
}

static int check(struct record *r, char segment[SEGMENT_NAME_SIZE], const cJSON *v,
		 const struct public_key *key, struct err *err)
{
	static const char *const names[] = { "index", "lines", "path" };
	struct ledger_entry e = { 0 };
	struct bytes line = text_of(v, "record");
	if (json_get_int(v, "v", 0) != 1)
		return bad(err, "it is no proof of version 1");
	int rc = check_entry(&e, v, key, err);
	if (rc < 0)
		return rc;
	const char *name = json_get_str(v, "segment");
	if (!name || strcmp(name, e.segment) != 0 ||
	    (int64_t)e.lines != json_get_int(v, "lines", -1))
		return bad(err, "entry is that of another segment or another length");
	rc = check_leaf(v, names, line, &e.root);
	if (rc <= 0)
		return rc < 0 ? rc : bad(err, "the record is not in the segment that was signed");
	memcpy(segment, e.segment, SEGMENT_NAME_SIZE);
	return record_parse(r, line, err);
}

int proof_check(struct record *r, char segment[SEGMENT_NAME_SIZE], struct bytes line,
		const struct public_key *key, struct err *err)
{
	cJSON *v = json_parse(line, err);
	if (!v)
		return -ERR_INVALID;
	int rc = check(r, segment, v, key, err);
	cJSON_Delete(v);
	return rc;
}
