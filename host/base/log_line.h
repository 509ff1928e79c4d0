/*
 * log_line.h - a log line for programs: logfmt or JSON.
 *
 *	time=2026-11-21T22:51:03.042Z level=info run=r1 runbook=look.lua message="the Map Run is RUNNING"
 *	{"time":"2026-11-21T22:51:03.042Z","level":"info","run":"r1","runbook":"look.lua","message":"..."}
 *
 * One line a message, whatever is in it: control characters and what reorders text are escaped, what
 * is no UTF-8 becomes U+FFFD. Keys come in this order and are left out where they are not known. A value of logfmt stands
 * in quotes, escaped as in JSON, unless it is made of plain ASCII without blank, '=', '"' and '\'.
 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum log_format { LOG_AS_TEXT, LOG_AS_LOGFMT, LOG_AS_JSON };

/* "text", "logfmt" or "json". False: it is none of them. */
bool log_format_parse(enum log_format *out, const char *name);

struct log_about { /* whom it is about; borrowed; NULL: nobody of this kind */
	const char *run, *runbook;
	const char *schedule, *hook;
	const char *part;  /* of the host: "notify" */
	const char *label; /* what people read instead, in brackets */
};

struct log_line {
	int64_t at_ms; /* wall clock */
	const char *level;
	struct log_about about;
	struct bytes message;
};

/* Append the line with its end. LOG_AS_TEXT is for people, and not written here. */
void log_line_write(struct buf *out, enum log_format format, const struct log_line *line);

#endif
