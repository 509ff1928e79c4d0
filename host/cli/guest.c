#include "cli/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_json.h"
#include "cli/start.h"

struct guest {
	struct guest *next;
	struct guests *guests; /* NULL: nobody is to be told */
	struct host *host;
	struct control_request *q; /* NULL: the process that asked has gone, or has its answer */
	bool starting;             /* guests_take still needs it */
	char id[RUN_ID_SIZE];
};

static void forget(struct guest *g)
{
	if (g->guests) {
		struct guest **at = &g->guests->first;
		while (*at != g)
			at = &(*at)->next;
		*at = g->next;
	}
	free(g);
}

static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct guest *g = arg;
	cJSON *o = g->q ? cJSON_CreateObject() : NULL;
	(void)id;
	if (!o)
		return;
	json_set_int(o, "level", level);
	(void)cJSON_AddStringToObject(o, "text", text);
	control_event(g->q, "log", o);
}

static void on_progress(void *arg, const struct run_progress *p)
{
	struct guest *g = arg;
	cJSON *o = g->q ? cJSON_CreateObject() : NULL;
	if (!o)
		return;
	(void)cJSON_AddNumberToObject(o, "done", p->done);
	(void)cJSON_AddNumberToObject(o, "total", p->total);
	(void)cJSON_AddStringToObject(o, "text", p->text);
	control_event(g->q, "progress", o);
}

static void on_end(void *arg, const struct run_end *end)
{
	struct guest *g = arg;
	if (g->q && end->outcome == RUN_SUSPENDED)
		control_set_data(g->q,
				 NULL); /* who asked sees this process go, and takes it over */
	else if (g->q)
		control_answer(g->q, run_end_to_json(end));
	g->q = NULL;
	if (!g->starting)
		forget(g);
}

void guests_take(struct guests *gs, struct control_request *q, const cJSON *request)
{
	struct err err = { 0 };
	struct guest *g = calloc(1, sizeof(*g));
	if (!g) {
		control_fail(q, "OutOfMemory", "no memory for a run");
		return;
	}
	*g = (struct guest){
		.next = gs->first, .guests = gs, .host = gs->host, .q = q, .starting = true
	};
	gs->first = g;
	const struct run_listener listener = { on_log, on_progress, on_end, g };
	int rc = start_request(g->id, g->host, request, &listener, &err);
	g->starting = false;
	if (rc < 0)
		control_fail(q, err.name[0] ? err.name : "CannotStart", err.message);
	if (rc < 0 || !g->q) { /* what is cancelled has ended at once */
		forget(g);
		return;
	}
	control_set_data(q, g);
	cJSON *o = cJSON_CreateObject();
	if (o)
		(void)cJSON_AddStringToObject(o, "run", g->id);
	control_event(q, "started", o);
}

void guest_interrupt(struct guest *g)
{
	if (g)
		(void)run_cancel(g->host->runs, g->id, "interrupted");
}

void guest_left(struct guest *g)
{
	if (g)
		g->q = NULL;
}

void guests_forget(struct guests *gs)
{
	while (gs->first) {
		struct guest *g = gs->first;
		gs->first = g->next;
		g->guests = NULL;
		g->q = NULL;
	}
}
