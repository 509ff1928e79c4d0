/*
 * answer.h - what a script gets of an HTTP answer.
 *
 *	status       200
 *	headers      { ["content-type"] = ... }: names in lower case, several of a name joined by ", "
 *	body         where it is UTF-8 text, else
 *	body_base64  the same in base64
 *	json         what the body says, where its Content-Type is JSON and it is
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "base/buf.h"
#include "base/http.h"

/* Append it as a JSON object. Failures stick in out->err. */
void answer_write(struct buf *out, const struct http_answer *a);

#endif
