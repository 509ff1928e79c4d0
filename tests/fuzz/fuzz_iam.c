/*
 * fuzz_iam.c - what an IAM endpoint answers about a role, and what its policies say.
 *
 * The input is a row of answers, each ended by a 0x00 byte; 'e' before one makes it an error's. What is
 * gathered is a JSON array that can be judged, and a refusal has a text.
 */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "local/core/policy.h"
#include "local/shell/iam_inquiry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 18 };

static void judge(struct bytes policies)
{
	cJSON *list = json_parse(policies, NULL);
	INVARIANT(cJSON_IsArray(list));
	enum policy_verdict v = policy_judge(list, "states:RedriveExecution",
					     "arn:aws:states:us-east-1:1:execution:m/L:x");
	INVARIANT(v == POLICY_ALLOWED || v == POLICY_NOT_ALLOWED || v == POLICY_DENIED);
	cJSON_Delete(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iam_inquiry q;
	struct bytes left = { (const char *)data, size };
	int rc = 0;
	if (size > TEXT_MAX)
		return 0;
	iam_inquiry_init(&q, "arn:aws:iam::123456789012:role/r");
	while (!rc && left.n > 0 && !iam_inquiry_done(&q)) {
		struct err err = { 0 };
		struct buf form = BUF_INIT(SIZE_MAX / 2);
		const char *stop = memchr(left.p, '\0', left.n);
		struct bytes one = { left.p, stop ? (size_t)(stop - left.p) : left.n };
		left.p += one.n + (stop != NULL);
		left.n -= one.n + (stop != NULL);
		iam_inquiry_ask(&q, &form);
		INVARIANT(!form.err && strncmp(buf_cstr(&form), "Action=", 7) == 0);
		buf_clear(&form);
		rc = iam_inquiry_take(&q, one.n && one.p[0] == 'e' ? 400 : 200, one, &err);
		INVARIANT(rc == 0 || err.message[0]);
	}
	if (!rc && iam_inquiry_done(&q) && !q.missing)
		judge(buf_bytes(&q.policies));
	iam_inquiry_clear(&q);
	return 0;
}
