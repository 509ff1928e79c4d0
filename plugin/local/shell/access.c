#include "local/shell/access.h"

#include <string.h>

#include "local/shell/operations.h"
#include "local/shell/wire.h"
#include "sfn/ops.h"

static const char prefix[] = "states:";

/* The next action of a list, without blanks and prefix; .p NULL at its end. */
static struct bytes next_action(const char **list)
{
	const char *p = *list + strspn(*list, ", ");
	struct bytes action = { p, strcspn(p, ", ") };
	*list = p + action.n;
	if (action.n >= sizeof(prefix) - 1 && memcmp(action.p, prefix, sizeof(prefix) - 1) == 0)
		action = (struct bytes){ action.p + sizeof(prefix) - 1,
					 action.n - (sizeof(prefix) - 1) };
	return *p ? action : (struct bytes){ NULL, 0 };
}

int access_check_list(const char *list, struct err *err)
{
	struct bytes action;
	while ((action = next_action(&list)).p) {
		int rc =
		    bytes_eq(action, bytes_str("*")) ? 0 : operation_check(action, "deny", err);
		if (rc)
			return rc;
	}
	return 0;
}

static bool lists(const char *list, const char *op)
{
	struct bytes action;
	while ((action = next_action(&list)).p) {
		if (bytes_eq(action, bytes_str("*")) || bytes_eq(action, bytes_str(op)))
			return true;
	}
	return false;
}

/* What the call acts on: an ARN among its arguments; for a name, the machine's ARN to be. */
static void write_resource(struct buf *out, const char *op, const cJSON *args, const char *account,
			   const char *region)
{
	const struct operation *row = sfn_op_by_wire_name(op);
	const char *resource = row ? json_get_str(args, row->resource) : NULL;
	if (resource && strncmp(resource, "arn:", 4) == 0)
		buf_addf(out, "%.2000s", resource);
	else
		buf_addf(out, "arn:aws:states:%s:%s:stateMachine:%.80s", region, account,
			 resource ? resource : "*");
}

int access_check(const char *list, const char *op, const cJSON *args, const char *account,
		 const char *region, struct err *err)
{
	struct buf resource = BUF_INIT(4096);
	if (!list || !lists(list, op))
		return 0;
	write_resource(&resource, op, args, account, region);
	int rc = wire_error(err, "AccessDeniedException", 400,
			    "User: arn:aws:iam::%s:user/local is not authorized to perform: "
			    "states:%s on resource: %s because no identity-based policy allows the "
			    "states:%s action",
			    account, op, buf_cstr(&resource), op);
	buf_clear(&resource);
	return rc;
}
