/*
 * terminal.h - what is seen on standard error while a run goes on.
 *
 * For people, log lines are "2026-11-21T22:51:03.042Z level  text". On a terminal the progress of the run
 * is one live line below them, redrawn in place; elsewhere a progress line is written when its text
 * changes or a tenth more is done. Control characters in what is shown are written as \uXXXX: a text
 * that came from elsewhere must not drive the terminal. For programs each line is one of base/log_line.h,
 * and nothing is redrawn. Lines to systemd's journal begin with "<N>", which says how grave they are.
 *
 * Who reads is never waited for (outlet.h). Nothing else writes to standard error while it lives, except
 * complaints with which a command ends.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>

#include "base/log_line.h"
#include "plugin_api.h"

struct loop;
struct outlet;

struct terminal {
	struct outlet *out; /* owned; NULL: no memory, and nothing is shown */
	enum log_format format;
	int columns_fd; /* whose width is asked for */
	bool is_tty;
	bool is_journal;
	bool drawn;     /* the live line is on the screen */
	char line[656]; /* the live line */
	int last_tenth; /* of the last progress written when not live */
	char text[160]; /* its text */
};

/* fd is borrowed. t must not move until terminal_clear. */
void terminal_init(struct terminal *t, int fd);
/* Ends with what is written; NULL members are fine. */
void terminal_clear(struct terminal *t);
/* What could not be written at once is written by that loop; NULL: there is none any more. */
void terminal_attend(struct terminal *t, struct loop *loop);

/* Lines without a time, such as how the run ended; for programs as terminal_log_about. */
void terminal_say(struct terminal *t, enum log_level level, const struct log_about *about,
		  const char *text);
void terminal_log(struct terminal *t, enum log_level level, const char *text);
void terminal_log_about(struct terminal *t, enum log_level level, const struct log_about *about,
			const char *text);
/* done and total < 0: unknown. text may be NULL. */
void terminal_progress(struct terminal *t, double done, double total, const char *text);
void terminal_end(struct terminal *t); /* takes the live line away */

#endif
