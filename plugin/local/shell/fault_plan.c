#include "local/shell/fault_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local/shell/operations.h"

enum { OPERATION_MAX = 64, ENTRIES_MAX = 1000, LATENCY_MAX_MS = 600 * 1000 };

struct fault_entry {
	struct fault_entry *next;
	char operation[OPERATION_MAX];
	struct planned_fault fault;
	bool by_role; /* met by what a machine's role does, not by clients */
	int64_t left; /* -1: without end */
};

static const char *const kinds[] = { [FAULT_THROTTLE] = "throttle",
				     [FAULT_ERROR] = "error",
				     [FAULT_LATENCY] = "latency",
				     [FAULT_DROP] = "drop",
				     [FAULT_DENY] = "deny" };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void remove_at(struct fault_plan *p, struct fault_entry **link)
{
	struct fault_entry *e = *link;
	*link = e->next;
	p->n--;
	free(e);
}

void fault_plan_clear(struct fault_plan *p)
{
	while (p->first)
		remove_at(p, &p->first);
}

static int read_operation(struct fault_entry *e, const cJSON *fault, struct err *err)
{
	const char *name = json_get_str(fault, "operation");
	if (!name)
		return err_set(err, ERR_INVALID,
			       "fault: 'operation' must be a name such as RedriveExecution, or *");
	int rc = strcmp(name, "*") == 0 ? 0 : operation_check(bytes_str(name), "fault", err);
	if (!rc)
		(void)snprintf(e->operation, sizeof(e->operation), "%s", name);
	return rc;
}

/* The members a fault may have, so that a misspelt one is not taken for an absent one. */
static int check_names(const cJSON *fault, struct err *err)
{
	static const char *const names[] = { "operation", "kind", "by",  "count",
					     "status",    "ms",   "when" };
	for (const cJSON *m = fault->child; m; m = m->next) {
		size_t i = 0;
		while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], m->string) != 0)
			i++;
		if (i == sizeof(names) / sizeof(names[0]))
			return err_set(
			    err, ERR_INVALID,
			    "fault: unknown member '%.40s'; expected operation, kind, by, "
			    "count, status, ms or when",
			    m->string);
	}
	return 0;
}

static int read_number(int64_t *out, const cJSON *fault, const char *name, const int64_t range[2],
		       struct err *err)
{
	const cJSON *v = json_get(fault, name);
	if (!v)
		return 0;
	if (!json_int_token(v, out) || *out < range[0] || *out > range[1])
		return err_set(err, ERR_INVALID,
			       "fault: '%s' must be an integer from %" PRId64 " to %" PRId64, name,
			       range[0], range[1]);
	return 0;
}

static int read_kind(struct planned_fault *f, const cJSON *fault, struct err *err)
{
	const char *kind = json_get_str(fault, "kind");
	int i = 0;
	while (i < KINDS && (!kind || strcmp(kinds[i], kind) != 0))
		i++;
	if (i == KINDS)
		return err_set(
		    err, ERR_INVALID,
		    "fault: 'kind' must be throttle, error, latency, drop or deny, not '%.40s'",
		    kind ? kind : "");
	f->kind = (enum fault_kind)i;
	return 0;
}

static int read_when(struct planned_fault *f, const cJSON *fault, struct err *err)
{
	const char *when = json_get_str(fault, "when");
	if (!json_get(fault, "when") || (when && strcmp(when, "before") == 0))
		return 0;
	if (!when || strcmp(when, "after") != 0)
		return err_set(err, ERR_INVALID, "fault: 'when' must be before or after");
	if (f->kind == FAULT_THROTTLE || f->kind == FAULT_DENY)
		return err_set(err, ERR_INVALID, "fault: a %s comes before the operation only",
			       kinds[f->kind]);
	f->after = true;
	return 0;
}

