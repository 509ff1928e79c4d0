/*
 * replayed.h - is an answer that of an older call with the same idempotency token?
 *
 * Such a call succeeds and does nothing: whoever counts on its effect must be told. It is known by
 * the date of its answer (struct operation.answer_date): not newer than the same member of the
 * baseline, which is in the service's own time; without a baseline, before the intent, as far as two
 * clocks can be compared.
 */
#ifndef SCRIPT_REPLAYED_H
#define SCRIPT_REPLAYED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* By how much the service's clock may be behind ours before an answer counts as older. */
enum { REPLAYED_SKEW_MS = 5000 };

/*
 * @param answer_date  the member to look at; NULL: the operation has none, nothing is replayed
 * @param baseline     what prepare answered; NULL: nothing
 * @param intent_ms    when the first intent of the call was recorded, wall clock
 */
bool replayed(const cJSON *answer, const char *answer_date, const cJSON *baseline,
	      int64_t intent_ms);

#endif
