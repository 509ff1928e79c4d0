/* job.h - one of the audit commands at work: what show.c, show_verify.c and show_prove.c share. */
#ifndef AUDIT_JOB_H
#define AUDIT_JOB_H

#include "audit/key.h"
#include "audit/request.h"
#include "audit/show.h"
#include "base/buf.h"

struct job {
	const struct audit_io *io;
	struct request q;
	const char *dir;
	int dir_fd;     /* -1: the command needs none */
	uint64_t shown; /* records, by show */
	bool damaged;   /* show met a bad record */
};

/* Print the error. @return AUDIT_BAD */
int job_fail(const struct job *j, const struct err *err);

/* Write what was made, and empty it; a reader that is gone ends the command. */
int job_put(const struct job *j, struct buf *text, struct err *err);

/* Append a file's bytes. -ERR_IO names it. */
NODISCARD int job_read_file(struct buf *out, const char *path, struct err *err);

/* A file that stands beside the directory: DIR + suffix. */
NODISCARD int job_beside(char out[4096], const struct job *j, const char *suffix, struct err *err);

/* The public key: of --key, else the one beside the directory.
 * @return 1; 0 when none was given and there is none; a negative code */
NODISCARD int job_key(struct public_key *out, const struct job *j, struct err *err);

int job_verify(struct job *j);
int job_print_key(struct job *j);
int job_prove(struct job *j); /* prove and export */
int job_consistency(struct job *j);
int job_hash(struct job *j);
int job_check_proof(struct job *j);

#endif
