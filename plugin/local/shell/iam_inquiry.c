#include "local/shell/iam_inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/json.h"
#include "base/percent.h"

enum { NAME_MAX_BYTES = 2048, CODE_MAX = 128 };

enum topic { INLINE_NAMES, INLINE_POLICY, ATTACHED_ARNS, ATTACHED_POLICY, ATTACHED_VERSION };

struct iam_question {
	struct iam_question *next;
	enum topic topic;
	char *name; /* of a policy: its name, or its ARN; NULL for a list */
	char *more; /* of a list: where to go on, or NULL; of a version: its id */
};

/* What the request is called, and the two parameters it may have. */
static const struct {
	const char *action, *result, *name, *more;
} topics[] = {
	[INLINE_NAMES] = { "ListRolePolicies", "ListRolePoliciesResult", NULL, "Marker" },
	[INLINE_POLICY] = { "GetRolePolicy", "GetRolePolicyResult", "PolicyName", NULL },
	[ATTACHED_ARNS] = { "ListAttachedRolePolicies", "ListAttachedRolePoliciesResult", NULL,
			    "Marker" },
	[ATTACHED_POLICY] = { "GetPolicy", "GetPolicyResult", "PolicyArn", NULL },
	[ATTACHED_VERSION] = { "GetPolicyVersion", "GetPolicyVersionResult", "PolicyArn",
			       "VersionId" },
};

/* ---- questions ---- */

static char *copy(const struct buf *text)
{
	char *s = strdup(buf_cstr(text));
	INVARIANT(s != NULL); /* an inquiry that never ends would hang its execution */
	return s;
}

/* name and more may be NULL. */
static int ask(struct iam_inquiry *q, enum topic topic, const struct buf *name,
	       const struct buf *more, struct err *err)
{
	if (++q->asked > IAM_QUESTIONS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d questions about one role",
			       IAM_QUESTIONS_MAX);
	struct iam_question *question = calloc(1, sizeof(*question));
	INVARIANT(question != NULL);
	question->topic = topic;
	question->name = name ? copy(name) : NULL;
	question->more = more ? copy(more) : NULL;
	*q->last = question;
	q->last = &question->next;
	return 0;
}

static void answered(struct iam_inquiry *q)
{
	struct iam_question *question = q->first;
	q->first = question->next;
	if (!q->first)
		q->last = &q->first;
	free(question->name);
	free(question->more);
	free(question);
}

void iam_inquiry_init(struct iam_inquiry *q, const char *role_arn)
{
	const char *slash = strrchr(role_arn, '/');
	*q = (struct iam_inquiry){ .last = &q->first, .policies = BUF_INIT(IAM_POLICIES_MAX) };
	q->role = strdup(slash ? slash + 1 : role_arn);
	INVARIANT(q->role != NULL);
	buf_adds(&q->policies, "[");
	INVARIANT(ask(q, INLINE_NAMES, NULL, NULL, NULL) == 0);
	INVARIANT(ask(q, ATTACHED_ARNS, NULL, NULL, NULL) == 0);
}

void iam_inquiry_clear(struct iam_inquiry *q)
{
	while (q->first)
		answered(q);
	buf_clear(&q->policies);
	free(q->role);
	q->role = NULL;
}

static void add_parameter(struct buf *form, const char *name, const char *value)
{
	buf_addf(form, "&%s=", name);
	percent_encode(form, bytes_str(value), PERCENT_UNRESERVED);
}

void iam_inquiry_ask(const struct iam_inquiry *q, struct buf *form)
{
	const struct iam_question *question = q->first;
	INVARIANT(!iam_inquiry_done(q));
	enum topic t = question->topic;
	buf_addf(form, "Action=%s&Version=2010-05-08", topics[t].action);
	if (t <= ATTACHED_ARNS)
		add_parameter(form, "RoleName", q->role);
	if (question->name)
		add_parameter(form, topics[t].name, question->name);
	if (question->more)
		add_parameter(form, topics[t].more, question->more);
}

/* ---- answers ---- */

/* The text of an element. @return 0; -ERR_INVALID when there is none, or it is empty or too long */
static int take_text(struct buf *out, struct bytes xml, const char *name, struct err *err)
{
	buf_cut(out, 0);
	aws_xml_text(out, xml, name);
	bool fine = out->n > 0 && !out->err && memchr(out->p, '\0', out->n) == NULL;
	return fine ? 0 : err_set(err, ERR_INVALID, "the answer has no usable %s", name);
}

/* The members of the list: each a name, or what holds an ARN. */
static int take_members(struct iam_inquiry *q, bool attached, struct bytes list, struct err *err)
{
	struct buf text = BUF_INIT(NAME_MAX_BYTES);
	struct bytes at = list, inner;
	int rc = 0;
	for (; !rc && aws_xml_next(&list, "member", &inner); at = list) {
		rc = attached ? take_text(&text, inner, "PolicyArn", err)
			      : take_text(&text, at, "member", err);
		if (!rc)
			rc = ask(q, attached ? ATTACHED_POLICY : INLINE_POLICY, &text, NULL, err);
	}
	buf_clear(&text);
	return rc;
}

