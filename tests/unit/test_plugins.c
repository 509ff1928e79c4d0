/* Loading plugins from files, and what they may register. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins.h"
#include "script/registry.h"
#include "tap.h"

struct host {
	struct registry *registry;
	char log[128]; /* what the plugins of this file did */
};

struct fixture {
	struct host host;
	struct host_api api;
	struct plugins *plugins;
	char dir[PATH_MAX];
};

static void never(void *state, struct host_call *call)
{
	(void)state, (void)call;
}

static int api_register(struct host *h, const char *ns, const struct operation *op, void *state,
			struct err *err)
{
	return registry_add_operation(h->registry, ns, op, state, err);
}

/* The modules stand beside this program. */
static void open_plugins(struct fixture *f)
{
	ssize_t n = readlink("/proc/self/exe", f->dir, sizeof(f->dir) - 1);
	INVARIANT(n > 0);
	f->dir[n] = '\0';
	*strrchr(f->dir, '/') = '\0';
	const char *dirs[] = { "/nonexistent", f->dir, NULL };
	f->host = (struct host){ 0 };
	INVARIANT(registry_new(&f->host.registry, NULL) == 0);
	f->api = (struct host_api){ .abi = RUNBOOK_PLUGIN_ABI,
				    .size = sizeof(f->api),
				    .host = &f->host,
				    .register_operation = api_register };
	struct plugins_spec spec = { .api = &f->api, .registry = f->host.registry, .dirs = dirs };
	INVARIANT(plugins_new(&f->plugins, &spec, NULL) == 0);
}

static void close_plugins(struct fixture *f)
{
	plugins_close(f->plugins);
	registry_free(f->host.registry);
}

static void check_refused(const char *name, const char *message)
{
	struct fixture f;
	struct err err = { 0 };
	open_plugins(&f);
	CHECK_INT(plugins_load(f.plugins, name, BYTES_LIT("{}"), &err), -ERR_INVALID);
	if (!CHECK(strstr(err.message, message)))
		TAP_NOTE("%s: %s", name, err.message);
	CHECK_INT(plugins_count(f.plugins), 0);
	close_plugins(&f);
}

TEST(a_plugin_is_loaded_and_registers_its_operations)
{
	struct fixture f;
	struct err err = { 0 };
	open_plugins(&f);

	CHECK_INT(plugins_load(f.plugins, "probe_good", BYTES_LIT("{\"ns\":\"x\"}"), &err), 0);
	CHECK_STR(err.message, "");

	CHECK_INT(plugins_count(f.plugins), 1);
	CHECK_STR(plugins_at(f.plugins, 0)->version, "7");
	CHECK(strstr(plugins_path(f.plugins, 0), "/probe_good.so"));
	const struct registered_op *op = registry_find(f.host.registry, "probe", "look");
	REQUIRE(op);
	CHECK_STR(op->full_name, "probe.look");
	CHECK_STR(op->plugin->name, "probe_good");
	CHECK_INT(plugins_load(f.plugins, "probe_good", BYTES_LIT("{}"), &err), -ERR_INVALID);
	CHECK_STR(err.message, "plugin 'probe_good' is loaded already");
	close_plugins(&f);
}

TEST(three_things_go_wrong_and_each_is_said)
{
	check_refused("nothing", "plugin 'nothing': no file nothing.so in /nonexistent, /");
	check_refused("probe_no_symbol",
		      "probe_no_symbol.so: not a plugin of this program: it has no "
		      "symbol 'runbook_plugin'");
	check_refused("probe_other_abi",
		      "probe_other_abi.so: built for plugin ABI 99, this program needs ABI 1 to 2");
}

TEST(a_name_is_not_a_path)
{
	check_refused("../probe_good", "a name is letters, digits, '_' and '-', not a path");
	check_refused("/tmp/x", "not a path");
	check_refused("", "not a path");
}

static void note(struct host *h, const char *what, struct bytes more)
{
	size_t n = strlen(h->log);
	(void)snprintf(h->log + n, sizeof(h->log) - n, "%s%.*s ", what, (int)more.n,
		       more.n ? more.p : "");
}

static int open_logged(const struct host_api *api, struct bytes config, void **state,
		       struct err *err)
{
	(void)err;
	*state = api->host;
	note(api->host, "open", config);
	return 0;
}

static void close_first(void *state)
{
	note(state, "first", BYTES_LIT(""));
}

static void close_second(void *state)
{
	note(state, "second", BYTES_LIT(""));
}

TEST(plugins_are_closed_in_reverse_order)
{
	static const struct plugin first = { .abi = RUNBOOK_PLUGIN_ABI,
					     .size = sizeof(first),
					     .name = "first",
					     .version = "1",
					     .open = open_logged,
					     .close = close_first };
	static const struct plugin second = { .abi = RUNBOOK_PLUGIN_ABI,
					      .size = sizeof(second),
					      .name = "second",
					      .version = "1",
					      .open = open_logged,
					      .close = close_second };
	struct fixture f;
	open_plugins(&f);

	CHECK_INT(plugins_add(f.plugins, &first, BYTES_LIT("1"), NULL), 0);
	CHECK_INT(plugins_add(f.plugins, &second, BYTES_LIT("2"), NULL), 0);
	CHECK_INT(plugins_add(f.plugins, &first, BYTES_LIT("3"), NULL), -ERR_INVALID);
	plugins_close(f.plugins);
	CHECK_STR(f.host.log, "open1 open2 second first ");

	f.plugins = NULL;
	close_plugins(&f);
}

