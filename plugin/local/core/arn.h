/*
 * arn.h - the names of things, read and made.
 *
 *	stateMachine:M   stateMachine:M/LABEL   stateMachine:M:QUALIFIER
 *	execution:M:NAME   execution:M/LABEL:NAME   express:M[/LABEL]:NAME:UUID
 *	mapRun:M/LABEL:UUID   activity:NAME
 *
 * each behind "arn:PARTITION:states:REGION:ACCOUNT:".
 */
#ifndef LOCAL_ARN_H
#define LOCAL_ARN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

/* Everything is borrowed from the text. */
struct arn {
	struct bytes partition, service, region, account;
	struct bytes type;    /* "execution" */
	struct bytes machine; /* the machine's name, or the activity's */
	struct bytes label;   /* behind the slash; .p NULL: none */
	struct bytes rest;    /* behind the next colon; .p NULL: none */
};

/* Read an ARN. Its type must be `type`, or `other` when that is not NULL: else "Resource type not valid
 * in this context". @return 0; -ERR_REMOTE InvalidArn */
NODISCARD int arn_parse_as(struct arn *out, const char *text, const char *type, const char *other,
			   struct err *err);

/* Is it a legal name of a machine, an execution or an activity (1 to 80 characters)? */
bool arn_name_ok(const char *name);

#endif
