/*
 * bucket_aside.h - an object being written: a file ".put-..." beside the buckets, not in its place yet.
 *
 * Its writer holds it locked (flock), and the lock ends with the process: what nobody holds was left by
 * one that was killed.
 */
#ifndef LOCAL_BUCKET_ASIDE_H
#define LOCAL_BUCKET_ASIDE_H

#include "base/bytes.h"

enum { BUCKET_ASIDE_SIZE = 24 };

/* Write body into a new file in the folder `dir` and sync it.
 * @param[out] name  of the file, to be renamed or removed by the caller, who then closes:
 * @return its descriptor, or -1 with errno and no file left */
int bucket_aside_write(int dir, char name[BUCKET_ASIDE_SIZE], struct bytes body);

/* Remove what killed processes left in the folder. What cannot be removed stays. */
void bucket_aside_sweep(int dir);

#endif
