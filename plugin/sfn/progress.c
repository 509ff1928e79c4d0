#include "sfn/progress.h"

#include <stdio.h>

#include "base/json.h"

bool progress_of_map_run(struct bytes answer, struct op_progress *out)
{
	cJSON *run = json_parse(answer, NULL);
	const cJSON *items = json_get(run, "itemCounts");
	const char *status = json_get_str(run, "status");
	bool known = status && cJSON_IsObject(items);
	if (known) {
		*out = (struct op_progress){
			.done = json_get_int(items, "succeeded", 0),
			.failed = json_get_int(items, "failed", 0) +
				  json_get_int(items, "timedOut", 0) +
				  json_get_int(items, "aborted", 0),
			.total = json_get_int(items, "total", 0),
		};
		(void)snprintf(out->label, sizeof(out->label), "Map Run %s", status);
	}
	cJSON_Delete(run);
	return known;
}
