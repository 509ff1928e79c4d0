/* table.h - what the owner or the store said of runs, as people read it. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/json.h"

/* One line a run: id, state, start, how long, runbook, why. runs is the answer of query_runs. */
void table_runs(const cJSON *answer);

/* All of one run, its steps one a line; answers and arguments are shortened unless full. */
void table_run(const cJSON *run, bool full);

/* Those that wait, as query_approvals gives them. */
void table_approvals(const cJSON *answer);

/* How the host is, see status.h. */
void table_status(const cJSON *o);

/* table_schedules.c: as query_schedules gives them, one a line; and one with its firings. */
void table_schedules(const cJSON *answer);
void table_schedule(const cJSON *schedule);

void table_json(const cJSON *v); /* as one line */
/* What others wrote, max bytes of it: control characters would drive the terminal. */
void table_clean(const char *text, size_t max);

#endif
