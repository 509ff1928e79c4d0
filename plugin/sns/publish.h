/*
 * publish.h - what a Publish of Amazon SNS looks like: arguments to a form, XML to an answer.
 *
 * Pure. Source: the API of SNS, version 2010-03-31, protocol awsQuery.
 */
#ifndef SNS_PUBLISH_H
#define SNS_PUBLISH_H

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/http.h"
#include "base/json.h"
#include "plugin_api.h"

extern const struct member publish_arguments[];
extern const struct member publish_answer[];

/* The region that the topic is in, "eu-central-1". @return 0; -ERR_INVALID with err->name
 * "InvalidTopicArn" */
NODISCARD int publish_region(char out[REGION_LEN_MAX + 1], const char *topic, struct err *err);

/* The body of the request, application/x-www-form-urlencoded. args: as checked by the members. */
void publish_form(struct buf *out, const cJSON *args);

/* What the service said. publish_end_clear. */
struct publish_end {
	struct buf answer; /* {"MessageId":...}, or nothing */
	struct buf code;   /* of an error; empty: none */
	struct buf message;
	struct buf request_id; /* may be empty */
};

void publish_read(struct publish_end *out, const struct http_answer *a);
void publish_end_clear(struct publish_end *e);

#endif
