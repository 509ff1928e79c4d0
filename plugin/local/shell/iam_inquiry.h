/*
 * iam_inquiry.h - what IAM is asked about a role, and what its answers say: pure.
 *
 *	ListRolePolicies -> GetRolePolicy for each name
 *	ListAttachedRolePolicies -> GetPolicy for each ARN -> GetPolicyVersion of its default version
 *
 * The questions wait in a row; the answer to the first adds others at its end, until there are no
 * more. Lists are followed page after page. A policy that is gone by the time it is asked for says
 * nothing; a role that does not exist ends the inquiry. IAM's Query protocol, version 2010-05-08:
 * forms out, small XML back (aws/xml.h), documents percent-encoded (also taken as they are).
 */
#ifndef LOCAL_IAM_INQUIRY_H
#define LOCAL_IAM_INQUIRY_H

#include "base/buf.h"
#include "base/err.h"

/* More questions or longer policies are an error: IAM has 10 KiB of inline and 20 attached policies. */
enum { IAM_QUESTIONS_MAX = 200, IAM_POLICIES_MAX = 1 << 20 };

struct iam_question;

struct iam_inquiry { /* not to be moved between init and clear */
	char *role;  /* its name */
	struct iam_question *first, **last;
	int asked;
	bool missing;        /* there is no such role */
	struct buf policies; /* JSON array; whole when there are no more questions */
};

/* Begin. The role of an ARN is what follows its last slash. */
void iam_inquiry_init(struct iam_inquiry *q, const char *role_arn);
void iam_inquiry_clear(struct iam_inquiry *q);

/* Is all known, or the role missing? */
static inline bool iam_inquiry_done(const struct iam_inquiry *q)
{
	return q->missing || !q->first;
}

/* Append the next request as a form; only while it is not done. */
void iam_inquiry_ask(const struct iam_inquiry *q, struct buf *form);

/*
 * Take the answer to that request.
 *
 * @return 0; -ERR_INVALID: it is no answer to it; -ERR_REMOTE: IAM refuses, err->name its code;
 *         -ERR_LIMIT: too much of anything
 */
NODISCARD int iam_inquiry_take(struct iam_inquiry *q, int status, struct bytes xml,
			       struct err *err);

#endif
