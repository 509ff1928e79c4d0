/*
 * settings.h - the [sfn] section of the host's configuration.
 *
 *   region               overrides AWS_REGION, AWS_DEFAULT_REGION and the profile's
 *   endpoint             a URL, or "local" for the engine inside this program
 *   profile              of the AWS files; the environment's keys are then not used
 *   max_attempts         1 to 100; default AWS_MAX_ATTEMPTS, the profile's, 3
 *   connect_timeout      "5", "5s", "500ms"; default 5s
 *   read_timeout         no byte for so long; default 60s
 *   local_data           folder of the local engine; default in memory
 *   local_handlers       Lua file with its task handlers
 *   local_buckets        folder whose folders are S3 buckets to it
 *   local_s3_endpoint    URL of an S3 service with its buckets, instead
 *   local_iam_endpoint   URL of an IAM service that says what roles of Map Runs may do
 *   local_deny           operations it refuses with AccessDeniedException
 *   local_request_log    file it writes a line to before it serves a request
 *   local_port           default a free one
 *   local_max_open_executions
 */
#ifndef SFN_SETTINGS_H
#define SFN_SETTINGS_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum { MAX_ATTEMPTS_MAX = 100 };

struct settings { /* NULL and 0: not set */
	char *region;
	char *endpoint;
	char *profile;
	int64_t max_attempts;
	int64_t connect_timeout_ms;
	int64_t read_timeout_ms;
	char *local_data;
	char *local_handlers;
	char *local_buckets;
	char *local_s3_endpoint;
	char *local_iam_endpoint;
	char *local_deny;
	char *local_request_log;
	int64_t local_port;
	int64_t local_max_open_executions;
};

/*
 * @param config  a JSON object of strings; empty for none
 * @param[out] out  end with settings_clear, also after a failure
 * @return 0; -ERR_INVALID naming the key and what it expects
 */
NODISCARD int settings_read(struct settings *out, struct bytes config, struct err *err);
void settings_clear(struct settings *s);

bool settings_is_local(const struct settings *s);

/* A whole number between min and max in decimal digits. @return 0; -ERR_INVALID */
NODISCARD int settings_number(int64_t *out, const char *text, int64_t min, int64_t max);

#endif
