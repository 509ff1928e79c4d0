/*
 * print.h - records for people.
 *
 * Text from a record may come from anywhere (an argument, a header): control characters and the
 * ones that reorder text are printed as \uXXXX, so a record cannot play tricks on a terminal.
 */
#ifndef AUDIT_PRINT_H
#define AUDIT_PRINT_H

#include "audit/record.h"

/* A ceiling for the text of one record: every byte of it may become an escape. */
enum { PRINT_MAX = 8 * RECORD_LINE_MAX };

/* Append text with its control characters made visible. */
void print_text(struct buf *out, struct bytes text);

/*
 * One line: time, kind, SEGMENT:SEQ, then what says most: run, step, operation, outcome, ...
 *	2026-11-21T22:51:03.042Z call.outcome 9f3c01ab:13 run=r1 step=2 operation=sfn.x outcome=ok
 */
void print_line(struct buf *out, const char *segment, const struct record *r);

/* The whole record as a block of lines, one member each. */
void print_block(struct buf *out, const char *segment, const struct record *r);

#endif
