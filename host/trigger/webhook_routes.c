#include "trigger/webhook_routes.h"

#include <stdlib.h>
#include <string.h>

static void route_clear(struct route *r)
{
	webhook_auth_free(r->auth);
	free(r->name);
	free(r->path);
	*r = (struct route){ 0 };
}

/* As it comes in a request line: no other path would ever be asked for. */
static bool is_path(const char *path)
{
	for (const char *p = path; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '?' || *p == '#')
			return false;
	}
	return path[0] == '/';
}

static int route_fill(struct route *r, const struct webhook *h, struct err *err)
{
	struct err why = { 0 };
	if (!is_path(h->path))
		return err_set(err, ERR_INVALID,
			       "hook %s: path '%s' must begin with / and be printable ASCII "
			       "without ?, # or blank",
			       h->name, h->path);
	int rc = webhook_auth_new(&r->auth, &h->auth, &why);
	if (rc < 0)
		return err_set(err, why.code, "hook %s: %s", h->name, why.message);
	r->name = strdup(h->name);
	r->path = strdup(h->path);
	if (!r->name || !r->path)
		return err_set(err, ERR_NOMEM, "no memory for hook %s", h->name);
	return 0;
}

static int add_all(struct routes *r, const struct webhook *hooks, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct webhook *h = &hooks[i];
		for (size_t k = 0; k < i; k++) {
			if (strcmp(hooks[k].path, h->path) == 0)
				return err_set(err, ERR_INVALID,
					       "hook %s: path '%s' belongs to hook %s already",
					       h->name, h->path, hooks[k].name);
		}
		int rc = route_fill(&r->v[r->n++], h, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_decoys(struct routes *r, struct err *err)
{
	struct webhook_auth **hooks = calloc(r->n + 1, sizeof(struct webhook_auth *));
	if (!hooks)
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	for (size_t i = 0; i < r->n; i++)
		hooks[i] = r->v[i].auth;
	int rc = webhook_decoys_new(&r->decoys, hooks, r->n, err);
	free(hooks);
	return rc;
}

int routes_new(struct routes **out, const struct webhook *hooks, size_t n, struct err *err)
{
	struct routes *r = calloc(1, sizeof(*r));
	if (r)
		*r = (struct routes){ .holders = 1, .v = calloc(n + 1, sizeof(*r->v)) };
	if (!r || !r->v) {
		free(r);
		return err_set(err, ERR_NOMEM, "no memory for webhooks");
	}
	int rc = add_all(r, hooks, n, err);
	if (rc == 0)
		rc = add_decoys(r, err);
	if (rc < 0) {
		routes_unref(r);
		return rc;
	}
	*out = r;
	return 0;
}

struct routes *routes_ref(struct routes *r)
{
	r->holders++;
	return r;
}

void routes_unref(struct routes *r)
{
	if (!r || --r->holders > 0)
		return;
	webhook_decoys_free(r->decoys);
	for (size_t i = 0; i < r->n; i++)
		route_clear(&r->v[i]);
	free(r->v);
	free(r);
}

/* All are looked at, so that the time does not tell which it is. */
const struct route *routes_find(const struct routes *r, const struct http_received *req)
{
	const struct route *found = NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->v[i].path, req->path) == 0)
			found = &r->v[i];
	}
	return strcmp(req->method, "POST") == 0 ? found : NULL;
}
