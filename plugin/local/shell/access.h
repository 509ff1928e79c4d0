/*
 * access.h - actions this engine refuses, to try out what a missing permission does.
 *
 * A list as given to --deny: "states:RedriveExecution,StopExecution"; "*" denies all. Pure.
 */
#ifndef LOCAL_ACCESS_H
#define LOCAL_ACCESS_H

#include "base/err.h"
#include "base/json.h"

/* Is every action of the list one the service has? err->message names the first that is not. */
NODISCARD int access_check_list(const char *list, struct err *err);

/*
 * May op be called? list NULL: everything may.
 *
 * @param op  its wire name; the ARN in the message is that argument of the operation's row in
 *            sfn/ops.h that names what it acts on
 * @return 0; -ERR_REMOTE: AccessDeniedException in the service's words
 */
NODISCARD int access_check(const char *list, const char *op, const cJSON *args, const char *account,
			   const char *region, struct err *err);

#endif
