/*
 * bucket.h - the token buckets of the Step Functions API: how many calls of an operation an account
 * may make in a region.
 *
 * Pure. Source: "API action quotas" of the Step Functions developer guide: one bucket an operation,
 * account and region, larger in us-east-1, us-west-2 and eu-west-1. The service may have raised them
 * for an account without a word, and has been seen to do so; the configuration says what is known
 * better. Of StartExecution the figures are those of standard workflows.
 */
#ifndef SFN_BUCKET_H
#define SFN_BUCKET_H

#include "plugin_api.h"

/* burst and per_s of *out; both 0 for an operation whose figures are not known. */
void bucket_figures(struct op_bucket *out, const char *wire_name, const char *region);

#endif
