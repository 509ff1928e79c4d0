#include "audit/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/ed25519.h"
#include "base/whole.h"

enum {
	ALGORITHM = 1, /* Ed25519, in signed-note */
	ID_HEX = 2 * KEY_ID_LEN,
	NAME_HEX = 16,
	FILE_MAX = 16384,
};

struct key {
	struct ed25519 *secret;
	struct public_key public;
};

/* ---- the public line ---- */

static int find_id(uint8_t id[KEY_ID_LEN], const char *name, const uint8_t key[KEY_LEN])
{
	static const char between[] = { '\n', ALGORITHM };
	uint8_t digest[SHA256_LEN];
	struct sha256 *h = sha256_begin();
	sha256_add(h, bytes_str(name));
	sha256_add(h, (struct bytes){ between, sizeof(between) });
	sha256_add(h, (struct bytes){ (const char *)key, KEY_LEN });
	int rc = sha256_end(h, digest);
	memcpy(id, digest, KEY_ID_LEN);
	return rc;
}

void public_key_write(struct buf *out, const struct public_key *key)
{
	char id[ID_HEX + 1], typed[1 + KEY_LEN] = { ALGORITHM };
	hex_lower(id, key->id, KEY_ID_LEN);
	memcpy(typed + 1, key->b, KEY_LEN);
	buf_addf(out, "%s+%s+", key->name, id);
	base64_encode(out, (struct bytes){ typed, sizeof(typed) });
	buf_adds(out, "\n");
}

static int bad_line(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID,
		       "not a public key: %s; expected a line such as "
		       "runbook-audit-5f3a09c2d1b7e846+9f3c01ab+AQ...",
		       why);
}

static struct bytes trim(struct bytes s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]))
		s.n--;
	while (s.n > 0 && strchr(" \t\r\n", s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

/* Names are printed and compared: nothing but visible ASCII, and no '+'. */
static bool is_name(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == '+')
			return false;
	}
	return name.n > 0 && name.n < KEY_NAME_SIZE;
}

static int decode_key(struct public_key *out, struct bytes text, struct err *err)
{
	struct buf typed = BUF_INIT(64);
	int rc = base64_decode(&typed, text);
	if (rc == 0 && (typed.n != 1 + KEY_LEN || typed.p[0] != ALGORITHM))
		rc = -ERR_INVALID;
	if (rc == 0)
		memcpy(out->b, typed.p + 1, KEY_LEN);
	buf_clear(&typed);
	return rc < 0 ? bad_line(err, "what follows the second '+' is no Ed25519 key in base64")
		      : 0;
}

int public_key_read(struct public_key *out, struct bytes line, struct err *err)
{
	char id[ID_HEX + 1];
	struct bytes s = trim(line);
	const char *plus = s.n > 0 ? memchr(s.p, '+', s.n) : NULL;
	*out = (struct public_key){ 0 };
	struct bytes name = { s.p, plus ? (size_t)(plus - s.p) : 0 };
	if (!is_name(name))
		return bad_line(err, "it does not begin with a name and '+'");
	INVARIANT(plus != NULL);
	struct bytes rest = { plus + 1, s.n - name.n - 1 };
	if (rest.n <= ID_HEX || rest.p[ID_HEX] != '+')
		return bad_line(err, "behind the name there are not 8 hex digits and '+'");
	memcpy(out->name, name.p, name.n);
	int rc = decode_key(out, (struct bytes){ rest.p + ID_HEX + 1, rest.n - ID_HEX - 1 }, err);
	if (rc == 0 && find_id(out->id, out->name, out->b) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a key");
	if (rc < 0)
		return rc;
	hex_lower(id, out->id, KEY_ID_LEN);
	return memcmp(id, rest.p, ID_HEX) == 0
		   ? 0
		   : bad_line(err, "its 8 hex digits do not fit its name and key");
}

bool public_key_signed(const struct public_key *key, struct bytes text,
		       const uint8_t sig[KEY_SIGNATURE_LEN])
{
	return ed25519_signed(key->b, text, sig);
}

/* ---- the private key ---- */

static int name_key(struct key *key, struct err *err)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1];
	struct public_key *p = &key->public;
	if (ed25519_public(p->b, key->secret) < 0 ||
	    sha256(digest, (struct bytes){ (const char *)p->b, KEY_LEN }) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a key");
	hex_lower(hex, digest, sizeof(digest));
	(void)snprintf(p->name, sizeof(p->name), "runbook-audit-%.*s", NAME_HEX, hex);
	return find_id(p->id, p->name, p->b) == 0 ? 0
						  : err_set(err, ERR_NOMEM, "no memory for a key");
}

