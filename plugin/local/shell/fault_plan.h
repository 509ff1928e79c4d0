/*
 * fault_plan.h - faults that a test has ordered, by operation. Pure.
 *
 *	{"operation":"RedriveExecution","kind":"latency","count":3,"ms":200,"when":"after"}
 *
 *	operation  a wire name, or "*" for any
 *	kind       throttle  ThrottlingException
 *	           error     InternalFailure with `status`, 500 (or 501 to 599; 503: ServiceUnavailable)
 *	           latency   the answer comes `ms` later, 1 to 600000
 *	           drop      the connection is closed without an answer
 *	           deny      AccessDeniedException
 *	by         client, or role: then it is a deny of StartExecution or RedriveExecution that a Map Run
 *	           meets, which calls them with its state machine's role
 *	when       before (the operation is not done; for latency, not yet) or, for error, latency and
 *	           drop, after: it is done, only its answer suffers
 *	count      for so many requests; absent: until the faults are cleared
 *
 * A request meets the first fault of its operation that was ordered and is not used up.
 */
#ifndef LOCAL_FAULT_PLAN_H
#define LOCAL_FAULT_PLAN_H

#include "base/err.h"
#include "base/json.h"

enum fault_kind { FAULT_THROTTLE, FAULT_ERROR, FAULT_LATENCY, FAULT_DROP, FAULT_DENY };

struct planned_fault {
	enum fault_kind kind;
	bool after;
	int status; /* of an error */
	int64_t ms; /* of a latency */
};

struct fault_entry;

struct fault_plan { /* zeroed: empty */
	struct fault_entry *first;
	int n;
};

void fault_plan_clear(struct fault_plan *p);

/* -ERR_INVALID: err->message names the member and what was expected */
NODISCARD int fault_plan_add(struct fault_plan *p, const cJSON *fault, struct err *err);

/* Append the plan as a JSON array; count is what is left. */
void fault_plan_write(const struct fault_plan *p, struct buf *out);

/* The fault this request is to meet; it is used up by one. False: none. */
bool fault_plan_take(struct fault_plan *p, const char *op, struct planned_fault *out);

/* Is what a machine's role is about to do denied? Used up by one as well. */
bool fault_plan_denies_role(struct fault_plan *p, const char *op);

#endif
