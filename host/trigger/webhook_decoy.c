#include "trigger/webhook_decoy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ed25519.h"
#include "base/random.h"
#include "trigger/webhook_auth_row.h"

enum { CHANCE_LEN = 32 };

struct webhook_decoys {
	struct webhook_auth **ways; /* owned; one for each way that some hook has */
	size_t n;
};

static bool is_same_way(const struct webhook_auth *a, const struct webhook_auth *b)
{
	return a->row == b->row && a->scheme == b->scheme;
}

static size_t count(const struct webhook_auth *a, bool is_public)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n_secrets; i++)
		n += a->secrets[i].is_public == is_public;
	return n;
}

/* A secret of chance. */
static bool forge(struct webhook_secret *out, bool is_public)
{
	struct ed25519 *key = is_public ? ed25519_new() : NULL;
	*out = (struct webhook_secret){ malloc(CHANCE_LEN), CHANCE_LEN, is_public };
	if (!out->p)
		return false;
	random_bytes(out->p, out->n);
	bool ok = !is_public || (key && ed25519_public((uint8_t *)out->p, key) == 0);
	ed25519_free(key);
	return ok;
}

static bool pad(struct webhook_auth *a, bool is_public, size_t n)
{
	for (size_t have = count(a, is_public); have < n; have++) {
		INVARIANT(a->n_secrets < sizeof(a->secrets) / sizeof(a->secrets[0]));
		if (!forge(&a->secrets[a->n_secrets++], is_public))
			return false;
	}
	return true;
}

/* As many secrets of each kind as the hook of this way that has most of them. */
static bool pad_like(struct webhook_auth *a, struct webhook_auth *const *hooks, size_t n)
{
	size_t shared = 0, halves = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_same_way(a, hooks[i]))
			continue;
		size_t s = count(hooks[i], false), h = count(hooks[i], true);
		shared = s > shared ? s : shared;
		halves = h > halves ? h : halves;
	}
	return pad(a, false, shared) && pad(a, true, halves);
}

int webhook_auth_decoy(struct webhook_auth **out, const struct webhook_auth *like, struct err *err)
{
	struct webhook_auth *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "out of memory");
	bool ok = true;
	*a = (struct webhook_auth){ .row = like->row,
				    .header = auth_copy(like->header, &ok),
				    .prefix = auth_copy(like->prefix, &ok),
				    .id_header = auth_copy(like->id_header, &ok),
				    .id_member = auth_copy(like->id_member, &ok),
				    .clients = auth_copy(like->clients, &ok),
				    .topics = auth_copy(like->topics, &ok),
				    .sns_url_prefix = auth_copy(like->sns_url_prefix, &ok),
				    .base64 = like->base64,
				    .id_needed = like->id_needed,
				    .decoy = true,
				    .scheme = like->scheme,
				    .tolerance_ms = like->tolerance_ms };
	for (size_t i = 0; ok && i < like->n_secrets; i++)
		ok = forge(&a->secrets[a->n_secrets++], like->secrets[i].is_public);
	if (!ok) {
		webhook_auth_free(a);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	*out = a;
	return 0;
}

/* The decoy of SNS takes every topic that some hook does. */
static bool join_topics(struct webhook_auth *decoy, const struct webhook_auth *hook)
{
	char *both = NULL;
	if (!hook->topics)
		return true;
	if (asprintf(&both, "%s %s", decoy->topics, hook->topics) < 0)
		return false;
	free(decoy->topics);
	decoy->topics = both;
	return true;
}

static int add_way(struct webhook_decoys *d, const struct webhook_auth *hook, struct err *err)
{
	for (size_t i = 0; i < d->n; i++) {
		if (!is_same_way(d->ways[i], hook))
			continue;
		return join_topics(d->ways[i], hook) ? 0 : err_set(err, ERR_NOMEM, "out of memory");
	}
	struct webhook_auth *decoy = NULL;
	int rc = webhook_auth_decoy(&decoy, hook, err);
	if (rc < 0)
		return rc;
	INVARIANT(decoy != NULL);
	d->ways[d->n++] = decoy;
	return 0;
}

int webhook_decoys_new(struct webhook_decoys **out, struct webhook_auth *const *hooks, size_t n,
		       struct err *err)
{
	struct webhook_decoys *d = calloc(1, sizeof(*d));
	struct webhook_auth **ways = calloc(n + 1, sizeof(struct webhook_auth *));
	if (!d || !ways) {
		free(d);
		free(ways);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	d->ways = ways;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!pad_like(hooks[i], hooks, n))
			rc = err_set(err, ERR_NOMEM, "out of memory");
		if (rc == 0)
			rc = add_way(d, hooks[i], err);
	}
	if (rc < 0) {
		webhook_decoys_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void webhook_decoys_free(struct webhook_decoys *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		webhook_auth_free(d->ways[i]);
	free(d->ways);
	free(d);
}

void webhook_decoys_spend(const struct webhook_decoys *d, const struct webhook_auth *own,
			  const struct http_received *req, int64_t now_ms)
{
	struct webhook_proof unused;
	for (size_t i = 0; i < d->n; i++) {
		if (!webhook_auth_waits(d->ways[i]) && !(own && is_same_way(d->ways[i], own)))
			webhook_auth_check(d->ways[i], req, now_ms, &unused);
	}
}

const struct webhook_auth *webhook_decoys_sns(const struct webhook_decoys *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (webhook_auth_waits(d->ways[i]))
			return d->ways[i];
	}
	return NULL;
}
