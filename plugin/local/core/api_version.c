/* api_version.c - versions and aliases of state machines. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/definition.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/mem.h"
#include "local/core/version.h"

/* ---- versions ---- */

static int publish_version(const struct api_call *c, struct err *err)
{
	struct machine *m;
	const char *revision = json_get_str(c->args, "revisionId");
	int rc = api_find_machine(c, json_get_str(c->args, "stateMachineArn"), &m, err);
	if (rc)
		return rc;
	const char *current = m->definition->revision ? m->definition->revision : "INITIAL";
	if (revision && strcmp(revision, current) != 0)
		return fault(err, "ConflictException",
			     "Failed to publish the State Machine version for revision %s. The "
			     "current State Machine revision is %s.",
			     revision, current);
	const struct version *v = version_publish(m, json_get_str(c->args, "description"));
	jsonw_date(c->w, "creationDate", v->created_ms);
	jsonw_str(c->w, "stateMachineVersionArn", v->arn);
	return 0;
}

static bool write_version(const struct api_call *c, const void *rows, size_t i)
{
	const struct machine *m = rows;
	const struct version *v = m->versions.list[i];
	jsonw_open(c->w, NULL, '{');
	jsonw_date(c->w, "creationDate", v->created_ms);
	jsonw_str(c->w, "stateMachineVersionArn", v->arn);
	jsonw_close(c->w, '}');
	return true;
}

static int list_versions(const struct api_call *c, struct err *err)
{
	struct machine *m;
	int rc = api_find_machine(c, json_get_str(c->args, "stateMachineArn"), &m, err);
	if (rc)
		return rc;
	char *about = mem_printf("ListStateMachineVersions %s", m->arn);
	const struct page_list list = { .about = about,
					.member = "stateMachineVersions",
					.rows = m,
					.n = m->versions.n,
					.row = write_version };
	rc = page_newest_first(c, &list, err);
	free(about);
	return rc;
}

/* The machine a qualified ARN belongs to, or NULL. */
static struct machine *machine_of(const struct api_call *c, const char *arn, const struct arn *a)
{
	size_t n = a->rest.p ? (size_t)(a->rest.p - arn) - 1 : strlen(arn);
	return table_get(&c->e->machines, (struct bytes){ arn, n });
}

static bool routes_to(const struct alias *a, const char *version_arn)
{
	for (size_t i = 0; i < a->n_routes; i++)
		if (strcmp(a->routes[i].version_arn, version_arn) == 0)
			return true;
	return false;
}

static int delete_version(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineVersionArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	struct machine *m = machine_of(c, arn, &a);
	struct version *v = m ? version_find(m, arn) : NULL;
	if (!v)
		return 0; /* deleting what is not there succeeds (recorded) */
	struct buf names = MEM_BUF;
	for (size_t i = 0; i < m->versions.n_aliases; i++)
		if (routes_to(m->versions.aliases[i], arn))
			buf_addf(&names, "%s%s", names.n ? ", " : "", m->versions.aliases[i]->name);
	if (names.n)
		rc = fault(err, "ConflictException",
			   "Version to be deleted must not be referenced by an alias. Current list "
			   "of aliases referencing this version: [%s]",
			   buf_cstr(&names));
	else
		version_delete(m, v);
	buf_clear(&names);
	return rc;
}

/* ---- aliases ---- */

struct routing {
	struct route routes[ALIAS_ROUTES]; /* borrowed */
	size_t n;
	struct machine *machine;
};

/* The front layer's constraints on routingConfiguration, in its own notation. */
static int check_routing(const cJSON *list, struct err *err)
{
	int n = cJSON_GetArraySize(list), i = 0;
	struct buf text = MEM_BUF;
	int rc = 0;
	for (const cJSON *r = list->child; r && !rc; r = r->next) {
		int64_t weight = json_get_int(r, "weight", -1);
		const char *arn = json_get_str(r, "stateMachineVersionArn");
		buf_addf(&text,
			 "%sRoutingConfigurationListItem(stateMachineVersionArn=%s, weight=%" PRId64
			 ")",
			 i++ ? ", " : "", arn ? arn : "null", weight);
		if (weight > 100)
			rc = fault(err, "ValidationException",
				   "1 validation error detected: Value '%" PRId64
				   "' at 'routingConfiguration.%d.member.weight' failed to satisfy "
				   "constraint: Member must have value less than or equal to 100",
				   weight, i);
	}
	if (!rc && (n < 1 || n > ALIAS_ROUTES))
		rc = fault(err, "ValidationException",
			   "1 validation error detected: Value '[%s]' at 'routingConfiguration' "
			   "failed to satisfy constraint: Member must have length %s",
			   buf_cstr(&text),
			   n < 1 ? "greater than or equal to 1" : "less than or equal to 2");
	buf_clear(&text);
	return rc;
}

