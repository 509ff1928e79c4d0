/* render.h - what a script returned or raised, as text for people and records. */
#ifndef SCRIPT_RENDER_H
#define SCRIPT_RENDER_H

#include "base/buf.h"
#include "script/state.h"

enum { RENDER_TRACE_MAX = 8 * 1024, RENDER_CODE_SIZE = 64 };

struct rendered {
	char message[2048];          /* one line; begins with FILE:LINE: where that is known */
	char code[RENDER_CODE_SIZE]; /* of an error object of ours, else "" */
	struct buf trace;            /* "FILE:LINE: in ..." lines; owned: buf_clear */
};

/* The error on top of the stack of the thread that was resumed last. Runs none of the script's code. */
void render_error(struct state *s, struct rendered *out);

/* The value on top of the stack of the thread that was resumed last, as JSON, appended to out. @return 0; -ERR_INVALID */
NODISCARD int render_result(struct state *s, struct buf *out, struct err *err);

#endif
