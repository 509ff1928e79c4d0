/*
 * meters.h - numbers that a monitoring system collects: families of counters, gauges and histograms,
 * written as OpenMetrics 1.0 or in the text format of Prometheus 0.0.4. Pure.
 *
 * A family's table is fixed when the meters are made; its series appear as they are counted. Values
 * of labels may come from outside (a reason, a name): SERIES_MAX of a family, all further ones count
 * together under the value "other".
 */
#ifndef ADMIN_METERS_H
#define ADMIN_METERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

enum { METER_LABELS_MAX = 2, METER_BUCKETS_MAX = 16, METER_SERIES_MAX = 500 };

enum meter_kind { METER_COUNTER, METER_GAUGE, METER_HISTOGRAM };

struct meter_family {
	const char *name; /* without _total; ends with its unit: "runbook_loop_lag_seconds" */
	const char *unit; /* "seconds"; NULL: none */
	const char *help; /* one line */
	enum meter_kind kind;
	const char *labels[METER_LABELS_MAX]; /* NULL: no more */
	double buckets[METER_BUCKETS_MAX]; /* upper bounds, rising; 0 ends them. Of a histogram */
};

struct meters;

/* @param families borrowed for the life of the meters; from then on a family is its place in them
 * @param[out] out owned by the caller; meters_free */
NODISCARD int meters_new(struct meters **out, const struct meter_family *families, unsigned n,
			 struct err *err);
void meters_free(struct meters *m); /* NULL is fine */

/*
 * a, b: values of the labels, NULL where the family has no such label; copied. Where there is no
 * memory for a new series, what is told is lost.
 */
void meters_add(struct meters *m, unsigned family, double by, const char *a, const char *b);
void meters_set(struct meters *m, unsigned family, double value, const char *a, const char *b);
void meters_observe(struct meters *m, unsigned family, double value, const char *a, const char *b);

/* All of it. A family without labels has a series from the beginning. */
void meters_write(const struct meters *m, struct buf *out, bool openmetrics);

/* What meters_write writes, as Content-Type. */
const char *meters_content_type(bool openmetrics);

#endif
