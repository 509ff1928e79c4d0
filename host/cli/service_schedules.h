/*
 * service_schedules.h - what other processes may ask the owner of a state directory to do with its
 * schedules: schedule.pause, schedule.resume, schedule.fire, schedule.backfill.
 *
 * Where the owner is not serve, a pause begins and ends in the store alone, and the next serve finds
 * it; nothing can be started.
 */
#ifndef CLI_SERVICE_SCHEDULES_H
#define CLI_SERVICE_SCHEDULES_H

#include "admin/late_answer.h"
#include "cli/host.h"

/*
 * {"op":..., "schedule":NAME, "reason":..., "actor":{...}, "from":..., "to":...}; answered when it is
 * on disk. The data of q is a late answer.
 *
 * @param actor who asks, as it is to be recorded: a JSON object
 */
void service_schedules(struct host *h, struct late_answers *answers, struct control_request *q,
		       const cJSON *request, const char *actor);

#endif
