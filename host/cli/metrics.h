/*
 * metrics.h - what a serve counts of itself, and how it is written for monitoring.
 *
 * Counters begin at 0 with the process. It listens to runs (script/observer.h), is told of triggers,
 * and looks at the rest when it is written. Where a function takes m, NULL is nobody who counts.
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct host;
struct metrics;
struct run_observer;

/* After host_open; h is borrowed. @param[out] out owned by the caller; metrics_free before the loop */
NODISCARD int metrics_new(struct metrics **out, const struct host *h, struct err *err);
void metrics_free(struct metrics *m); /* NULL is fine */

const struct run_observer *metrics_observer(const struct metrics *m); /* NULL for NULL */

/* An instant of the schedule has its fate; late_ms after it where it has begun a run, else < 0. */
void metrics_firing(struct metrics *m, const char *schedule, const char *state, int64_t late_ms);
void metrics_missed(struct metrics *m, const char *schedule, int64_t n);
/* hook NULL: an unknown path. outcome: "accepted", "ignored" or "rejected", which has a why. */
void metrics_delivery(struct metrics *m, const char *hook, const char *outcome, const char *why);

void metrics_reload(struct metrics *m, const char *outcome); /* "done" or "refused" */

void metrics_write(struct metrics *m, struct buf *out, bool openmetrics);

#endif
