/*
 * retain.h - old evidence removed, as the operator has ordered it.
 *
 * Whole sealed segments only, of days that are over for longer than they are to be kept. Never one
 * that is not sealed, that is damaged, or that holds a call without a known outcome; nor one whose
 * open calls were carried on into a segment that is not settled itself. What is removed is entered
 * into the ledger first ("ledger.remove"); the root of its tree stays there, so the rest verifies
 * and a copy that was kept elsewhere can still be checked.
 *
 * Blocking.
 */
#ifndef AUDIT_RETAIN_H
#define AUDIT_RETAIN_H

#include "audit/ledger.h"

struct retain_spec {
	int dir_fd;
	struct ledger *ledger;
	int64_t keep_ms; /* 0: for ever */
	int64_t now_ms;  /* wall clock */
};

/* Does its work at most once a day, however often it is called.
 * @param[out] removed segments
 * @return 0; -ERR_IO, -ERR_NOMEM, and what ledger_append returns */
NODISCARD int retain_dir(uint64_t *removed, const struct retain_spec *spec, struct err *err);

#endif