static int refuse_routing(const struct api_call *c, const char *what, const cJSON *list,
			  const char *member, struct err *err)
{
	struct buf text = MEM_BUF;
	buf_addf(&text, "%s. Received: [", what);
	for (const cJSON *r = list->child; r; r = r->next) {
		const cJSON *v = json_get(r, member);
		buf_adds(&text, r == list->child ? "" : ", ");
		if (cJSON_IsString(v))
			buf_adds(&text, v->valuestring);
		else if (v)
			json_write(&text, v);
	}
	buf_adds(&text, "]");
	int rc = api_refuse(c, err, "INVALID_ROUTING_CONFIGURATION", buf_cstr(&text));
	buf_clear(&text);
	return rc;
}

static int read_routing(const struct api_call *c, struct routing *out, struct err *err)
{
	const cJSON *list = json_get(c->args, "routingConfiguration");
	int64_t sum = 0;
	int rc = check_routing(list, err);
	for (const cJSON *r = list->child; r && !rc; r = r->next) {
		static char none[] = "";
		const cJSON *arn = json_get(r, "stateMachineVersionArn");
		struct arn a;
		struct route *to = &out->routes[out->n++];
		to->version_arn = cJSON_IsString(arn) ? arn->valuestring : none;
		to->weight = json_get_int(r, "weight", 0);
		sum += to->weight;
		rc = arn_parse_as(&a, to->version_arn, "stateMachine", NULL, err);
		if (rc)
			return rc;
		if (!a.rest.p || !isdigit((unsigned char)a.rest.p[0]))
			return refuse_routing(
			    c, "Routing configuration must contain state machine version ARNs",
			    list, "stateMachineVersionArn", err);
		out->machine = machine_of(c, to->version_arn, &a);
		if (!out->machine || !version_find(out->machine, to->version_arn))
			return fault(err, "ResourceNotFound", "Resource not found: '%s'",
				     to->version_arn);
	}
	if (rc)
		return rc;
	if (out->n == 2 && strcmp(out->routes[0].version_arn, out->routes[1].version_arn) == 0)
		return refuse_routing(
		    c, "Routing configuration must contain distinct state machine version ARNs",
		    list, "stateMachineVersionArn", err);
	if (sum != 100)
		return refuse_routing(c, "Sum of routing configuration weights must equal 100",
				      list, "weight", err);
	return 0;
}

static bool same_alias(const struct alias *a, const struct routing *r, const char *description)
{
	if (a->n_routes != r->n || !a->description != !description ||
	    (description && strcmp(a->description, description) != 0))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(a->routes[i].version_arn, r->routes[i].version_arn) != 0 ||
		    a->routes[i].weight != r->routes[i].weight)
			return false;
	return true;
}

/* Letters, digits, - _ . and not digits alone: those would be a version. */
static bool alias_name_ok(const char *name)
{
	size_t n = strlen(name);
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
		   n &&
	       strspn(name, "0123456789") < n;
}

static int create_alias(const struct api_call *c, struct err *err)
{
	const char *name = json_get_str(c->args, "name");
	const char *description = json_get_str(c->args, "description");
	struct routing r = { 0 };
	if (!alias_name_ok(name))
		return fault(err, "ValidationException",
			     "1 validation error detected: Value '%s' at 'name' failed to satisfy "
			     "constraint: Member must satisfy regular expression pattern: "
			     "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
			     name);
	int rc = read_routing(c, &r, err);
	if (rc)
		return rc;
	char *arn = mem_printf("%s:%s", r.machine->arn, name);
	struct alias *a = alias_find(r.machine, arn);
	free(arn);
	if (a && !same_alias(a, &r, description))
		return fault(err, "ConflictException",
			     "Failed to create alias because an alias with the same name and a "
			     "different routing configuration already exists.");
	if (!a) {
		a = alias_add(r.machine, name);
		a->description = mem_str(description);
		a->created_ms = a->updated_ms = c->e->now;
		alias_set_routes(a, r.routes, r.n);
	}
	jsonw_date(c->w, "creationDate", a->created_ms);
	jsonw_str(c->w, "stateMachineAliasArn", a->arn);
	return 0;
}

static int find_alias(const struct api_call *c, struct machine **m, struct alias **out,
		      struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineAliasArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	*m = machine_of(c, arn, &a);
	*out = *m ? alias_find(*m, arn) : NULL;
	return *out ? 0
		    : fault(err, "ResourceNotFound",
			    "Request references a resource that does not "
			    "exist.");
}

