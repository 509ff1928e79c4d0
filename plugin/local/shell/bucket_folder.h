/*
 * bucket_folder.h - buckets that are folders: DIR/BUCKET/KEY is an object.
 *
 * A key is a path below its bucket: every byte but NUL and '/' may stand in a segment. Keys that are
 * no such path ("/a", "a//b", "a/", "..", a segment over 255 bytes) do not exist and cannot be
 * written. Symbolic links are not followed, so nothing outside of DIR is ever touched. A bucket exists
 * when its folder does; writing a key makes the folders in between.
 *
 * Objects are written whole or not at all: a file in DIR (bucket_aside.h; no bucket's name begins with
 * a dot) is written, synced and renamed, and the folder synced. An ETag is the MD5 of the content in
 * quotes, as S3's of plain uploads; of more than 16 MiB it is, as S3's of multipart uploads, another
 * digest with "-2" behind it (of size and time: a listing shall not read gigabytes).
 *
 * There are no versions: every object's is "null", as in S3's buckets without versioning.
 *
 * Everything blocks: for a worker thread. One request at a time.
 */
#ifndef LOCAL_BUCKET_FOLDER_H
#define LOCAL_BUCKET_FOLDER_H

#include "local/shell/bucket.h"

struct bucket_folder;

/* What a killed process left half written is removed.
 * @param[out] out owned by the caller; bucket_folder_close. -ERR_INVALID: no such folder */
NODISCARD int bucket_folder_open(struct bucket_folder **out, const char *path, struct err *err);
void bucket_folder_close(struct bucket_folder *f); /* NULL is fine */

/* Do what is asked. *a is initialised by the caller, who clears it. */
void bucket_folder_run(struct bucket_folder *f, const struct bucket_request *q,
		       struct bucket_answer *a);

#endif
