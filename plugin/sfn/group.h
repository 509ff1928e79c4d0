/*
 * group.h - the state machine that an execution, a Map Run, a version or an alias belongs to.
 *
 * Pure. Read off the ARN, which contains the machine's name:
 *
 *	arn:P:states:R:A:execution:NAME:EXECUTION      also of a child: NAME/LABEL:CHILD
 *	arn:P:states:R:A:express:NAME:EXECUTION:ID
 *	arn:P:states:R:A:mapRun:NAME/LABEL:ID
 *	arn:P:states:R:A:stateMachine:NAME:VERSION
 *
 * each become arn:P:states:R:A:stateMachine:NAME.
 */
#ifndef SFN_GROUP_H
#define SFN_GROUP_H

#include "base/buf.h"

/* Append the ARN of the state machine; nothing when arn is none of these. */
void group_of_arn(struct buf *out, const char *arn);

/* The same from the arguments of a call as JSON: by the first of executionArn, mapRunArn and
 * stateMachineArn that is there. */
void group_of_args(struct buf *out, struct bytes args);

/* The account of an ARN of any service, "" when there is none. */
struct bytes account_of_arn(const char *arn);

#endif
