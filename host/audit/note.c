#include "audit/note.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"

#define DASH "\xe2\x80\x94 " /* an em dash and a blank: begins each signature */
enum { DASH_LEN = sizeof(DASH) - 1, BLOB_LEN = KEY_ID_LEN + KEY_SIGNATURE_LEN };

void note_write(struct buf *out, const struct checkpoint *c, const struct key *key)
{
	const struct public_key *pub = audit_key_public(key);
	uint8_t blob[BLOB_LEN];
	size_t start = out->n;
	buf_addf(out, "%s\n%" PRIu64 "\n", pub->name, c->size);
	base64_encode(out, (struct bytes){ (const char *)c->root.b, SHA256_LEN });
	buf_adds(out, "\n");
	if (out->err)
		return;
	memcpy(blob, pub->id, KEY_ID_LEN);
	out->err = audit_key_sign(blob + KEY_ID_LEN, key,
				  (struct bytes){ out->p + start, out->n - start });
	buf_addf(out, "\n" DASH "%s ", pub->name);
	base64_encode(out, (struct bytes){ (const char *)blob, sizeof(blob) });
	buf_adds(out, "\n");
}

/* Take a line off, without its newline. false: no newline is left. */
static bool take_line(struct bytes *line, struct bytes *rest)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	if (!end)
		return false;
	*line = (struct bytes){ rest->p, (size_t)(end - rest->p) };
	rest->n -= line->n + 1;
	rest->p = end + 1;
	return true;
}

static bool is_signature(struct bytes line)
{
	return line.n > DASH_LEN && memcmp(line.p, DASH, DASH_LEN) == 0;
}

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "not a checkpoint: %s", why);
}

int note_next(struct bytes *note, struct bytes *rest, struct err *err)
{
	struct bytes line, ahead;
	while (rest->n > 0 && (*rest->p == '\n' || *rest->p == ' ' || *rest->p == '\r')) {
		rest->p++;
		rest->n--;
	}
	if (rest->n == 0)
		return 0;
	const char *start = rest->p;
	do {
		if (!take_line(&line, rest))
			return bad(err, "it has no empty line before its signatures");
	} while (line.n > 0);
	size_t signatures = 0;
	for (ahead = *rest; take_line(&line, &ahead) && is_signature(line); signatures++)
		*rest = ahead;
	if (signatures == 0)
		return bad(err, "no signature follows its empty line");
	*note = (struct bytes){ start, (size_t)(rest->p - start) };
	return note->n <= NOTE_MAX ? 1 : bad(err, "it is too long");
}

/* Decimal, no sign, no leading zero. */
static bool read_size(uint64_t *out, struct bytes s)
{
	uint64_t n = 0;
	if (s.n == 0 || s.n > 19 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = n;
	return n <= INT64_MAX;
}

static bool read_root(struct hash *out, struct bytes s)
{
	struct buf b = BUF_INIT(64);
	bool good = base64_decode(&b, s) == 0 && b.n == SHA256_LEN;
	if (good)
		memcpy(out->b, b.p, SHA256_LEN);
	buf_clear(&b);
	return good;
}

/* Is it a signature of this key? Then the bytes behind the id go to sig. */
static bool is_of(struct bytes line, const struct public_key *key, uint8_t sig[KEY_SIGNATURE_LEN])
{
	size_t name = strlen(key->name);
	struct buf b = BUF_INIT(128);
	line.p += DASH_LEN;
	line.n -= DASH_LEN;
	bool good =
	    line.n > name && memcmp(line.p, key->name, name) == 0 && line.p[name] == ' ' &&
	    base64_decode(&b, (struct bytes){ line.p + name + 1, line.n - name - 1 }) == 0 &&
	    b.n == BLOB_LEN && memcmp(b.p, key->id, KEY_ID_LEN) == 0;
	if (good)
		memcpy(sig, b.p + KEY_ID_LEN, KEY_SIGNATURE_LEN);
	buf_clear(&b);
	return good;
}

static int check_signatures(struct bytes text, struct bytes signatures,
			    const struct public_key *key, struct err *err)
{
	struct bytes line;
	uint8_t sig[KEY_SIGNATURE_LEN];
	while (take_line(&line, &signatures)) {
		if (!is_signature(line))
			return bad(err, "there is something else among its signatures");
		if (!is_of(line, key, sig))
			continue;
		if (public_key_signed(key, text, sig))
			return 0;
		return err_set(err, ERR_INVALID,
			       "the signature of %s is wrong: the checkpoint was changed or forged",
			       key->name);
	}
	return err_set(err, ERR_INVALID, "the checkpoint is not signed by the key %s", key->name);
}

int note_read(struct checkpoint *out, struct bytes note, const struct public_key *key,
	      struct err *err)
{
	struct bytes origin, size, root, line = { "", 1 }, rest = note;
	if (note.n == 0 || note.p[note.n - 1] != '\n' || !take_line(&origin, &rest) ||
	    !take_line(&size, &rest) || !take_line(&root, &rest))
		return bad(err, "it has fewer than three lines, or its last one does not end");
	while (line.n > 0) {
		if (!take_line(&line, &rest))
			return bad(err, "it has no empty line before its signatures");
	}
	struct bytes text = { note.p, (size_t)(rest.p - 1 - note.p) };
	int rc = check_signatures(text, rest, key, err);
	if (rc < 0)
		return rc;
	if (!bytes_eq(origin, bytes_str(key->name)))
		return bad(err, "its origin is not the name of the key");
	if (!read_size(&out->size, size) || !read_root(&out->root, root))
		return bad(err, "its second line is not a size or its third not a root hash");
	return 0;
}