static int take_list(struct iam_inquiry *q, enum topic topic, struct bytes result, struct err *err)
{
	struct buf text = BUF_INIT(NAME_MAX_BYTES);
	bool attached = topic == ATTACHED_ARNS;
	struct bytes rest = result, list;
	int rc = 0;
	if (!aws_xml_next(&rest, attached ? "AttachedPolicies" : "PolicyNames", &list))
		rc = err_set(err, ERR_INVALID, "the answer has no list");
	if (!rc)
		rc = take_members(q, attached, list, err);
	aws_xml_text(&text, result, "IsTruncated");
	if (!rc && strcmp(buf_cstr(&text), "true") == 0) {
		rc = take_text(&text, result, "Marker", err);
		if (!rc)
			rc = ask(q, topic, NULL, &text, err);
	}
	buf_clear(&text);
	return rc;
}

/* A policy that begins like JSON is not encoded: encoded ones begin with %7B. */
static cJSON *parse_policy(const struct buf *text, struct err *why)
{
	struct buf plain = BUF_INIT(text->max);
	if (text->p[strspn(text->p, " \t\r\n")] == '{')
		buf_add(&plain, text->p, text->n);
	else
		percent_decode(&plain, buf_bytes(text), false);
	cJSON *policy = json_parse(buf_bytes(&plain), why);
	buf_clear(&plain);
	return policy;
}

static int take_document(struct iam_inquiry *q, struct bytes result, const char *element,
			 struct err *err)
{
	struct buf text = BUF_INIT(IAM_POLICIES_MAX);
	struct err why;
	cJSON *policy = NULL;
	int rc = take_text(&text, result, element, err);
	if (!rc) {
		policy = parse_policy(&text, &why);
		if (!cJSON_IsObject(policy))
			rc = err_set(err, ERR_INVALID, "policy %s is no JSON object%s%s",
				     q->first->name, policy ? "" : ": ", policy ? "" : why.message);
	}
	if (!rc) {
		buf_adds(&q->policies, q->policies.n > 1 ? "," : "");
		json_write(&q->policies, policy);
	}
	cJSON_Delete(policy);
	buf_clear(&text);
	return rc;
}

static int take_version(struct iam_inquiry *q, struct bytes result, struct err *err)
{
	struct buf version = BUF_INIT(NAME_MAX_BYTES), arn = BUF_INIT(NAME_MAX_BYTES);
	buf_adds(&arn, q->first->name);
	int rc = take_text(&version, result, "DefaultVersionId", err);
	if (!rc)
		rc = ask(q, ATTACHED_VERSION, &arn, &version, err);
	buf_clear(&version);
	buf_clear(&arn);
	return rc;
}

static int take_result(struct iam_inquiry *q, struct bytes xml, struct err *err)
{
	enum topic t = q->first->topic;
	struct bytes result;
	if (!aws_xml_next(&xml, topics[t].result, &result))
		return err_set(err, ERR_INVALID, "the answer to %s is not one of IAM's",
			       topics[t].action);
	switch (t) {
	case INLINE_NAMES:
	case ATTACHED_ARNS:
		return take_list(q, t, result, err);
	case INLINE_POLICY:
		return take_document(q, result, "PolicyDocument", err);
	case ATTACHED_POLICY:
		return take_version(q, result, err);
	case ATTACHED_VERSION:
		return take_document(q, result, "Document", err);
	}
	return 0;
}

/* What is asked for does not exist: the role, or a policy that was listed a moment ago. */
static void take_absence(struct iam_inquiry *q)
{
	enum topic t = q->first->topic;
	q->missing = t == INLINE_NAMES || t == ATTACHED_ARNS;
}

static int take_refusal(struct iam_inquiry *q, int status, struct bytes xml, struct err *err)
{
	struct buf code = BUF_INIT(CODE_MAX), message = BUF_INIT(NAME_MAX_BYTES);
	aws_xml_text(&code, xml, "Code");
	aws_xml_text(&message, xml, "Message");
	int rc = 0;
	if (strcmp(buf_cstr(&code), "NoSuchEntity") == 0) {
		take_absence(q);
	} else {
		rc = err_named(err, ERR_REMOTE, buf_cstr(&code), "%s: HTTP %d%s%s%s%.300s",
			       topics[q->first->topic].action, status, code.n ? " " : "",
			       buf_cstr(&code), message.n ? ": " : "", buf_cstr(&message));
	}
	buf_clear(&code);
	buf_clear(&message);
	return rc;
}

int iam_inquiry_take(struct iam_inquiry *q, int status, struct bytes xml, struct err *err)
{
	INVARIANT(!iam_inquiry_done(q));
	int rc = status >= 200 && status <= 299 ? take_result(q, xml, err)
						: take_refusal(q, status, xml, err);
	if (rc)
		return rc;
	answered(q);
	if (!q->first)
		buf_adds(&q->policies, "]");
	return q->policies.err ? err_set(err, ERR_LIMIT, "the role's policies are too long") : 0;
}
