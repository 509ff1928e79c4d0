/*
 * approval_link.h - links with which people approve what a run asks for, or reject it. Pure.
 *
 *	BASE/approvals/RUN/STEP?attempt=1&by=ann&do=approve&until=1790218660927&sig=<64 hex digits>
 *
 * The signature is an HMAC-SHA256 over a text with a version in front of it and every part of the
 * link. Whoever has the link is believed to be the person that it names, so it is a secret of that
 * person until its time is over.
 */
#ifndef TRIGGER_APPROVAL_LINK_H
#define TRIGGER_APPROVAL_LINK_H

#include <stdint.h>

#include "base/buf.h"

enum {
	APPROVAL_LINK_TEXT = 256,
	APPROVAL_COMMENT_SIZE = 1536, /* holds 500 characters, as pages count them */
};

struct approval_link {
	char run[APPROVAL_LINK_TEXT];
	int attempt;
	char step[APPROVAL_LINK_TEXT];
	char person[APPROVAL_LINK_TEXT]; /* no blanks or control characters */
	bool approve;                    /* false: reject */
	int64_t until_ms;                /* wall clock: the link is dead from then on */
};

/* Before the run: what a request's path must begin with. */
#define APPROVAL_LINK_PATH "/approvals/"

/* Copy the texts. False: one is empty, too long, or has characters that it cannot have. */
bool approval_link_fill(struct approval_link *l, const char *run, const char *step,
			const char *person);

/* Append the link. base_url has no slash at its end. -ERR_NOMEM */
NODISCARD int approval_link_write(struct buf *out, const char *base_url, struct bytes key,
				  const struct approval_link *l);

enum approval_link_state { APPROVAL_LINK_GOOD, APPROVAL_LINK_WRONG, APPROVAL_LINK_LATE };

/*
 * Read the path and query of a request. A signature is computed and compared in any case, and nothing
 * but the link and the key has a part in the answer: a stranger cannot learn which runs there are.
 *
 * @param[out] out filled in unless WRONG; of a LATE one the signature was right
 */
enum approval_link_state approval_link_read(struct approval_link *out, const char *path,
					    const char *query, struct bytes key, int64_t now_ms);

/* The member `comment` of a form as browsers send it; "" when there is none or it is malformed. One
 * that is too long is cut at a character's end. */
void approval_form_comment(char out[APPROVAL_COMMENT_SIZE], struct bytes body);

#endif