static int update_alias(const struct api_call *c, struct err *err)
{
	const char *description = json_get_str(c->args, "description");
	struct machine *m;
	struct alias *a;
	struct routing r = { 0 };
	int rc = find_alias(c, &m, &a, err);
	if (!rc && !description && !json_get(c->args, "routingConfiguration"))
		rc = api_refuse(c, err, "MISSING_REQUIRED_PARAMETER",
				"Either the description or the routingConfiguration must be "
				"specified");
	if (!rc && json_get(c->args, "routingConfiguration"))
		rc = read_routing(c, &r, err);
	if (rc)
		return rc;
	if (r.n)
		alias_set_routes(a, r.routes, r.n);
	if (description) {
		free(a->description);
		a->description = mem_str(description);
	}
	a->updated_ms = c->e->now;
	record_touch(c->e, &m->record);
	jsonw_date(c->w, "updateDate", a->updated_ms);
	return 0;
}

static int describe_alias(const struct api_call *c, struct err *err)
{
	struct machine *m;
	struct alias *a;
	int rc = find_alias(c, &m, &a, err);
	if (rc)
		return rc;
	jsonw_date(c->w, "creationDate", a->created_ms);
	jsonw_str(c->w, "description", a->description);
	jsonw_str(c->w, "name", a->name);
	jsonw_open(c->w, "routingConfiguration", '[');
	for (size_t i = 0; i < a->n_routes; i++) {
		jsonw_open(c->w, NULL, '{');
		jsonw_str(c->w, "stateMachineVersionArn", a->routes[i].version_arn);
		jsonw_int(c->w, "weight", a->routes[i].weight);
		jsonw_close(c->w, '}');
	}
	jsonw_close(c->w, ']');
	jsonw_str(c->w, "stateMachineAliasArn", a->arn);
	jsonw_date(c->w, "updateDate", a->updated_ms);
	return 0;
}

static int delete_alias(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineAliasArn");
	struct arn parts;
	int rc = arn_parse_as(&parts, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	struct machine *m = machine_of(c, arn, &parts);
	struct alias *a = m ? alias_find(m, arn) : NULL;
	if (a)
		alias_delete(m, a);
	return 0; /* deleting what is not there succeeds (recorded) */
}

static int list_aliases(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "stateMachineArn");
	struct target t;
	int64_t start;
	int rc = target_find(c->e, arn, &t, err);
	if (!rc)
		rc = page_start(c->args, arn, &start, err);
	if (rc)
		return rc;
	size_t left = page_size(c->args), i = (size_t)start;
	jsonw_open(c->w, "stateMachineAliases", '[');
	for (; i < t.machine->versions.n_aliases && left > 0; i++) {
		const struct alias *a = t.machine->versions.aliases[i];
		if (t.version && !routes_to(a, t.version->arn))
			continue;
		jsonw_open(c->w, NULL, '{');
		jsonw_date(c->w, "creationDate", a->created_ms);
		jsonw_str(c->w, "stateMachineAliasArn", a->arn);
		jsonw_close(c->w, '}');
		left--;
	}
	jsonw_close(c->w, ']');
	if (i < t.machine->versions.n_aliases)
		page_next(c, arn, (int64_t)i);
	return 0;
}

static const struct arg publish_args[] = {
	{ .name = "stateMachineArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "revisionId", .type = ARG_STRING },
	{ .name = "description", .type = ARG_STRING, .max = 256 },
	{ 0 },
};

static const struct arg list_args[] = {
	{ .name = "stateMachineArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 1024 },
	{ 0 },
};

static const struct arg version_args[] = {
	{ .name = "stateMachineVersionArn",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = 2000 },
	{ 0 },
};

static const struct arg create_alias_args[] = {
	{ .name = "name", .type = ARG_STRING, .required = true, .min = 1, .max = 80 },
	{ .name = "description", .type = ARG_STRING, .max = 256 },
	{ .name = "routingConfiguration", .type = ARG_LIST, .required = true },
	{ 0 },
};

static const struct arg alias_args[] = {
	{ .name = "stateMachineAliasArn",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = 256 },
	{ 0 },
};

static const struct arg update_alias_args[] = {
	{ .name = "stateMachineAliasArn",
	  .type = ARG_STRING,
	  .required = true,
	  .min = 1,
	  .max = 256 },
	{ .name = "description", .type = ARG_STRING, .max = 256 },
	{ .name = "routingConfiguration", .type = ARG_LIST },
	{ 0 },
};

const struct api_row api_version_rows[] = {
	{ "CreateStateMachineAlias", create_alias_args, create_alias },
	{ "DeleteStateMachineAlias", alias_args, delete_alias },
	{ "DeleteStateMachineVersion", version_args, delete_version },
	{ "DescribeStateMachineAlias", alias_args, describe_alias },
	{ "ListStateMachineAliases", list_args, list_aliases },
	{ "ListStateMachineVersions", list_args, list_versions },
	{ "PublishStateMachineVersion", publish_args, publish_version },
	{ "UpdateStateMachineAlias", update_alias_args, update_alias },
	{ 0 },
};
