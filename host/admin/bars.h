/*
 * bars.h - how far things are that runs look at: a Map Run, as the answers say that passed the gate.
 *
 * The newest counters of each resource, and how fast they move: nobody is asked for this. The rate is
 * that of `runbook watch` (lua/watch.lua): over the last looks at which something had changed, anew when
 * less has ended than before. Bounded: BARS_MAX; one more takes the place of the one that was looked at
 * longest ago. Pure: time is a parameter. In memory alone.
 */
#ifndef ADMIN_BARS_H
#define ADMIN_BARS_H

#include "base/json.h"
#include "plugin_api.h"

enum {
	BARS_MAX = 64,
	BARS_SHOWN_MS = 10 * 60 * 1000, /* one that nobody looks at for so long is shown no more */
};

struct bars;

/* NULL: no memory. */
struct bars *bars_new(void);
void bars_free(struct bars *b); /* NULL is fine */

/* An answer about the resource. now_ms: wall clock */
void bars_note(struct bars *b, const char *resource, const struct op_progress *p, int64_t now_ms);

/*
 * [{key, resource, label, ended, total, percent, words, at}], by key, a number that is never used twice:
 * those that are shown. total 0: not known yet. Owned by the caller; NULL: no memory
 *
 * @param changed only those that were noted since the last such call
 */
cJSON *bars_list(struct bars *b, bool changed, int64_t now_ms);

#endif
