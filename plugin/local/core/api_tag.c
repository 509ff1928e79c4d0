/* api_tag.c - tags of state machines and activities. */
#include "local/core/activity.h"
#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/fault.h"
#include "local/core/machine.h"
#include "local/core/mem.h"
#include "local/core/tags.h"

/* Where the tags of a resource are kept. */
struct tagged {
	cJSON **tags;
	struct record *record;
};

static int find_tagged(const struct api_call *c, struct tagged *out, struct err *err)
{
	const char *arn = json_get_str(c->args, "resourceArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", "activity", err);
	if (rc)
		return rc;
	struct machine *m = table_find(&c->e->machines, arn);
	struct activity *act = table_find(&c->e->activities, arn);
	if (!m && !act)
		return fault(err, "ResourceNotFound", "Resource not found: '%s'", arn);
	*out = m ? (struct tagged){ &m->tags, &m->record }
		 : (struct tagged){ &act->tags, &act->record };
	return 0;
}

static int tag_resource(const struct api_call *c, struct err *err)
{
	struct tagged t;
	int rc = find_tagged(c, &t, err);
	if (!rc)
		rc = tags_add(t.tags, json_get(c->args, "tags"), err);
	if (!rc)
		record_touch(c->e, t.record);
	return rc;
}

static int untag_resource(const struct api_call *c, struct err *err)
{
	struct tagged t;
	int rc = find_tagged(c, &t, err);
	if (rc)
		return rc;
	for (const cJSON *k = json_get(c->args, "tagKeys")->child; k; k = k->next)
		if (cJSON_IsString(k))
			tags_remove(*t.tags, k->valuestring);
	record_touch(c->e, t.record);
	return 0;
}

static int list_tags(const struct api_call *c, struct err *err)
{
	struct tagged t;
	int rc = find_tagged(c, &t, err);
	if (!rc)
		tags_write(c->w, *t.tags);
	return rc;
}

#define RESOURCE \
	{ \
		.name = "resourceArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 \
	}

static const struct arg tag_args[] = {
	RESOURCE,
	{ .name = "tags", .type = ARG_LIST, .required = true },
	{ 0 },
};

static const struct arg untag_args[] = {
	RESOURCE,
	{ .name = "tagKeys", .type = ARG_LIST, .required = true },
	{ 0 },
};

static const struct arg list_args[] = { RESOURCE, { 0 } };

const struct api_row api_tag_rows[] = {
	{ "ListTagsForResource", list_args, list_tags },
	{ "TagResource", tag_args, tag_resource },
	{ "UntagResource", untag_args, untag_resource },
	{ 0 },
};
