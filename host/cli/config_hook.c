/* config_hook.c - [hook NAME]: what a webhook is, and its secrets. */
#include <stdlib.h>
#include <string.h>

#include "cli/config_read.h"
#include "cli/files.h"

enum { SECRET_MAX = 4096 };

/* From a file without its last line end, or from the environment. */
static int read_secret(struct reading *r, char **out)
{
	const struct ini_key *file = ini_key(r->s, "secret_file");
	const struct ini_key *key = file ? file : ini_key(r->s, "secret_env");
	INVARIANT(key != NULL); /* read_hook has seen to it */
	struct buf text = BUF_INIT(SECRET_MAX);
	if (file && files_read(&text, file->value, r->err) < 0) {
		buf_clear(&text);
		return -ERR_INVALID;
	}
	const char *value = file ? buf_cstr(&text) : getenv(key->value);
	size_t n = value ? strcspn(value, "\r\n") : 0;
	*out = n > 0 ? strndup(value, n) : NULL;
	if (text.p)
		wipe(text.p, text.n);
	buf_clear(&text);
	return *out ? 0 : value_complain(r, key, "a secret there; it is empty or unset");
}

int config_read_hook(struct reading *r)
{
	struct config *c = r->c;
	struct config_hook *list = realloc(c->hooks, (c->n_hooks + 1) * sizeof(*c->hooks));
	if (!list)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	c->hooks = list;
	struct config_hook *h = &list[c->n_hooks++];
	*h = (struct config_hook){ .line = r->s->line, .section = r->s };
	int rc = value_required(r, "path", &h->path);
	if (rc == 0)
		rc = value_required(r, "header", &h->header);
	if (rc == 0 && h->path[0] != '/')
		rc = value_complain(r, ini_key(r->s, "path"), "a path that begins with '/'");
	if (rc == 0 && !ini_key(r->s, "secret_file") == !ini_key(r->s, "secret_env"))
		rc = err_set(r->err, ERR_INVALID,
			     "%s:%d: [hook %s] needs secret_file or secret_env, and not both",
			     r->c->ini->file, r->s->line, r->s->name);
	return rc < 0 ? rc : config_read_start(r, &h->start);
}

int config_read_secrets(struct config *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n_hooks; i++) {
		struct reading r = { c, c->hooks[i].section, err };
		rc = read_secret(&r, &c->hooks[i].secret);
	}
	return rc;
}
