/* api_validate.c - ValidateStateMachineDefinition: what CreateStateMachine would say, without creating. */
#include "local/core/api.h"
#include "local/core/definition.h"
#include "local/core/definition_check.h"

enum { MOST = 100 };

static void write_diagnostic(struct jsonw *w, const struct diagnostic *d)
{
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "code", d->code);
	jsonw_str(w, "location", d->location);
	jsonw_str(w, "message", d->message);
	jsonw_str(w, "severity", d->not_run ? "WARNING" : "ERROR");
	jsonw_close(w, '}');
}

/* What the service would run and this engine does not is a warning: those are asked for. */
static int validate(const struct api_call *c, struct err *err)
{
	struct diagnostics found = { 0 };
	const char *severity = json_get_str(c->args, "severity");
	bool warnings = severity && strcmp(severity, "WARNING") == 0;
	int64_t most = json_get_int(c->args, "maxResults", 0), shown = 0;
	bool failed = false;
	const char *type = json_get_str(c->args, "type");
	(void)err;
	found.express = type && strcmp(type, "EXPRESS") == 0;
	definition_validate(json_get_str(c->args, "definition"), &found);
	jsonw_open(c->w, "diagnostics", '[');
	for (size_t i = 0; i < found.n; i++) {
		const struct diagnostic *d = &found.list[i];
		failed = failed || !d->not_run;
		if (d->not_run && !warnings)
			continue;
		if (shown++ < (most > 0 ? most : MOST))
			write_diagnostic(c->w, d);
	}
	jsonw_close(c->w, ']');
	jsonw_str(c->w, "result", failed ? "FAIL" : "OK");
	jsonw_bool(c->w, "truncated", shown > (most > 0 ? most : MOST));
	diagnostics_clear(&found);
	return 0;
}

static const struct arg validate_args[] = {
	{ .name = "definition",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = 1048576,
	  .sensitive = true },
	{ .name = "type", .type = ARG_STRING, .choices = "[STANDARD, EXPRESS]" },
	{ .name = "severity", .type = ARG_STRING, .choices = "[ERROR, WARNING]" },
	{ .name = "maxResults", .type = ARG_INTEGER, .max = MOST },
	{ 0 },
};

const struct api_row api_validate_rows[] = {
	{ "ValidateStateMachineDefinition", validate_args, validate },
	{ 0 },
};
