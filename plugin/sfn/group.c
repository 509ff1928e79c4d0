#include "sfn/group.h"

#include <string.h>

#include "base/json.h"

enum { ACCOUNT_LEN = 12 };

/* What follows the n-th colon, or NULL. */
static const char *after_colon(const char *text, int n)
{
	while (text && n-- > 0) {
		text = strchr(text, ':');
		text = text ? text + 1 : NULL;
	}
	return text;
}

struct bytes account_of_arn(const char *arn)
{
	const char *account = strncmp(arn, "arn:", 4) == 0 ? after_colon(arn, 4) : NULL;
	size_t n = account ? strspn(account, "0123456789") : 0;
	return n == ACCOUNT_LEN && account[n] == ':' ? (struct bytes){ account, n } : BYTES_LIT("");
}

/* kind ends at its colon. */
static bool is_kind(const char *kind)
{
	static const char *const kinds[] = { "execution:", "express:", "mapRun:", "stateMachine:" };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(kind, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

void group_of_arn(struct buf *out, const char *arn)
{
	const char *kind = after_colon(arn, 5), *name = after_colon(arn, 6);
	if (!name || strncmp(arn, "arn:", 4) != 0 || !is_kind(kind))
		return;
	size_t n = strcspn(name, ":/");
	if (n == 0)
		return;
	buf_add(out, arn, (size_t)(kind - arn));
	buf_adds(out, "stateMachine:");
	buf_add(out, name, n);
}

void group_of_args(struct buf *out, struct bytes args)
{
	static const char *const members[] = { "executionArn", "mapRunArn", "stateMachineArn" };
	cJSON *v = json_parse(args, NULL);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && out->n == 0; i++) {
		const char *arn = json_get_str(v, members[i]);
		if (arn)
			group_of_arn(out, arn);
	}
	cJSON_Delete(v);
}
