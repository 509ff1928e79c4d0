/* api_machine.c - state machines: create, update, describe, list, delete. */
#include <stdlib.h>

#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/logging.h"
#include "local/core/machine.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/tags.h"
#include "local/core/version.h"

/* ---- create and update ---- */

static char *text_of(const cJSON *args, const char *name)
{
	const cJSON *v = json_get(args, name);
	struct buf b = MEM_BUF;
	if (!cJSON_IsObject(v))
		return NULL;
	json_write(&b, v);
	return mem_take(&b, NULL);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Tracing is off unless it is switched on. */
static char *tracing_of(const cJSON *args)
{
	const cJSON *given = json_get(args, "tracingConfiguration");
	return json_get_bool(given, "enabled", false) ? mem_str("{\"enabled\":true}") : NULL;
}

static int check_version_description(const cJSON *args, struct err *err)
{
	if (!json_get(args, "versionDescription") || json_get_bool(args, "publish", false))
		return 0;
	return fault(err, "ValidationException",
		     "Version description can only be set when publish is true");
}

/* A machine of that name is there: the same again is fine, anything else is not. */
static int create_again(const struct api_call *c, const struct machine *m, const char *logging,
			struct err *err)
{
	char *tracing = tracing_of(c->args);
	const char *type = json_get_str(c->args, "type");
	bool same = strcmp(m->definition->text, json_get_str(c->args, "definition")) == 0 &&
		    m->express == (type && strcmp(type, "EXPRESS") == 0) &&
		    same_text(m->logging, logging) && same_text(m->tracing, tracing);
	free(tracing);
	if (m->deleting)
		return fault(err, "StateMachineDeleting", "State Machine is being deleted: '%s'",
			     m->arn);
	if (!same)
		return fault(err, "StateMachineAlreadyExists", "State Machine Already Exists: '%s'",
			     m->arn);
	jsonw_date(c->w, "creationDate", m->created_ms);
	jsonw_str(c->w, "stateMachineArn", m->arn);
	return 0;
}

static int check_role(const char *role, struct err *err)
{
	if (strncmp(role, "arn:", 4) == 0)
		return 0;
	return fault(err, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: %s'", role);
}

/* With `publish` the current revision becomes a version. */
static void write_published(const struct api_call *c, struct machine *m)
{
	if (!json_get_bool(c->args, "publish", false))
		return;
	const struct version *v = version_publish(m, json_get_str(c->args, "versionDescription"));
	jsonw_str(c->w, "stateMachineVersionArn", v->arn);
}

/* A new machine; name, role and logging have been checked, and logging is taken over. */
static int add_machine(const struct api_call *c, const char *arn, char *logging, struct err *err)
{
	const char *type = json_get_str(c->args, "type");
	bool express = type && strcmp(type, "EXPRESS") == 0;
	struct definition *d;
	int rc = definition_parse(&d, json_get_str(c->args, "definition"), express, err);
	if (rc) {
		free(logging);
		return rc;
	}
	struct machine *m = machine_new(c->e, arn, json_get_str(c->args, "name"), express);
	m->created_ms = c->e->now;
	m->logging = logging;
	m->tracing = tracing_of(c->args);
	m->encryption = text_of(c->args, "encryptionConfiguration");
	d->role = mem_str(json_get_str(c->args, "roleArn"));
	d->since_ms = c->e->now;
	machine_set_definition(m, d);
	rc = tags_add(&m->tags, json_get(c->args, "tags"), err);
	if (rc) {
		machine_free(m);
		return rc;
	}
	jsonw_date(c->w, "creationDate", m->created_ms);
	jsonw_str(c->w, "stateMachineArn", m->arn);
	write_published(c, m);
	return 0;
}

static int create_machine(const struct api_call *c, struct err *err)
{
	const char *name = json_get_str(c->args, "name");
	char *logging = NULL;
	int rc = check_version_description(c->args, err);
	if (rc)
		return rc;
	if (!arn_name_ok(name))
		return fault(err, "InvalidName", "Invalid Name: '%s'", name);
	rc = check_role(json_get_str(c->args, "roleArn"), err);
	if (!rc)
		rc = logging_read(json_get(c->args, "loggingConfiguration"), &logging, err);
	if (rc)
		return rc;
	char *arn =
	    mem_printf("arn:aws:states:%s:%s:stateMachine:%s", c->e->region, c->e->account, name);
	const struct machine *m = table_find(&c->e->machines, arn);
	if (m) {
		rc = create_again(c, m, logging, err);
		free(logging);
	} else {
		rc = add_machine(c, arn, logging, err);
	}
	free(arn);
	return rc;
}

/* A new revision from what is given and, for the rest, the current one. */
static int revise(const struct api_call *c, struct machine *m, struct err *err)
{
	struct definition *d;
	const char *text = json_get_str(c->args, "definition");
	const char *role = json_get_str(c->args, "roleArn");
	char uuid[40];
	int rc = role ? check_role(role, err) : 0;
	if (!rc)
		rc = definition_parse(&d, text ? text : m->definition->text, m->express, err);
	if (rc)
		return rc;
	engine_uuid(c->e, uuid, 4);
	d->role = mem_str(role ? role : m->definition->role);
	d->revision = mem_str(uuid);
	d->since_ms = c->e->now;
	machine_set_definition(m, d);
	return 0;
}

/* `now`, which is taken over, in place of *field, when that member is given. */
static void replace_text(const struct api_call *c, const char *name, char **field, char *now)
{
	if (!json_get(c->args, name)) {
		free(now);
		return;
	}
	free(*field);
	*field = now;
}

static int update_machine(const struct api_call *c, struct err *err)
{
	struct machine *m;
	const char *text = json_get_str(c->args, "definition");
	const char *role = json_get_str(c->args, "roleArn");
	char *logging = NULL;
	int rc = api_find_machine(c, json_get_str(c->args, "stateMachineArn"), &m, err);
	if (rc)
		return rc;
	if (m->deleting)
		return fault(err, "StateMachineDeleting", "State Machine is being deleted: '%s'",
			     m->arn);
	if (!text && !role && !json_get(c->args, "loggingConfiguration") &&
	    !json_get(c->args, "tracingConfiguration") &&
	    !json_get(c->args, "encryptionConfiguration"))
		return fault(err, "MissingRequiredParameter",
			     "Either the definition, the role ARN, the LoggingConfiguration, or "
			     "the TracingConfiguration must be specified");
	rc = check_version_description(c->args, err);
	if (!rc)
		rc = logging_read(json_get(c->args, "loggingConfiguration"), &logging, err);
	if (rc)
		return rc;
	/* The same again keeps its revision (recorded). */
	bool changes = (text && strcmp(text, m->definition->text) != 0) ||
		       (role && strcmp(role, m->definition->role) != 0);
	rc = changes || !m->definition->revision ? revise(c, m, err) : 0;
	if (rc) {
		free(logging);
		return rc;
	}
	replace_text(c, "loggingConfiguration", &m->logging, logging);
	replace_text(c, "tracingConfiguration", &m->tracing, tracing_of(c->args));
	replace_text(c, "encryptionConfiguration", &m->encryption,
		     text_of(c->args, "encryptionConfiguration"));
	record_touch(c->e, &m->record);
	jsonw_str(c->w, "revisionId", m->definition->revision);
	write_published(c, m);
	jsonw_date(c->w, "updateDate", c->e->now);
	return 0;
}

static int delete_machine(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	struct machine *m = table_find(&c->e->machines, arn);
	if (m)
		machine_delete(m);
	return 0; /* deleting what is not there succeeds */
}

/* ---- describe and list ---- */

/* One of the three configurations: as given, with the type the service puts in front. */
static void write_configuration(struct jsonw *w, const char *name, const char *type,
				const char *given, const char *fallback)
{
	const char *text = given ? given : fallback;
	struct buf b = MEM_BUF;
	buf_addf(&b, "{\"__type\":\"com.amazonaws.swf.base.model#%s\"%s%s", type,
		 text[1] == '}' ? "" : ",", text + 1);
	jsonw_raw(w, name, buf_bytes(&b));
	buf_clear(&b);
}

static void write_configurations(struct jsonw *w, const struct machine *m)
{
	write_configuration(w, "encryptionConfiguration", "EncryptionConfiguration", m->encryption,
			    "{\"type\":\"AWS_OWNED_KEY\"}");
	write_configuration(w, "loggingConfiguration", "LoggingConfiguration", m->logging,
			    "{\"includeExecutionData\":false,\"level\":\"OFF\"}");
	write_configuration(w, "tracingConfiguration", "TracingConfiguration", m->tracing,
			    "{\"enabled\":false}");
}

static int describe_machine(const struct api_call *c, struct err *err)
{
	struct target to;
	int rc = target_find(c->e, json_get_str(c->args, "stateMachineArn"), &to, err);
	if (rc)
		return rc;
	const struct machine *m = to.machine;
	const struct version *v = to.version;
	const struct definition *d = v ? v->definition : m->definition;
	api_tells(c, &m->record);
	jsonw_date(c->w, "creationDate", v ? v->created_ms : m->created_ms);
	jsonw_str(c->w, "definition", d->text);
	jsonw_str(c->w, "description", v ? v->description : NULL);
	write_configurations(c->w, m);
	jsonw_str(c->w, "name", m->name);
	jsonw_str(c->w, "revisionId", d->revision);
	jsonw_str(c->w, "roleArn", d->role);
	jsonw_str(c->w, "stateMachineArn", v ? v->arn : m->arn);
	jsonw_str(c->w, "status", m->deleting ? "DELETING" : "ACTIVE");
	jsonw_str(c->w, "type", m->express ? "EXPRESS" : "STANDARD");
	return 0;
}

/* The processor of a Map as a definition of its own: compact, without ProcessorConfig (recorded). */
static void write_processor(struct jsonw *w, const struct flow *flow)
{
	struct buf b = MEM_BUF;
	cJSON *copy = cJSON_Duplicate(flow->def, true);
	INVARIANT(copy);
	cJSON_DeleteItemFromObjectCaseSensitive(copy, "ProcessorConfig");
	json_write(&b, copy);
	cJSON_Delete(copy);
	jsonw_bytes(w, "definition", buf_bytes(&b));
	buf_clear(&b);
}

static int describe_machine_for_execution(const struct api_call *c, struct err *err)
{
	struct execution *x;
	int rc = api_find_execution(c, json_get_str(c->args, "executionArn"), &x, err);
	if (rc)
		return rc;
	api_tells(c, &x->record);
	api_tells(c, &x->machine->record);
	if (x->map_run)
		write_processor(c->w, x->flow);
	else
		jsonw_str(c->w, "definition", x->definition->text);
	if (x->map_run) {
		jsonw_str(c->w, "label", x->map_run->state->label);
		jsonw_str(c->w, "mapRunArn", x->map_run->arn);
	}
	write_configurations(c->w, x->machine);
	jsonw_str(c->w, "name", x->machine->name);
	jsonw_str(c->w, "revisionId", x->definition->revision);
	jsonw_str(c->w, "roleArn", x->definition->role);
	jsonw_str(c->w, "stateMachineArn", x->machine_arn);
	jsonw_date(c->w, "updateDate", x->definition->since_ms);
	return 0;
}

static int by_creation(const void *a, const void *b)
{
	const struct machine *const *x = a, *const *y = b;
	if ((*x)->created_ms != (*y)->created_ms)
		return (*x)->created_ms < (*y)->created_ms ? -1 : 1;
	return strcmp((*x)->arn, (*y)->arn);
}

/* All machines, the oldest first. free() it. */
static struct machine **sorted_machines(const struct engine *e)
{
	struct machine **list = mem_zero((e->machines.n + 1) * sizeof(struct machine *));
	size_t pos = 0, n = 0;
	struct machine *m;
	while ((m = table_next(&e->machines, &pos)) != NULL)
		list[n++] = m;
	qsort(list, n, sizeof(struct machine *), by_creation);
	return list;
}

static int list_machines(const struct api_call *c, struct err *err)
{
	int64_t start;
	int rc = page_start(c->args, "ListStateMachines", &start, err);
	if (rc)
		return rc;
	struct machine **list = sorted_machines(c->e);
	size_t n = c->e->machines.n, i = (size_t)start, end = i + page_size(c->args);
	jsonw_open(c->w, "stateMachines", '[');
	for (; i < n && i < end; i++) {
		jsonw_open(c->w, NULL, '{');
		jsonw_date(c->w, "creationDate", list[i]->created_ms);
		jsonw_str(c->w, "name", list[i]->name);
		jsonw_str(c->w, "stateMachineArn", list[i]->arn);
		jsonw_str(c->w, "type", list[i]->express ? "EXPRESS" : "STANDARD");
		jsonw_close(c->w, '}');
	}
	jsonw_close(c->w, ']');
	if (i < n)
		page_next(c, "ListStateMachines", (int64_t)i);
	free(list);
	return 0;
}

#define ARN_MAX 256
#define DEFINITION_MAX 1048576

static const struct arg create_args[] = {
	{ .name = "publish", .type = ARG_BOOLEAN },
	{ .name = "versionDescription", .type = ARG_STRING, .max = 256 },
	{ .name = "tags", .type = ARG_LIST },
	{ .name = "name", .type = ARG_STRING, .required = true, .min = 1, .max = 80 },
	{ .name = "definition",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = DEFINITION_MAX },
	{ .name = "roleArn", .type = ARG_STRING, .required = true, .min = 1, .max = ARN_MAX },
	{ .name = "type", .type = ARG_STRING, .choices = "[STANDARD, EXPRESS]" },
	{ .name = "loggingConfiguration", .type = ARG_OBJECT },
	{ .name = "tracingConfiguration", .type = ARG_OBJECT },
	{ .name = "encryptionConfiguration", .type = ARG_OBJECT },
	{ 0 },
};

static const struct arg update_args[] = {
	{ .name = "publish", .type = ARG_BOOLEAN },
	{ .name = "versionDescription", .type = ARG_STRING, .max = 256 },
	{ .name = "stateMachineArn",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = ARN_MAX },
	{ .name = "definition", .type = ARG_STRING, .min = 1, .max = DEFINITION_MAX },
	{ .name = "roleArn", .type = ARG_STRING, .min = 1, .max = ARN_MAX },
	{ .name = "loggingConfiguration", .type = ARG_OBJECT },
	{ .name = "tracingConfiguration", .type = ARG_OBJECT },
	{ .name = "encryptionConfiguration", .type = ARG_OBJECT },
	{ 0 },
};

static const struct arg machine_args[] = {
	{ .name = "stateMachineArn",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = ARN_MAX },
	{ 0 },
};

static const struct arg execution_args[] = {
	{ .name = "executionArn", .type = ARG_STRING, .required = true, .min = 1, .max = ARN_MAX },
	{ 0 },
};

static const struct arg list_args[] = {
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 1024 },
	{ 0 },
};

const struct api_row api_machine_rows[] = {
	{ "CreateStateMachine", create_args, create_machine },
	{ "DeleteStateMachine", machine_args, delete_machine },
	{ "DescribeStateMachine", machine_args, describe_machine },
	{ "DescribeStateMachineForExecution", execution_args, describe_machine_for_execution },
	{ "ListStateMachines", list_args, list_machines },
	{ "UpdateStateMachine", update_args, update_machine },
	{ 0 },
};
