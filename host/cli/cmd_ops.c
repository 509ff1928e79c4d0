/* cmd_ops.c - runbook ops: what the loaded plugins offer. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/host.h"
#include "cli/usage.h"
#include "script/registry.h"

static const char help[] =
    "usage: runbook ops [NAME] [--config FILE]\n"
    "\n"
    "List every operation that a runbook can call: its members, whether it reads or changes, the\n"
    "IAM action and the form of resource ARN it needs, and one line of doc. NAME (sfn, or\n"
    "sfn.redrive_execution) shows only those.\n";

static const char *type_name(const struct member *m)
{
	switch (m->type) {
	case MEMBER_STRING:
		return "string";
	case MEMBER_INTEGER:
		return "integer";
	case MEMBER_NUMBER:
		return "number";
	case MEMBER_BOOLEAN:
		return "boolean";
	case MEMBER_TIMESTAMP:
		return "timestamp";
	case MEMBER_OBJECT:
		return "object";
	case MEMBER_LIST:
		return "list";
	case MEMBER_MAP:
		return "map";
	case MEMBER_ANY:
		return "any";
	}
	return "any";
}

static void print_members(const struct member *m, int depth)
{
	for (; m && m->name; m++) {
		printf("  %*s%-*s %s", depth * 2, "", 24 - depth * 2, m->name, type_name(m));
		if (m->flags & MEMBER_REQUIRED)
			printf(", required");
		if (m->flags & MEMBER_TOKEN)
			printf(", idempotency token: filled in when missing");
		if (m->flags & MEMBER_SENSITIVE)
			printf(", never recorded");
		if (m->choices) {
			printf(", one of");
			for (const char *const *c = m->choices; *c; c++)
				printf(" %s", *c);
		}
		printf("\n");
		if (m->type == MEMBER_OBJECT)
			print_members(m->members, depth + 1);
	}
}

static void print_operation(const struct registered_op *r)
{
	const struct operation *op = r->op;
	printf("%s  (%s, %s)\n", r->full_name, op->wire_name,
	       op->flags & OP_CHANGES ? "changes" : "reads");
	printf("  %s\n", op->doc);
	if (op->iam_action)
		printf("  IAM: %s on %s\n", op->iam_action,
		       op->iam_resource ? op->iam_resource : "*");
	if (op->max_calls > 0)
		printf("  calls a run may make of it: %d (more by [rules] %s = N)\n", op->max_calls,
		       r->full_name);
	print_members(op->members, 0);
	printf("\n");
}

static bool wanted(const struct registered_op *r, const char *name)
{
	return !name || strcmp(name, r->full_name) == 0 || strcmp(name, r->ns) == 0;
}

static int print_all(const char *config_file, const char *name)
{
	struct host h = { 0 };
	struct config config = { 0 };
	struct err err = { 0 };
	size_t shown = 0;
	int status = EXIT_DONE;
	int rc = config_load(&config, config_file, &err);
	if (rc == 0)
		rc = host_open(&h, &config, &err);
	for (size_t i = 0; rc == 0 && i < registry_n_operations(h.registry); i++) {
		const struct registered_op *r = registry_operation(h.registry, i);
		if (!wanted(r, name))
			continue;
		print_operation(r);
		shown++;
	}
	if (rc < 0)
		status = usage_error("ops", "%s", err.message);
	else if (name && shown == 0)
		status = usage_error("ops", "no operation or namespace is called '%s'", name);
	else if (shown == 0)
		(void)usage_error("ops", "no plugin is loaded, so there are no operations");
	status = host_close(&h, status);
	config_clear(&config);
	return fflush(stdout) == 0 ? status : EXIT_FAILED;
}

int cmd_ops(int argc, char **argv)
{
	const char *config;
	int status;
	if (!read_config_option(&config, help, argc, argv, &status))
		return status;
	if (argc - optind > 1)
		return usage_error("ops", "expected at most one NAME");
	return print_all(config, argv[optind]);
}