TEST(a_row_must_keep_the_rules)
{
	struct registry *r = NULL;
	struct err err;
	struct operation op = {
		.name = "look", .flags = OP_READS, .start = never, .stop = never, .size = sizeof(op)
	};
	INVARIANT(registry_new(&r, NULL) == 0);

	CHECK_INT(registry_add_operation(r, "x", &op, NULL, &err), 0);
	CHECK_INT(registry_add_operation(r, "x", &op, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message, "operation 'x.look' is registered already");
	CHECK_INT(registry_add_operation(r, "y", &op, NULL, &err), 0);
	CHECK_INT(registry_add_operation(r, "a.b", &op, NULL, &err), -ERR_INVALID);
	op.flags = OP_READS | OP_CHANGES;
	CHECK_INT(registry_add_operation(r, "z", &op, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message, "operation 'z.look': exactly one of OP_READS and OP_CHANGES");
	op.flags = OP_READS;
	op.reconcile = never;
	CHECK_INT(registry_add_operation(r, "z", &op, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message, "operation 'z.look': only a changing operation has prepare, "
			       "reconcile and resend_ms");
	op.flags = OP_CHANGES;
	op.size = 0;
	CHECK_INT(registry_add_operation(r, "z", &op, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message, "operation 'z.look': size is not set");
	op.size = sizeof(op);
	op.stop = NULL;
	CHECK_INT(registry_add_operation(r, "z", &op, NULL, &err), -ERR_INVALID);
	CHECK_INT(registry_n_operations(r), 2);
	CHECK_STR(registry_operation(r, 1)->full_name, "y.look");
	CHECK(!registry_operation(r, 2));
	CHECK(registry_has_namespace(r, "y") && !registry_has_namespace(r, "z"));
	registry_free(r);
}

/* A block of its own, so that a sanitizer sees a read behind the row's end. */
static struct operation *row_of_size(size_t n, const struct operation *like)
{
	struct operation *row = malloc(n);
	INVARIANT(row);
	memcpy(row, like, n);
	return row;
}

TEST(rows_of_other_sizes_are_brought_to_ours)
{
	static const struct plugin first = { .abi = 1, .name = "first" };
	static const struct plugin later = { .abi = 2, .name = "later" };
	enum { OLD = offsetof(struct operation, size), NEWER = 64 };
	const size_t known = offsetof(struct operation, reconcile);
	union {
		struct operation op;
		char bytes[sizeof(struct operation) + NEWER];
	} row = { .op = { .name = "old",
			  .flags = OP_CHANGES,
			  .doc = "d",
			  .start = never,
			  .stop = never,
			  .prepare = never,
			  .reconcile = never } };
	struct registry *r = NULL;
	INVARIANT(registry_new(&r, NULL) == 0);

	struct operation *old = row_of_size(OLD, &row.op);
	registry_set_plugin(r, &first);
	CHECK_INT(registry_add_operation(r, "x", old, NULL, NULL), 0);
	free(old);

	row.op.name = "part";
	row.op.size = (uint32_t)known;
	struct operation *part = row_of_size(known, &row.op);
	registry_set_plugin(r, &later);
	CHECK_INT(registry_add_operation(r, "x", part, NULL, NULL), 0);
	free(part);

	row.op.name = "newer";
	row.op.size = sizeof(row.bytes);
	CHECK_INT(registry_add_operation(r, "x", &row.op, NULL, NULL), 0);

	const struct operation *op = registry_find(r, "x", "old")->op;
	CHECK_STR(op->doc, "d");
	CHECK(op->start == never && !op->prepare && !op->reconcile);
	op = registry_find(r, "x", "part")->op;
	CHECK(op->prepare == never && !op->reconcile);
	CHECK(registry_find(r, "x", "newer")->op->reconcile == never);
	registry_free(r);
}

static int start_command(void *state, int argc, char **argv, struct err *err)
{
	(void)state, (void)argc, (void)argv, (void)err;
	return 0;
}

TEST(a_command_is_registered_once)
{
	static const struct command local = { .name = "local", .start = start_command };
	static const struct command broken = { .name = "broken" };
	struct registry *r = NULL;
	struct err err;
	INVARIANT(registry_new(&r, NULL) == 0);

	CHECK_INT(registry_add_command(r, &local, NULL, &err), 0);
	CHECK_INT(registry_add_command(r, &local, NULL, &err), -ERR_INVALID);
	CHECK_STR(err.message, "command 'local' is registered already");
	CHECK_INT(registry_add_command(r, &broken, NULL, &err), -ERR_INVALID);
	CHECK_INT(registry_n_commands(r), 1);
	CHECK(registry_find_command(r, "local") && !registry_find_command(r, "x"));
	registry_free(r);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_plugin_is_loaded_and_registers_its_operations),
	    TAP_CASE(three_things_go_wrong_and_each_is_said), TAP_CASE(a_name_is_not_a_path),
	    TAP_CASE(plugins_are_closed_in_reverse_order), TAP_CASE(a_row_must_keep_the_rules),
	    TAP_CASE(rows_of_other_sizes_are_brought_to_ours),
	    TAP_CASE(a_command_is_registered_once)));
}
