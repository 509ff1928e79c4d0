#include "plugins.h"

#include <ctype.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "script/registry.h"

struct loaded {
	const struct plugin *plugin;
	void *state;
	char *path; /* "" if linked in */
};

struct plugins {
	const struct host_api *api;
	struct registry *registry;
	char **dirs;
	struct loaded *loaded;
	size_t n;
};

static void free_dirs(char **dirs)
{
	for (char **d = dirs; d && *d; d++)
		free(*d);
	free((void *)dirs);
}

static char **copy_dirs(const char *const *dirs)
{
	size_t n = 0;
	while (dirs && dirs[n])
		n++;
	char **copy = calloc(n + 1, sizeof(char *));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(dirs[i]);
		if (!copy[i]) {
			free_dirs(copy);
			return NULL;
		}
	}
	return copy;
}

int plugins_new(struct plugins **out, const struct plugins_spec *spec, struct err *err)
{
	struct plugins *p = calloc(1, sizeof(*p));
	char **dirs = copy_dirs(spec->dirs);
	if (!p || !dirs) {
		free(p);
		free_dirs(dirs);
		return err_set(err, ERR_NOMEM, "no memory for plugins");
	}
	*p = (struct plugins){ .api = spec->api, .registry = spec->registry, .dirs = dirs };
	*out = p;
	return 0;
}

void plugins_close(struct plugins *p)
{
	if (!p)
		return;
	while (p->n > 0) {
		struct loaded *l = &p->loaded[--p->n];
		if (l->plugin->close)
			l->plugin->close(l->state);
		free(l->path);
	}
	free(p->loaded);
	free_dirs(p->dirs);
	free(p);
}

size_t plugins_count(const struct plugins *p)
{
	return p->n;
}

const struct plugin *plugins_at(const struct plugins *p, size_t i)
{
	return i < p->n ? p->loaded[i].plugin : NULL;
}

const char *plugins_path(const struct plugins *p, size_t i)
{
	return i < p->n ? p->loaded[i].path : "";
}

/* ---- one plugin ---- */

/* The ABI number first: what the rest of the struct looks like depends on it. */
static int check_descriptor(const struct plugin *d, const char *what, struct err *err)
{
	if (d->abi < RUNBOOK_PLUGIN_ABI_OLDEST || d->abi > RUNBOOK_PLUGIN_ABI)
		return err_set(err, ERR_INVALID,
			       "%s: built for plugin ABI %u, this program needs ABI %u to %u", what,
			       (unsigned)d->abi, (unsigned)RUNBOOK_PLUGIN_ABI_OLDEST,
			       (unsigned)RUNBOOK_PLUGIN_ABI);
	if (d->size < sizeof(*d) || !d->name || !d->version || !d->open)
		return err_set(err, ERR_INVALID,
			       "%s: the descriptor lacks a name, a version or open", what);
	return 0;
}

static bool is_loaded(const struct plugins *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->loaded[i].plugin->name, name) == 0)
			return true;
	return false;
}

/* Takes over path. */
static int add(struct plugins *p, const struct plugin *d, char *path, struct bytes config,
	       struct err *err)
{
	void *state = NULL;
	struct loaded *grown = realloc(p->loaded, (p->n + 1) * sizeof(*grown));
	if (grown)
		p->loaded = grown;
	if (!grown || !path) {
		free(path);
		return err_set(err, ERR_NOMEM, "no memory for a plugin");
	}
	registry_set_plugin(p->registry, d);
	int rc = d->open(p->api, config, &state, err);
	registry_set_plugin(p->registry, NULL);
	if (rc < 0) {
		free(path);
		return rc;
	}
	p->loaded[p->n++] = (struct loaded){ d, state, path };
	return 0;
}

int plugins_add(struct plugins *p, const struct plugin *d, struct bytes config, struct err *err)
{
	int rc = check_descriptor(d, "linked-in plugin", err);
	if (rc < 0)
		return rc;
	if (is_loaded(p, d->name))
		return err_set(err, ERR_INVALID, "plugin '%s' is loaded already", d->name);
	return add(p, d, strdup(""), config, err);
}

/* ---- files ---- */

static bool is_plain(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-')
			return false;
	return true;
}

static int find_file(const struct plugins *p, const char *name, char path[PATH_MAX],
		     struct err *err)
{
	struct buf tried = BUF_INIT(4096);
	for (char **d = p->dirs; *d; d++) {
		int n = snprintf(path, PATH_MAX, "%s/%s.so", *d, name);
		if (n > 0 && n < PATH_MAX && access(path, F_OK) == 0) {
			buf_clear(&tried);
			return 0;
		}
		buf_addf(&tried, "%s%s", d == p->dirs ? "" : ", ", *d);
	}
	int rc = err_set(err, ERR_INVALID, "plugin '%s': no file %s.so in %s", name, name,
			 tried.n ? buf_cstr(&tried) : "(no plugin directory is configured)");
	buf_clear(&tried);
	return rc;
}

int plugins_load(struct plugins *p, const char *name, struct bytes config, struct err *err)
{
	char path[PATH_MAX];
	if (!is_plain(name))
		return err_set(err, ERR_INVALID,
			       "plugin '%s': a name is letters, digits, '_' and '-', not a path",
			       name);
	if (is_loaded(p, name))
		return err_set(err, ERR_INVALID, "plugin '%s' is loaded already", name);
	int rc = find_file(p, name, path, err);
	if (rc < 0)
		return rc;
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!so)
		return err_set(err, ERR_INVALID, "plugin '%s' cannot be loaded: %s", name,
			       dlerror());
	const struct plugin *d = dlsym(so, RUNBOOK_PLUGIN_SYMBOL);
	if (!d)
		return err_set(err, ERR_INVALID,
			       "%s: not a plugin of this program: it has no symbol '%s'", path,
			       RUNBOOK_PLUGIN_SYMBOL);
	rc = check_descriptor(d, path, err);
	if (rc < 0)
		return rc;
	if (strcmp(d->name, name) != 0)
		return err_set(err, ERR_INVALID, "%s: calls itself '%s'", path, d->name);
	return add(p, d, strdup(path), config, err);
}
