/* fuzz_cron.c - any text as a schedule: refused, or its instants come one after another. */
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "trigger/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256];
	struct cron c;
	struct err err = { 0 };
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (cron_parse(&c, text, NULL, "fuzz", &err) < 0) {
		INVARIANT(err.code == ERR_INVALID && err.message[0] != '\0');
		return 0;
	}
	int64_t at = INT64_C(1795262400000);
	for (int i = 0; i < 4 && at != INT64_MAX; i++) {
		int64_t next = cron_next(&c, at);
		INVARIANT(next > at);
		INVARIANT(next == INT64_MAX ||
			  (next % 60000 == 0 && cron_next(&c, next - 1) == next));
		at = next;
	}
	return 0;
}
