/*
 * result_writer.h - ResultWriter: what became of every child, as files in a bucket.
 *
 *	PREFIX/RUN-UUID[/Redrive-N]/{SUCCEEDED,FAILED,PENDING}_0.json, manifest.json
 *
 * Written one after the other when the run closes, the manifest last; a redrive writes a generation
 * of its own and never over an older one. FAILED holds timed-out and aborted children too.
 *
 * Before a run starts, or starts again, a manifest without files is written where its manifest will be
 * (that there is such a test is recorded, its key is not).
 */
#ifndef LOCAL_RESULT_WRITER_H
#define LOCAL_RESULT_WRITER_H

#include <stdbool.h>

#include "base/err.h"

struct doc;
struct frame;
struct map_run;

/* Read the state's ResultWriter, when it has one that writes to a bucket. */
NODISCARD int result_writer_open(struct map_run *run, struct frame *f, struct err *err);

/* Write the test manifest. */
void result_writer_test(struct map_run *run);

/* Write the next file. false: all are written, or there is nothing to write. */
bool result_writer_next(struct map_run *run);

/* The output of the state: where the manifest is. One count for the caller. */
struct doc *result_writer_output(const struct map_run *run);

#endif
