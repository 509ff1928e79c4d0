#include "sns/publish.h"

#include <stdio.h>
#include <string.h>

#include "aws/xml.h"
#include "base/percent.h"

enum { MESSAGE_BYTES = 256 * 1024, TEXT_MAX = 64 * 1024 };

/* ---- members: their names are those of the service ---- */

static const struct member an_attribute[] = {
	{ .name = "DataType",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_REQUIRED,
	  .min = 1,
	  .max = 256 },
	{ .name = "StringValue", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ .name = "BinaryValue", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ .name = NULL },
};

static const struct member attributes[] = { { .type = MEMBER_OBJECT, .members = an_attribute } };

static const char *const structures[] = { "json", NULL };

const struct member publish_arguments[] = {
	{ .name = "TopicArn",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_REQUIRED,
	  .max = 512,
	  .pattern = "arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)?" },
	{ .name = "Message",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_REQUIRED | MEMBER_SENSITIVE,
	  .min = 1,
	  .max = MESSAGE_BYTES },
	{ .name = "Subject",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_SENSITIVE,
	  .min = 1,
	  .max = 100 },
	{ .name = "MessageStructure", .type = MEMBER_STRING, .choices = structures },
	{ .name = "MessageAttributes", .type = MEMBER_MAP, .members = attributes },
	{ .name = "MessageGroupId", .type = MEMBER_STRING, .min = 1, .max = 128 },
	{ .name = "MessageDeduplicationId", .type = MEMBER_STRING, .min = 1, .max = 128 },
	{ .name = "resend", .type = MEMBER_BOOLEAN },
	{ .name = NULL },
};

const struct member publish_answer[] = {
	{ .name = "MessageId", .type = MEMBER_STRING, .flags = MEMBER_RECORDED },
	{ .name = "SequenceNumber", .type = MEMBER_STRING, .flags = MEMBER_RECORDED },
	{ .name = NULL },
};

/* ---- the request ---- */

int publish_region(char out[REGION_LEN_MAX + 1], const char *topic, struct err *err)
{
	const char *region = topic;
	for (int i = 0; region && i < 3; i++) {
		region = strchr(region, ':');
		region = region ? region + 1 : NULL;
	}
	size_t n = region ? strcspn(region, ":") : 0;
	(void)snprintf(out, REGION_LEN_MAX + 1, "%.*s", (int)n, n ? region : "");
	if (n > REGION_LEN_MAX || region_check(out, NULL) < 0)
		return err_named(err, ERR_INVALID, "InvalidTopicArn",
				 "'%.200s' is not the ARN of a topic", topic);
	return 0;
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_addf(out, "&%s=", name);
	percent_encode(out, bytes_str(text), PERCENT_UNRESERVED);
}

static void add_attributes(struct buf *out, const cJSON *all)
{
	static const char *const values[] = { "DataType", "StringValue", "BinaryValue" };
	char name[80];
	int i = 0;
	for (const cJSON *a = all ? all->child : NULL; a; a = a->next) {
		i++;
		(void)snprintf(name, sizeof(name), "MessageAttributes.entry.%d.Name", i);
		add_text(out, name, a->string);
		for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			(void)snprintf(name, sizeof(name), "MessageAttributes.entry.%d.Value.%s", i,
				       values[k]);
			add_text(out, name, json_get_str(a, values[k]));
		}
	}
}

void publish_form(struct buf *out, const cJSON *args)
{
	static const char *const members[] = { "TopicArn",       "Message",
					       "Subject",        "MessageStructure",
					       "MessageGroupId", "MessageDeduplicationId" };
	buf_adds(out, "Action=Publish&Version=2010-03-31");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		add_text(out, members[i], json_get_str(args, members[i]));
	add_attributes(out, json_get(args, "MessageAttributes"));
}

/* ---- the answer ---- */

static void add_member(struct buf *out, struct bytes xml, const char *name)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	aws_xml_text(&text, xml, name);
	if (text.n > 0) {
		buf_addf(out, "%s\"%s\":", out->n > 1 ? "," : "", name);
		json_write_string(out, buf_bytes(&text));
	}
	buf_clear(&text);
}

static void read_error(struct publish_end *out, const struct http_answer *a)
{
	aws_xml_text(&out->code, a->body, "Code");
	aws_xml_text(&out->message, a->body, "Message");
	if (out->code.n == 0)
		buf_addf(&out->code, "%d", a->status);
	if (out->message.n == 0)
		buf_addf(&out->message, "the answer was %d, without a reason", a->status);
}

void publish_read(struct publish_end *out, const struct http_answer *a)
{
	*out = (struct publish_end){ .answer = BUF_INIT(TEXT_MAX),
				     .code = BUF_INIT(TEXT_MAX),
				     .message = BUF_INIT(TEXT_MAX),
				     .request_id = BUF_INIT(TEXT_MAX) };
	aws_xml_text(&out->request_id, a->body, "RequestId");
	if (a->status < 200 || a->status > 299) {
		read_error(out, a);
		return;
	}
	buf_adds(&out->answer, "{");
	add_member(&out->answer, a->body, "MessageId");
	bool whole = out->answer.n > 1;
	add_member(&out->answer, a->body, "SequenceNumber");
	buf_adds(&out->answer, "}");
	if (whole)
		return;
	buf_adds(&out->code, "MalformedResponse");
	buf_addf(&out->message, "the answer was %d, without a MessageId", a->status);
}

void publish_end_clear(struct publish_end *e)
{
	buf_clear(&e->answer);
	buf_clear(&e->code);
	buf_clear(&e->message);
	buf_clear(&e->request_id);
}
