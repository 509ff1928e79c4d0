#include "cli/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/config_read.h"
#include "cli/files.h"
#include "cli/store_prune.h"

enum { FILE_MAX = 4 << 20, EXPANDED_MAX = 8 << 20 };

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

/* The folder of the running program, for what is installed beside it. */
static int find_program(struct config *c, struct err *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n < 0)
		return err_set(err, ERR_IO, "/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	c->program_dir = strdup(path);
	return c->program_dir ? 0 : no_memory(err);
}

/* $XDG_STATE_HOME/runbook, else /var/lib/runbook for root, else ~/.local/state/runbook. */
static int default_state_dir(struct config *c, struct err *err)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int rc = -1;
	if (xdg && xdg[0] == '/')
		rc = asprintf(&c->state_dir, "%s/runbook", xdg);
	else if (geteuid() == 0)
		rc = asprintf(&c->state_dir, "/var/lib/runbook");
	else if (home && home[0] == '/')
		rc = asprintf(&c->state_dir, "%s/.local/state/runbook", home);
	else
		return err_set(err, ERR_INVALID,
			       "no place for the state: neither XDG_STATE_HOME nor HOME is set; "
			       "give [host] state_dir in a configuration file");
	return rc < 0 ? no_memory(err) : 0;
}

/* In the build folder, beside an installed program, or in its share folder. */
static int default_lua_dir(struct config *c, struct err *err)
{
	static const char *const places[] = { "lua", "../lua", "../share/runbook/lua" };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *dir = NULL;
		if (asprintf(&dir, "%s/%s", c->program_dir, places[i]) < 0)
			return no_memory(err);
		char probe[PATH_MAX];
		int n = snprintf(probe, sizeof(probe), "%s/redrive.lua", dir);
		if (n > 0 && (size_t)n < sizeof(probe) && access(probe, R_OK) == 0) {
			c->lua_dir = dir;
			return 0;
		}
		free(dir);
	}
	return 0;
}

static int default_plugin_dirs(struct config *c, size_t n, struct err *err)
{
	static const char *const places[] = { "", "/../lib/runbook", RUNBOOK_PLUGIN_PLACE };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (asprintf(&c->plugin_dirs[n + i], "%s%s", c->program_dir, places[i]) < 0) {
			c->plugin_dirs[n + i] = NULL;
			return no_memory(err);
		}
	}
	return 0;
}

/* The one that is shipped. */
static int fill_notify(struct config *c, struct err *err)
{
	struct config_notify *n = &c->notify;
	const char *dir = c->lua_dir ? c->lua_dir : "";
	if (!n->runbook && asprintf(&n->runbook, "%s/notify_event.lua", dir) < 0) {
		n->runbook = NULL;
		return no_memory(err);
	}
	n->start = (struct config_start){ .trigger = TRIGGER_NOTIFY,
					  .config = c,
					  .name = "notify",
					  .runbook = n->runbook,
					  .input = "",
					  .reason = "" };
	return 0;
}

static int fill_defaults(struct config *c, struct err *err)
{
	int rc = find_program(c, err);
	if (rc == 0 && !c->state_dir)
		rc = default_state_dir(c, err);
	if (rc == 0 && !c->lua_dir)
		rc = default_lua_dir(c, err);
	if (rc == 0)
		rc = fill_notify(c, err);
	return rc < 0 ? rc : default_plugin_dirs(c, c->plugin_dirs[0] != NULL, err);
}

/* Put the folder of the file for each ${dir}. */
static void expand_dir(struct buf *out, struct bytes text, const char *file)
{
	static const char mark[] = "${dir}";
	const char *slash = strrchr(file, '/');
	struct bytes dir = slash ? (struct bytes){ file, (size_t)(slash - file) } : bytes_str(".");
	const char *at;
	if (slash == file)
		dir = bytes_str("");
	while (text.n > 0 && (at = memmem(text.p, text.n, mark, sizeof(mark) - 1))) {
		size_t before = (size_t)(at - text.p);
		buf_add(out, text.p, before);
		buf_add(out, dir.p, dir.n);
		text.p += before + sizeof(mark) - 1;
		text.n -= before + sizeof(mark) - 1;
	}
	buf_add(out, text.p, text.n);
}

typedef int read_fn(struct buf *out, const char *path, struct err *err);

