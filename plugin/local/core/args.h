/*
 * args.h - the constraints of an operation's members, checked as the service's front layer does.
 *
 * All faults of one request come in one ValidationException: "2 validation errors detected: ...; ...".
 */
#ifndef LOCAL_ARGS_H
#define LOCAL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum arg_type { ARG_STRING, ARG_INTEGER, ARG_NUMBER, ARG_BOOLEAN, ARG_OBJECT, ARG_LIST };

struct arg {
	const char *name;    /* NULL ends the list */
	const char *choices; /* "[A, B]": the allowed strings as the service prints them, or NULL */
	const char *pattern; /* POSIX extended, of the whole string, or NULL */
	int64_t min, max;    /* of the length of a string, or of a value; max 0: none */
	enum arg_type type;
	bool required;
	bool sensitive; /* its value is not repeated in the message */
};

/* @param extra  gets {"message": ...} when the text is too long for err->message
 * @return 0; -ERR_REMOTE ValidationException, or SerializationException for a wrong JSON type */
NODISCARD int args_check(const cJSON *args, const struct arg *members, struct buf *extra,
			 struct err *err);

#endif
