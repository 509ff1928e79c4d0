/*
 * terminal.h - what a person sees on standard error while a run goes on.
 *
 * Log lines are "2026-11-21T22:51:03.042Z level  text". On a terminal the progress of the run is
 * one live line below them, redrawn in place; elsewhere a progress line is written when its text
 * changes or a tenth more is done. Control characters in what is shown are written as \uXXXX: a text
 * that came from elsewhere must not drive the terminal. Nothing else writes to standard error while it lives.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "plugin_api.h"

struct terminal {
	FILE *out;
	bool live;      /* a terminal: one line is redrawn */
	bool drawn;     /* the live line is on the screen */
	char line[656]; /* the live line */
	int last_tenth; /* of the last progress written when not live */
	char text[160]; /* its text */
};

void terminal_init(struct terminal *t, FILE *out);
/* Lines without a time, such as how the run ended. */
void terminal_say(struct terminal *t, const char *text);
void terminal_log(struct terminal *t, enum log_level level, const char *text);
/* done and total < 0: unknown. text may be NULL. */
void terminal_progress(struct terminal *t, double done, double total, const char *text);
void terminal_end(struct terminal *t); /* takes the live line away */

#endif
