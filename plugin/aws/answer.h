/*
 * answer.h - what an AWS JSON service said: an answer, or an error with its code, message and more.
 *
 * Pure. The error code is looked for in this order: the body's "__type", its "code", the header
 * x-amzn-errortype; x-amzn-query-error overrides all. Of "com.amazonaws.x#Foo:http://..." only
 * "Foo" counts. Without any the code is the HTTP status as text. Decide by code, never by status:
 * services disagree about the status.
 */
#ifndef AWS_ANSWER_H
#define AWS_ANSWER_H

#include "base/buf.h"
#include "base/http.h"
#include "base/json.h"

enum { AWS_CODE_SIZE = 128, AWS_REQUEST_ID_SIZE = 128 };

#define AWS_MALFORMED "MalformedResponse" /* a 2xx whose body is not the JSON object it should be */

struct aws_answer {
	int status;
	char code[AWS_CODE_SIZE]; /* "" for a good answer */
	struct buf message;       /* of an error; may be empty */
	struct buf extra; /* of an error: its further members as a JSON object, or nothing */
	cJSON *body;      /* a JSON object, or NULL when the body was none */
	char request_id[AWS_REQUEST_ID_SIZE]; /* "" if unknown */
	int64_t retry_after_ms;               /* what the service asks for; -1 if it does not */
};

void aws_answer_init(struct aws_answer *out); /* nothing has come yet */

/* Read an answer that arrived whole. Cannot fail: a broken answer is an error answer, too.
 * Borrows nothing. End with aws_answer_clear. */
void aws_answer_read(struct aws_answer *out, const struct http_answer *a);
void aws_answer_clear(struct aws_answer *a);

/* Make it the error of that code instead; message printf-like. */
void aws_answer_fail(struct aws_answer *a, const char *code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/*
 * Who was refused what: take the action and the resource out of "User: ... is not authorized to
 * perform: states:DescribeMapRun on resource: arn:... because ...". Both are empty when the text
 * does not say. Borrowed from message.
 */
void aws_denied(struct bytes *action, struct bytes *resource, const char *message);

#endif