/* Takes the secret over. */
static int wrap(struct key **out, struct ed25519 *secret, struct err *err)
{
	struct key *key = calloc(1, sizeof(*key));
	if (!key) {
		ed25519_free(secret);
		return err_set(err, ERR_NOMEM, "no memory for a key");
	}
	key->secret = secret;
	int rc = name_key(key, err);
	if (rc == 0)
		*out = key;
	else
		audit_key_free(key);
	return rc;
}

static int open_private(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_named(err, ERR_IO, errno == ENOENT ? "NoKey" : "", "key %s: %s", path,
				 strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return err_set(err, ERR_IO, "key %s: it is not a regular file", path);
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		(void)close(fd);
		return err_set(err, ERR_INVALID,
			       "key %s: others can read it (mode %03o); expected mode 600", path,
			       (unsigned)(st.st_mode & 0777));
	}
	return fd;
}

int audit_key_read(struct key **out, const char *path, struct err *err)
{
	char text[FILE_MAX];
	int fd = open_private(path, err);
	if (fd < 0)
		return fd;
	ssize_t n = read(fd, text, sizeof(text));
	int why = errno;
	(void)close(fd);
	if (n < 0)
		return err_set(err, ERR_IO, "key %s: %s", path, strerror(why));
	struct ed25519 *secret = ed25519_from_pem((struct bytes){ text, (size_t)n });
	wipe(text, sizeof(text));
	if (secret)
		return wrap(out, secret, err);
	return err_set(err, ERR_INVALID, "key %s: expected an Ed25519 private key in PEM", path);
}

/* Where it is to be there must be none. */
static int create(const char *path, struct bytes text, mode_t mode, struct err *err)
{
	struct err why = { 0 };
	int rc = create_whole(path, text, mode, &why);
	if (rc == 0)
		return 0;
	return rc < 0 ? err_set(err, why.code, "key %s", why.message)
		      : err_set(err, ERR_IO, "key %s: there is one already", path);
}

int public_key_save(const struct public_key *key, const char *path, struct err *err)
{
	struct buf line = BUF_INIT(1024);
	public_key_write(&line, key);
	int rc = line.err ? err_set(err, ERR_NOMEM, "no memory for a key")
			  : create(path, buf_bytes(&line), 0644, err);
	buf_clear(&line);
	return rc;
}

static int save(const struct key *key, const char *path, const char *public_path, struct err *err)
{
	struct buf pem = BUF_INIT(FILE_MAX);
	ed25519_write_pem(&pem, key->secret);
	int rc = pem.err ? err_set(err, ERR_NOMEM, "no memory for a key") : 0;
	/* The public one first: where there is a private key, there is its public one. */
	(void)unlink(public_path);
	if (rc == 0)
		rc = public_key_save(&key->public, public_path, err);
	if (rc == 0)
		rc = create(path, buf_bytes(&pem), 0600, err);
	if (pem.p)
		wipe(pem.p, pem.n);
	buf_clear(&pem);
	return rc;
}

int audit_key_create(struct key **out, const char *path, const char *public_path, struct err *err)
{
	struct key *key = NULL;
	if (access(path, F_OK) == 0)
		return err_set(err, ERR_IO, "key %s: there is one already", path);
	struct ed25519 *secret = ed25519_new();
	if (!secret)
		return err_set(err, ERR_NOMEM, "no memory for a key");
	int rc = wrap(&key, secret, err);
	if (rc < 0)
		return rc;
	INVARIANT(key != NULL);
	rc = save(key, path, public_path, err);
	if (rc == 0)
		*out = key;
	else
		audit_key_free(key);
	return rc;
}

void audit_key_free(struct key *key)
{
	if (!key)
		return;
	ed25519_free(key->secret);
	free(key);
}

const struct public_key *audit_key_public(const struct key *key)
{
	return &key->public;
}

int audit_key_sign(uint8_t sig[KEY_SIGNATURE_LEN], const struct key *key, struct bytes text)
{
	return ed25519_sign(sig, key->secret, text);
}
