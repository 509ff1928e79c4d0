/* query_deliveries.c - deliveries of webhooks, as JSON. */
#include "admin/query.h"

#include "admin/query_private.h"
#include "store/deliveries.h"

static int list_delivery(void *arg, const struct delivery_row *d)
{
	cJSON *o = query_add_row(arg);
	if (!o)
		return -ERR_NOMEM;
	query_add_text(o, "hook", d->hook);
	query_add_text(o, "id", d->id);
	query_add_text(o, "state", delivery_state_name(d->state));
	query_add_text(o, "run", d->run);
	query_add_text(o, "key", d->key);
	query_add_text(o, "why", d->why);
	query_add_time(o, "at", d->at_ms);
	query_add_time(o, "due", d->due_ms);
	query_add_json(o, "actor", d->actor);
	return 0;
}

int query_deliveries(const struct query *q, const char *hook, size_t limit, cJSON **out,
		     struct err *err)
{
	const struct delivery_filter newest = { .hook = hook, .newest = true, .limit = limit };
	cJSON *o = cJSON_CreateObject();
	cJSON *list = o ? cJSON_AddArrayToObject(o, "deliveries") : NULL;
	int rc = list ? store_deliveries(q->reader, &newest, list_delivery, list, err)
		      : err_set(err, ERR_NOMEM, "no memory for the list of deliveries");
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	*out = o;
	return 0;
}
