/*
 * cron_explain.h - an expression in words.
 *
 * The words come from what was read, not from the text: a hash shows as the value it has become,
 * names and numbers read alike, and what is said is what cron_next does.
 */
#ifndef TRIGGER_CRON_EXPLAIN_H
#define TRIGGER_CRON_EXPLAIN_H

#include "base/buf.h"

struct cron;

/* Append one line without an end: "at 02:30 on Monday to Friday". */
void cron_explain(const struct cron *c, struct buf *out);

/* What becomes of it where clocks change: "a time that the clocks skip ...". */
const char *cron_clock_rule(const struct cron *c);

#endif
