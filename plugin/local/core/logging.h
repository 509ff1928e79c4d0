/* logging.h - the loggingConfiguration of a machine. It is kept and told; nothing is logged. */
#ifndef LOCAL_LOGGING_H
#define LOCAL_LOGGING_H

#include "base/err.h"
#include "base/json.h"

/* Read it with its defaults: level OFF, no execution data. A level that logs needs one destination.
 * @param given     of the request; NULL or anything but an object: the default
 * @param[out] out  JSON as DescribeStateMachine tells it, owned by the caller; NULL: the default
 * @return 0; -ERR_REMOTE InvalidLoggingConfiguration, ValidationException */
NODISCARD int logging_read(const cJSON *given, char **out, struct err *err);

#endif
