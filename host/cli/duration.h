/* duration.h - durations as people write them: 500ms, 30s, 15m, 2h, 1d; a bare number is seconds. */
#ifndef CLI_DURATION_H
#define CLI_DURATION_H

#include <stdint.h>

#include "base/err.h"

/* @return 0; -ERR_INVALID with a message that quotes text; the result is > 0 and at most ten years */
NODISCARD int duration_parse(int64_t *out_ms, const char *text, struct err *err);

#endif
