/*
 * outlet.h - bytes to standard error, without ever waiting for who reads it.
 *
 * A pager that is stopped, a full pipe or a terminal after Ctrl-S would hold up the loop with a write
 * that blocks. O_NONBLOCK belongs to the open file, which others share (the shell, too), so a pipe or a
 * terminal is opened anew; a socket (the journal's) is sent to without waiting; the rest, files, takes
 * all. What is not taken is kept, up to OUTLET_MAX bytes or one line that is longer, and tried again from the
 * loop, ten times a second and more often while some is taken; what comes after that is lost, in whole lines, and told once there is room.
 *
 * From the loop's thread only.
 */
#ifndef CLI_OUTLET_H
#define CLI_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

struct loop;
struct outlet;

enum { OUTLET_MAX = 1 << 20 };

/* Called when so many lines were lost and there is room again: may write. */
typedef void outlet_lost_fn(void *arg, uint64_t lines);

/* fd is borrowed. @return owned by the caller; outlet_free; NULL: no memory */
struct outlet *outlet_new(int fd, outlet_lost_fn *lost, void *arg);

/* From now on what is kept is tried again on that loop; NULL: no more. */
void outlet_attend(struct outlet *o, struct loop *loop);

/* Whole lines; or a part of one, which is not counted when it is lost. */
void outlet_write(struct outlet *o, struct bytes bytes);

/* Has all been taken? */
bool outlet_is_clear(const struct outlet *o);

/* Waits up to two seconds for the rest to be taken. NULL is fine. */
void outlet_free(struct outlet *o);

#endif
