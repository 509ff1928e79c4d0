/*
 * request_log.h - a line of JSON for every request received, written before it is served.
 *
 *	{"time":"2026-11-21T22:51:03.042Z","operation":"RedriveExecution","clientToken":"t-1",
 *	 "executionArn":"arn:..."}
 *
 * One write each at the end of the file: what was served is in the file, also when the process is
 * killed. Members the request does not have are null.
 */
#ifndef LOCAL_REQUEST_LOG_H
#define LOCAL_REQUEST_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct request_log;

/* Opens the file for appending, created with mode 0600. @param[out] out owned by the caller */
NODISCARD int request_log_open(struct request_log **out, const char *path, struct err *err);
void request_log_close(struct request_log *log); /* NULL is fine */

/* args may be NULL. -ERR_IO: not written, do not serve the request. */
NODISCARD int request_log_write(struct request_log *log, int64_t now_ms, const char *op,
				const cJSON *args, struct err *err);

#endif
