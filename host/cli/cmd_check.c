/* cmd_check.c - runbook check: what is wrong with runbooks, without running them. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/files.h"
#include "cli/host.h"
#include "cli/usage.h"
#include "lint/lint.h"
#include "script/compile.h"
#include "script/policy.h"
#include "script/registry.h"
#include "script/rules.h"

static const char help[] =
    "usage: runbook check FILE ... [--config FILE]\n"
    "\n"
    "Say what is wrong with Lua runbooks or modules, without running them, as\n"
    "FILE:LINE:COLUMN: MESSAGE on standard output: syntax errors; globals that do not exist;\n"
    "unknown fields of string, table and the like; modules that are not there; operations and\n"
    "members that the plugins of the configuration do not have, and members that are missing, in\n"
    "literal tables, nested ones too; lines '--- policy:' that 'runbook run' would refuse.\n"
    "\n"
    "Exit status: 0 nothing found, 1 something found, 2 usage, configuration or a file that\n"
    "cannot be read.\n";

enum { SOURCE_MAX = 16 << 20, PATH_SIZE = 4096 };

struct check {
	struct host host;
	char folder[PATH_SIZE]; /* of the file */
};

static const struct operation *operation(void *arg, size_t i, const char **ns)
{
	const struct check *c = arg;
	if (i >= registry_n_operations(c->host.registry))
		return NULL;
	const struct registered_op *r = registry_operation(c->host.registry, i);
	*ns = r->ns;
	return r->op;
}

/* As script/sandbox_require.c: a dot is a folder. */
static bool is_file(const char *folder, const char *name)
{
	char path[PATH_SIZE];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (n < 0 || (size_t)n + 5 > sizeof(path))
		return false;
	for (char *p = path + strlen(folder) + 1; *p; p++)
		if (*p == '.')
			*p = '/';
	(void)snprintf(path + n, sizeof(path) - (size_t)n, ".lua");
	return access(path, R_OK) == 0;
}

static bool has_module(void *arg, const char *name)
{
	const struct check *c = arg;
	const char *lua_dir = c->host.config->lua_dir;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.") !=
	    strlen(name))
		return false;
	return is_file(c->folder, name) || (lua_dir && is_file(lua_dir, name));
}

static void set_folder(struct check *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		(void)snprintf(c->folder, sizeof(c->folder), ".");
	else
		(void)snprintf(c->folder, sizeof(c->folder), "%.*s", (int)(slash - path), path);
}

/* The first line of the header that a run would be refused for; returns how many there are. */
static size_t report_header(const struct check *c, const char *path, const char *source)
{
	struct policy *header;
	struct err err;
	size_t n = strlen(path);
	if (rules_read_header(&header, c->host.registry, source, path, &err) == 0) {
		policy_free(header);
		return 0;
	}
	const char *line = strncmp(err.message, path, n) == 0 ? err.message + n : "";
	size_t digits = line[0] == ':' ? strspn(line + 1, "0123456789") : 0;
	if (digits > 0)
		printf("%s:%.*s:1%s\n", path, (int)digits, line + 1, line + 1 + digits);
	else
		printf("%s:1:1: %s\n", path, err.message);
	return 1;
}

/* Returns how many problems there are. */
static size_t report(struct check *c, const char *path, struct bytes source)
{
	const struct lint_world world = { c, operation, has_module };
	struct lint l = { .world = &world };
	struct err err;
	int line = 0;
	set_folder(c, path);
	size_t n = report_header(c, path, source.p);
	lint_source(&l, source);
	n += l.n;
	for (size_t i = 0; i < l.n; i++)
		printf("%s:%d:%d: %s\n", path, l.v[i].line, l.v[i].column, l.v[i].text);
	if (l.n == LINT_MAX)
		printf("%s: more than the first %d problems are not shown\n", path, LINT_MAX);
	if (l.syntax || script_compile(source, &line, &err) == 0)
		return n;
	printf("%s:%d:1: %s\n", path, line, err.message);
	return n + 1;
}

static int check_files(struct check *c, int n, char **paths)
{
	int status = EXIT_DONE;
	for (int i = 0; i < n; i++) {
		struct buf source = BUF_INIT(SOURCE_MAX);
		struct err err;
		if (files_read(&source, paths[i], &err) < 0)
			status = usage_error("check", "%s", err.message);
		else if (report(c, paths[i], (struct bytes){ buf_cstr(&source), source.n }) > 0 &&
			 status == EXIT_DONE)
			status = EXIT_FAILED;
		buf_clear(&source);
	}
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct check c = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	const char *file;
	int status;
	if (!read_config_option(&file, help, argc, argv, &status))
		return status;
	if (argc == optind)
		return usage_error("check", "expected one FILE or more");
	int rc = config_load(&config, file, &err);
	if (rc == 0)
		rc = host_open(&c.host, &config, &err);
	if (rc < 0)
		status = usage_error("check", "%s", err.message);
	else
		status = check_files(&c, argc - optind, argv + optind);
	status = host_close(&c.host, status);
	config_clear(&config);
	return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
