#include "audit/redaction.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/merkle.h"
#include "base/random.h"
#include "base/whole.h"

enum { HMAC_LEN = SHA256_LEN / 2 };

int redaction_read(struct redaction *r, const char *path, struct err *err)
{
	struct stat st;
	struct hash key;
	char text[SHA256_HEX + 2] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_named(err, ERR_IO, errno == ENOENT ? "NoKey" : "",
				 "redaction key %s: %s", path, strerror(errno));
	bool open_to_others = fstat(fd, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO));
	ssize_t n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[strcspn(text, "\n")] = '\0';
	bool good = n > 0 && hash_from_hex(&key, text);
	wipe(text, sizeof(text));
	if (open_to_others)
		return err_set(err, ERR_INVALID,
			       "redaction key %s: others can read it; expected mode 600", path);
	if (!good)
		return err_set(err, ERR_INVALID, "redaction key %s: expected 64 hex digits", path);
	memcpy(r->key, key.b, sizeof(r->key));
	wipe(&key, sizeof(key));
	return 0;
}

/* Who comes second takes the first one's. */
static int make(const char *path, struct err *err)
{
	char hex[SHA256_HEX + 2];
	uint8_t key[SHA256_LEN];
	struct err why = { 0 };
	random_bytes(key, sizeof(key));
	hex_lower(hex, key, sizeof(key));
	hex[SHA256_HEX] = '\n';
	hex[SHA256_HEX + 1] = '\0';
	wipe(key, sizeof(key));
	int rc = create_whole(path, bytes_str(hex), 0600, &why);
	wipe(hex, sizeof(hex));
	return rc < 0 ? err_set(err, why.code, "redaction key %s", why.message) : 0;
}

int redaction_open(struct redaction *r, const char *path, struct err *err)
{
	struct err why = { 0 };
	int rc = redaction_read(r, path, &why);
	if (rc < 0 && strcmp(why.name, "NoKey") == 0) {
		rc = make(path, err);
		return rc < 0 ? rc : redaction_read(r, path, err);
	}
	if (rc < 0 && err)
		*err = why;
	return rc;
}

void redaction_clear(struct redaction *r)
{
	wipe(r->key, sizeof(r->key));
}

void redaction_write(struct buf *out, const struct redaction *r, struct bytes value)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX + 1] = "";
	if (hmac_sha256(digest, (struct bytes){ (const char *)r->key, sizeof(r->key) }, value) == 0)
		hex_lower(hex, digest, HMAC_LEN);
	buf_addf(out, "{\"redacted\":%zu,\"hmac\":\"%s\"}", value.n, hex);
}
