/* request.h - the command line of the audit commands, read. */
#ifndef AUDIT_REQUEST_H
#define AUDIT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

enum request_command {
	REQUEST_VERIFY,
	REQUEST_TAIL,
	REQUEST_SHOW,
	REQUEST_KEY,
	REQUEST_PROVE,
	REQUEST_CONSISTENCY,
	REQUEST_EXPORT,
	REQUEST_HASH,
};

/* Strings are borrowed from argv. */
struct request {
	enum request_command command;
	const char *dir; /* NULL: none given */
	bool json, strict, follow;
	bool unknown;                         /* of tail: outcomes "unknown" only */
	const char *key, *checkpoint, *proof; /* files; NULL: not given */
	const char *words[2];                 /* of consistency: OLD, NEW; of hash: VALUE */
	uint64_t n;                           /* of tail */
	const char *run;                      /* NULL: any */
	const char *segment;                  /* part of its name, segment_len bytes; NULL: any */
	size_t segment_len;
	uint64_t seq;  /* 0: any */
	uint64_t last; /* of a range that begins with seq */
};

/* argv[0] is the command's name. @return 0; -ERR_INVALID names the word that is wrong */
NODISCARD int request_read(struct request *q, int argc, char **argv, struct err *err);

#endif