/* Roles are denied what Map Runs do with them. */
static int read_by(struct fault_entry *e, const cJSON *fault, struct err *err)
{
	const char *by = json_get_str(fault, "by"), *op = e->operation;
	bool does = strcmp(op, "*") == 0 || strcmp(op, "StartExecution") == 0 ||
		    strcmp(op, "RedriveExecution") == 0;
	if (!json_get(fault, "by") || (by && strcmp(by, "client") == 0))
		return 0;
	if (!by || strcmp(by, "role") != 0)
		return err_set(err, ERR_INVALID, "fault: 'by' must be client or role");
	if (e->fault.kind != FAULT_DENY || !does)
		return err_set(err, ERR_INVALID,
			       "fault: by role there is only a deny, of StartExecution, "
			       "RedriveExecution or *");
	e->by_role = true;
	return 0;
}

static int read_fault(struct fault_entry *e, const cJSON *fault, struct err *err)
{
	static const int64_t counts[2] = { 1, 1000000000 }, statuses[2] = { 500, 599 };
	static const int64_t latencies[2] = { 1, LATENCY_MAX_MS };
	int64_t status = 500;
	if (!cJSON_IsObject(fault))
		return err_set(err, ERR_INVALID, "fault: expected an object");
	int rc = check_names(fault, err);
	if (!rc)
		rc = read_operation(e, fault, err);
	if (!rc)
		rc = read_kind(&e->fault, fault, err);
	if (!rc)
		rc = read_by(e, fault, err);
	if (!rc)
		rc = read_when(&e->fault, fault, err);
	if (!rc)
		rc = read_number(&e->left, fault, "count", counts, err);
	if (!rc)
		rc = read_number(&status, fault, "status", statuses, err);
	if (!rc)
		rc = read_number(&e->fault.ms, fault, "ms", latencies, err);
	if (!rc && e->fault.kind == FAULT_LATENCY && !e->fault.ms)
		rc = err_set(err, ERR_INVALID, "fault: a latency needs 'ms'");
	if (rc)
		return rc;
	e->fault.status = (int)status;
	return 0;
}

int fault_plan_add(struct fault_plan *p, const cJSON *fault, struct err *err)
{
	if (p->n >= ENTRIES_MAX)
		return err_set(err, ERR_INVALID, "there are %d faults already; clear them first",
			       ENTRIES_MAX);
	struct fault_entry *e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, ERR_NOMEM, "out of memory");
	e->left = -1;
	int rc = read_fault(e, fault, err);
	if (rc) {
		free(e);
		return rc;
	}
	struct fault_entry **link = &p->first;
	while (*link)
		link = &(*link)->next;
	*link = e;
	p->n++;
	return 0;
}

void fault_plan_write(const struct fault_plan *p, struct buf *out)
{
	buf_adds(out, "[");
	for (const struct fault_entry *e = p->first; e; e = e->next) {
		buf_addf(out, "%s{\"operation\":\"%s\",\"kind\":\"%s\",\"when\":\"%s\"",
			 e == p->first ? "" : ",", e->operation, kinds[e->fault.kind],
			 e->fault.after ? "after" : "before");
		if (e->fault.kind == FAULT_ERROR)
			buf_addf(out, ",\"status\":%d", e->fault.status);
		if (e->fault.kind == FAULT_LATENCY)
			buf_addf(out, ",\"ms\":%" PRId64, e->fault.ms);
		if (e->by_role)
			buf_adds(out, ",\"by\":\"role\"");
		if (e->left >= 0)
			buf_addf(out, ",\"count\":%" PRId64, e->left);
		buf_adds(out, "}");
	}
	buf_adds(out, "]");
}

static bool take(struct fault_plan *p, const char *op, bool by_role, struct planned_fault *out)
{
	struct fault_entry **link = &p->first;
	while (*link && ((*link)->by_role != by_role || (strcmp((*link)->operation, "*") != 0 &&
							 strcmp((*link)->operation, op) != 0)))
		link = &(*link)->next;
	struct fault_entry *e = *link;
	if (!e)
		return false;
	*out = e->fault;
	if (e->left > 0 && --e->left == 0)
		remove_at(p, link);
	return true;
}

bool fault_plan_take(struct fault_plan *p, const char *op, struct planned_fault *out)
{
	return take(p, op, false, out);
}

bool fault_plan_denies_role(struct fault_plan *p, const char *op)
{
	struct planned_fault ignored;
	return take(p, op, true, &ignored);
}
