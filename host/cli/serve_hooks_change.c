/* serve_hooks_change.c - the hooks of one configuration take the place of those of another. */
#include <stdlib.h>
#include <string.h>

#include "cli/serve_hook.h"

/* A hook of the next configuration: one that goes on, one that is gone and still has something waiting,
 * or one that is new. */
struct coming {
	struct hook *h;
	struct hook_accept *accept;
	bool new;
};

struct hooks_change {
	struct hooks *all;
	const struct config *config;
	struct coming *v; /* as the configuration has them */
	struct hook **list;
	size_t n;
};

static struct hook *find(const struct hooks *hs, const char *name)
{
	struct hook *h = hooks_find(hs, name);
	for (struct hook *r = hs->retired; !h && r; r = r->next) {
		if (strcmp(r->c->start.name, name) == 0)
			return r;
	}
	return h;
}

int hooks_change_new(struct hooks_change **out, struct hooks *hs, const struct config *config,
		     struct err *err)
{
	struct hooks_change *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for hooks");
	*c = (struct hooks_change){ .all = hs,
				    .config = config,
				    .v = calloc(config->n_hooks + 1, sizeof(*c->v)),
				    .list = calloc(config->n_hooks + 1, sizeof(struct hook *)) };
	hs->changing = true;
	int rc = c->v && c->list ? 0 : err_set(err, ERR_NOMEM, "no memory for hooks");
	while (rc == 0 && c->v && c->n < config->n_hooks) {
		const struct config_hook *next = &config->hooks[c->n];
		struct coming *to = &c->v[c->n++];
		to->h = find(hs, next->start.name);
		to->new = !to->h;
		if (to->new)
			rc = hook_new(&to->h, hs, next, err);
	}
	if (rc < 0) {
		hooks_change_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

int hooks_change_look(struct hooks_change *c, struct store_reader *reader, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		if (c->v[i].new)
			rc = hook_read(c->v[i].h, reader, err);
	}
	return rc;
}

int hooks_change_ready(struct hooks_change *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		const struct config_hook *next = &c->config->hooks[i];
		rc = hook_accept_open(&c->v[i].accept, c->config, next, err);
		if (rc == 0 && deliveries_prepare(c->v[i].h->deliveries, &next->limits) < 0)
			rc = err_set(err, ERR_NOMEM, "no memory for hooks");
	}
	return rc;
}

void hooks_change_free(struct hooks_change *c)
{
	if (!c)
		return;
	c->all->changing = false;
	for (size_t i = 0; i < c->n; i++) {
		hook_accept_close(c->v[i].accept);
		if (c->v[i].new)
			hook_free(c->v[i].h);
	}
	free(c->v);
	free((void *)c->list);
	if (c->all->retired) /* they were kept meanwhile */
		hooks_start_waiting(c->all);
	free(c);
}

/* ---- taking ---- */

static bool is_coming(const struct hooks_change *c, const struct hook *h)
{
	size_t i = 0;
	while (i < c->n && c->v[i].h != h)
		i++;
	return i < c->n;
}

static void retire(struct hooks *hs, struct hook *h)
{
	hook_accept_close(h->accept);
	h->accept = NULL;
	h->held = config_ref(h->c->start.config);
	h->next = hs->retired;
	hs->retired = h;
}

static void unretire(struct hooks *hs, struct hook *h)
{
	struct hook **at = &hs->retired;
	while (*at && *at != h)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = h->next;
	h->next = NULL;
	config_unref(h->held);
	h->held = NULL;
}

void hooks_change_take(struct hooks_change *c)
{
	struct hooks *hs = c->all;
	for (size_t i = 0; i < hs->n; i++) {
		if (!is_coming(c, hs->v[i]))
			retire(hs, hs->v[i]);
	}
	for (size_t i = 0; i < c->n; i++) {
		struct coming *from = &c->v[i];
		struct hook *h = c->list[i] = from->h;
		unretire(hs, h);
		hook_accept_close(h->accept);
		h->accept = from->accept;
		from->accept = NULL;
		from->new = false;
		h->c = &c->config->hooks[i];
		deliveries_change(h->deliveries);
	}
	free((void *)hs->v);
	hs->v = c->list;
	hs->n = c->n;
	c->list = NULL;
	hooks_change_free(c);
	hooks_start_waiting(hs);
}