static int read_file(struct config *c, const char *path, read_fn *read, struct err *err)
{
	struct buf text = BUF_INIT(FILE_MAX), full = BUF_INIT(EXPANDED_MAX);
	uint8_t md[SHA256_LEN];
	int rc = read(&text, path, err);
	if (rc == 0)
		expand_dir(&full, buf_bytes(&text), path);
	if (rc == 0 && (full.err < 0 || sha256(md, buf_bytes(&text)) < 0))
		rc = no_memory(err);
	if (rc == 0) {
		hex_lower(c->hash, md, sizeof(md));
		rc = ini_parse(&c->ini, buf_bytes(&full), path, err);
	}
	buf_clear(&text);
	buf_clear(&full);
	return rc;
}

static int load(struct config *c, const char *path, const char *only, read_fn *read,
		struct err *err)
{
	int rc = 0;
	*c = (struct config){ .file = path ? path : "",
			      .log_level = LOG_INFO,
			      .store_keep_ms = PRUNE_DAYS(PRUNE_DEFAULT_DAYS) };
	if (path)
		rc = read_file(c, path, read, err);
	if (rc == 0 && path)
		rc = config_read_sections(c, only, err);
	return rc < 0 ? rc : fill_defaults(c, err);
}

int config_load(struct config *c, const char *path, struct err *err)
{
	return load(c, path, NULL, files_read, err);
}

int config_find_state(struct config *c, const char *path, struct err *err)
{
	return load(c, path, "host", files_read, err);
}

int config_open(struct config **out, const char *path, struct err *err)
{
	struct config *c = calloc(1, sizeof(*c));
	if (!c)
		return no_memory(err);
	int rc = load(c, path, NULL, files_read_regular, err);
	if (rc == 0)
		rc = config_read_secrets(c, err);
	c->holders = 1;
	if (rc < 0) {
		config_unref(c);
		return rc;
	}
	*out = c;
	return 0;
}

struct config *config_ref(struct config *c)
{
	INVARIANT(c->holders > 0);
	c->holders++;
	return c;
}

void config_unref(struct config *c)
{
	if (!c)
		return;
	INVARIANT(c->holders > 0);
	if (--c->holders > 0)
		return;
	config_clear(c);
	free(c);
}

bool config_same_trigger(const struct config_start *a, const struct config_start *b)
{
	return a->trigger == b->trigger && strcmp(a->name, b->name) == 0;
}

int config_set_log_format(struct config *c, const char *name, struct err *err)
{
	if (!name || log_format_parse(&c->log_format, name))
		return 0;
	return err_set(err, ERR_INVALID, "--log-format %.40s: expected text, logfmt or json", name);
}

void config_clear(struct config *c)
{
	for (size_t i = 0; i < c->n_hooks; i++) {
		struct buf *text = &c->hooks[i].secrets_text;
		if (text->p)
			wipe(text->p, text->n);
		buf_clear(text);
	}
	for (size_t i = 0; i < sizeof(c->plugin_dirs) / sizeof(c->plugin_dirs[0]); i++)
		free(c->plugin_dirs[i]);
	free(c->program_dir);
	free(c->state_dir);
	free(c->lua_dir);
	free(c->plugins);
	free(c->rules);
	free(c->rates);
	policy_free(c->policy);
	free(c->secrets);
	for (size_t i = 0; i < c->n_schedules; i++)
		config_clear_schedule(&c->schedules[i]);
	free(c->schedules);
	free(c->hooks);
	free(c->notify.runbook);
	config_listen_clear(&c->listen);
	config_listen_clear(&c->admin);
	ini_free(c->ini);
	*c = (struct config){ 0 };
}

void config_plugin(const struct config *c, const char *name, struct buf *out)
{
	const struct ini_section *s = c->ini ? ini_section(c->ini, name, "") : NULL;
	buf_adds(out, "{");
	for (size_t i = 0; s && i < s->n_keys; i++) {
		if (i > 0)
			buf_adds(out, ",");
		json_write_string(out, bytes_str(s->keys[i].name));
		buf_adds(out, ":");
		json_write_string(out, bytes_str(s->keys[i].value));
	}
	buf_adds(out, "}");
}

int config_check_sections(const struct config *c,
			  bool (*is_plugin)(const void *arg, const char *name), const void *arg,
			  struct err *err)
{
	for (size_t i = 0; c->ini && i < c->ini->n_sections; i++) {
		const struct ini_section *s = &c->ini->sections[i];
		if (config_known_section(s) || (s->name[0] == '\0' && is_plugin(arg, s->kind)))
			continue;
		return err_set(
		    err, ERR_INVALID,
		    "%s:%d: unknown section [%s%s%s]: expected host, limits, rules, rate, "
		    "policy, audit, approvals, secrets, store, listen, admin, notify, heartbeat, "
		    "schedule NAME, hook NAME or the name of a loaded plugin",
		    c->ini->file, s->line, s->kind, s->name[0] ? " " : "", s->name);
	}
	return 0;
}
