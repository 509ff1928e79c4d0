/* Lua sources: what Lua compiles, the parser of `runbook check` must accept; nothing may crash it. */
#include <stddef.h>
#include <stdint.h>

#include "lint/lint.h"
#include "script/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct member members[] = {
	{ .name = "name", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED },
	{ .name = "deep", .type = MEMBER_OBJECT, .members = members },
	{ .name = "list", .type = MEMBER_LIST, .members = members },
	{ .name = NULL },
};

static const struct operation *operation(void *arg, size_t i, const char **ns)
{
	static const struct operation only = { .name = "read_thing", .members = members };
	(void)arg;
	*ns = "demo";
	return i == 0 ? &only : NULL;
}

static bool has_module(void *arg, const char *name)
{
	(void)arg;
	return name[0] == 'm';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lint_world world = { NULL, operation, has_module };
	const struct bytes source = { (const char *)data, size };
	struct lint l = { .world = &world };
	int line = 0;
	lint_source(&l, source);
	INVARIANT(!l.syntax || script_compile(source, &line, NULL) < 0);
	return 0;
}
