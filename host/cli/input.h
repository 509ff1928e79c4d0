/*
 * input.h - the input of a run from the command line.
 *
 * --input JSON, --input @FILE, and any number of -i KEY=VALUE which are set on top of it. VALUE is
 * taken as JSON when it is JSON (5, true, null, [1,2], {"a":1}, "5"), else as the text it is.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/json.h"

struct input {
	cJSON *object; /* NULL until something was given */
	bool whole;    /* --input was given */
};

/* Both return 0 or -ERR_INVALID with a message that quotes what was given. */
NODISCARD int input_set_whole(struct input *in, const char *arg, struct err *err);
NODISCARD int input_set_member(struct input *in, const char *key_value, struct err *err);

/* Append the input as JSON, {} if nothing was given. */
void input_write(const struct input *in, struct buf *out);
void input_clear(struct input *in);

#endif
