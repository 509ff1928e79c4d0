/* config_hook.c - [hook NAME]: what a webhook is, how its deliveries prove themselves, its secrets. */
#include <stdlib.h>
#include <string.h>

#include "cli/config_read.h"
#include "cli/files.h"

enum { SECRETS_TEXT_MAX = WEBHOOK_SECRETS_MAX * (WEBHOOK_SECRET_MAX + 2) };

static const char *const sources[] = { "secret_file", "secret_env", "secrets" };

static int wrong(struct reading *r, const char *why)
{
	return err_set(r->err, ERR_INVALID, "%s:%d: [hook %s] %s", r->c->ini->file, r->s->line,
		       r->s->name, why);
}

/* ---- secrets ---- */

static int unreadable(struct reading *r, const struct ini_key *k, const struct err *why)
{
	return err_set(r->err, ERR_INVALID, "%s:%d: %s: %s", r->c->ini->file, k->line, k->name,
		       why->message);
}

/* The names of [secrets], parted by blanks. */
static int read_named(struct reading *r, const struct ini_key *k, struct buf *out)
{
	char name[128];
	for (const char *at = k->value; *at;) {
		size_t n = strcspn(at, " \t");
		if (n == 0 || n >= sizeof(name))
			return value_complain(r, k, "names of [secrets] parted by blanks");
		memcpy(name, at, n);
		name[n] = '\0';
		struct err why = { 0 };
		if (secrets_read(r->c, name, out, &why) < 0)
			return unreadable(r, k, &why);
		buf_adds(out, "\n");
		at += n + strspn(at + n, " \t");
	}
	return 0;
}

static int read_text(struct reading *r, const struct ini_key *k, struct buf *out)
{
	const char *value;
	struct err why = { 0 };
	if (strcmp(k->name, "secret_file") == 0)
		return files_read_regular(out, k->value, &why) < 0 ? unreadable(r, k, &why) : 0;
	if (strcmp(k->name, "secrets") == 0)
		return read_named(r, k, out);
	value = getenv(k->value);
	buf_adds(out, value ? value : "");
	return 0;
}

/* Bytes of chance would be cut where one of them ends a line, and what is short can be guessed. */
static bool is_text(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if ((c < ' ' && !strchr("\t\r\n", c)) || c == 0x7f || c == '\0')
			return false;
	}
	return true;
}

/* Each line is a secret, but those that are blank. */
static int part(struct reading *r, const struct ini_key *k, struct config_hook *h)
{
	const char *at = buf_cstr(&h->secrets_text), *end = at + h->secrets_text.n;
	size_t count = 0;
	if (!is_text(buf_bytes(&h->secrets_text)))
		return value_complain(r, k, "lines of text there, not bytes: as base64, say");
	while (at < end) {
		size_t n = strcspn(at, "\r\n");
		bool blank = strspn(at, " \t") >= n;
		if (!blank && count == WEBHOOK_SECRETS_MAX)
			return value_complain(r, k, "no more than 8 secrets there");
		if (n > WEBHOOK_SECRET_MAX)
			return value_complain(r, k, "secrets of at most 4096 bytes there");
		if (!blank)
			h->secrets[count++] = (struct bytes){ at, n };
		at += n + 1;
	}
	h->auth.secrets = h->secrets;
	h->auth.n_secrets = count;
	return count > 0 ? 0 : value_complain(r, k, "a secret there; it is empty or unset");
}

static const struct ini_key *source_of(const struct ini_section *s)
{
	const struct ini_key *k = NULL;
	for (size_t i = 0; !k && i < sizeof(sources) / sizeof(sources[0]); i++)
		k = ini_key(s, sources[i]);
	return k;
}

static int read_secrets(struct reading *r, struct config_hook *h)
{
	struct err why = { 0 };
	struct webhook_auth *probe = NULL;
	const struct ini_key *k = source_of(r->s);
	if (!k)
		return 0;
	h->secrets_text = BUF_INIT(SECRETS_TEXT_MAX);
	int rc = read_text(r, k, &h->secrets_text);
	if (rc == 0)
		rc = part(r, k, h);
	if (rc == 0 && webhook_auth_new(&probe, &h->auth, &why) < 0)
		rc = wrong(r, why.message);
	webhook_auth_free(probe);
	return rc;
}

int config_read_secrets(struct config *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n_hooks; i++) {
		struct reading r = { c, c->hooks[i].section, err };
		rc = read_secrets(&r, &c->hooks[i]);
	}
	return rc;
}

/* ---- the section ---- */

static int judge_sources(struct reading *r, const struct config_hook *h)
{
	size_t n = 0;
	bool needed = webhook_auth_has_secrets(h->auth.auth);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		n += ini_key(r->s, sources[i]) != NULL;
	if (needed && n != 1)
		return wrong(r, "needs secret_file, secret_env or secrets, and just one of them");
	if (!needed && n > 0)
		return wrong(r, "has no use for a secret: its auth works without");
	return 0;
}

static int read_auth(struct reading *r, struct config_hook *h)
{
	struct webhook_auth_spec *a = &h->auth;
	const struct {
		const char *key;
		const char **out;
	} texts[] = {
		{ "auth", &a->auth },
		{ "header", &a->header },
		{ "prefix", &a->prefix },
		{ "encoding", &a->encoding },
		{ "scheme", &a->scheme },
		{ "clients", &a->clients },
		{ "topics", &a->topics },
		{ "sns_url_prefix", &a->sns_url_prefix },
		{ "envelope", &a->envelope },
		{ "delivery_header", &a->delivery_header },
		{ "delivery_member", &a->delivery_member },
	};
	struct err why = { 0 };
	int rc = value_duration(r, "tolerance", &a->tolerance_ms);
	for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = value_text_or_null(r, texts[i].key, texts[i].out);
	if (rc == 0 && webhook_auth_judge(a, &why) < 0)
		rc = wrong(r, why.message);
	return rc < 0 ? rc : judge_sources(r, h);
}

int config_read_hook(struct reading *r)
{
	struct config *c = r->c;
	struct config_hook *list = realloc(c->hooks, (c->n_hooks + 1) * sizeof(*c->hooks));
	if (!list)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	c->hooks = list;
	struct config_hook *h = &list[c->n_hooks++];
	*h = (struct config_hook){ .start.trigger = TRIGGER_HOOK,
				   .line = r->s->line,
				   .section = r->s };
	int rc = value_required(r, "path", &h->path);
	if (rc == 0 && h->path[0] != '/')
		rc = value_complain(r, ini_key(r->s, "path"), "a path that begins with '/'");
	if (rc == 0)
		rc = read_auth(r, h);
	if (rc == 0)
		rc = config_read_deliveries(r, h);
	return rc < 0 ? rc : config_read_start(r, &h->start);
}

int config_judge_hooks(const struct config *c, struct err *err)
{
	for (size_t i = 0; i < c->n_hooks; i++) {
		const struct config_hook *h = &c->hooks[i];
		if (h->auth.clients && c->listen.line && !c->listen.http.tls.client_ca_file)
			return err_set(err, ERR_INVALID,
				       "%s:%d: [hook %s] clients: [listen] has no client_ca_file, "
				       "which says whose certificates are good",
				       c->ini->file, h->line, h->start.name);
	}
	return 0;
}
