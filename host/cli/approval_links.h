/*
 * approval_links.h - the links (trigger/approval_link.h) of what people are asked: for whom, with which
 * key, for how long.
 *
 *	[approvals]
 *	people = ann bob cyd     who may approve where neither rule nor runbook names people
 *	base_url = https://...   where `runbook serve` is reached; without it there are no links
 *	secret_file = FILE       16 bytes or more; default: STATE/approvals.key, made when it is missing
 *	valid = 7d               links to what never expires (default)
 *	post_url = https://...   each person's links are sent there, see cli/approval_posts.h
 *
 * A link is for one of the people that are asked, and there is none for who started the run. Where
 * anybody may approve there are no people to make links for. Links are never logged.
 */
#ifndef CLI_APPROVAL_LINKS_H
#define CLI_APPROVAL_LINKS_H

#include "base/json.h"
#include "cli/config.h"

struct approval_links {
	const struct config_approvals *config; /* borrowed */
	struct buf key;
};

/* Read or make the key. -ERR_INVALID when links are not configured or the key is too short; -ERR_IO
 * @param[out] out to be closed in any case */
NODISCARD int approval_links_open(struct approval_links *out, const struct config *c,
				  struct err *err);
void approval_links_close(struct approval_links *l); /* wipes the key */

struct approval_pair { /* borrowed for the call */
	const char *person, *approve_url, *reject_url;
	int64_t until_ms;
};

/* Call fn for each person who may answer. It returns 0 to go on; anything else is returned. */
NODISCARD int approval_links_each(const struct approval_links *l, const struct run_question *q,
				  int (*fn)(void *arg, const struct approval_pair *p), void *arg);

/* Add to each open approval of a run, as query_run gives it, "links": [{person, approve, reject,
 * until}]. -ERR_NOMEM */
NODISCARD int approval_links_show(const struct approval_links *l, cJSON *run, struct err *err);

#endif
