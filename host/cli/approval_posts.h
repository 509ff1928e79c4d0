/*
 * approval_posts.h - tells people that they are asked: one HTTP POST for each person.
 *
 *	{"run":...,"step":"3","attempt":1,"subject":...,"details":{...},"needed":2,"person":"ann",
 *	 "approve_url":...,"reject_url":...,"expires":...,"again":false}
 *
 * Whatever is there passes it on to that person and to nobody else: the links are the person's secrets.
 * An answer of 2xx is taken as said. Otherwise it is tried again after 1 s, 2 s, 4 s ... up to 10
 * minutes, until the links are dead. The first failure and the end are records of the audit log
 * (approval.notified: run, step, person, outcome, attempts), without URLs. What is still open when the
 * program starts is sent again ("again":true): people are told at least once.
 */
#ifndef CLI_APPROVAL_POSTS_H
#define CLI_APPROVAL_POSTS_H

#include "cli/approval_links.h"

struct approval_posts;
struct committer;
struct http_client;
struct loop;

struct approval_posts_spec {
	struct loop *loop; /* these outlive it */
	struct http_client *http;
	struct committer *committer;
	void (*failed)(void *arg, const char *text); /* for people who look at the program */
	void *arg;
};

/* @param[out] out owned by the caller; approval_posts_free. -ERR_NOMEM */
NODISCARD int approval_posts_new(struct approval_posts **out,
				 const struct approval_posts_spec *spec, struct err *err);
/* Where they go from now on, borrowed; before the first is added. NULL: nowhere any more, what is left is not
 * sent. */
void approval_posts_to(struct approval_posts *p, const char *url);
void approval_posts_free(struct approval_posts *p); /* what is left is not sent. NULL is fine */

/* Tell one of the people. Everything is copied. -ERR_NOMEM */
NODISCARD int approval_posts_add(struct approval_posts *p, const struct run_question *q,
				 const struct approval_pair *pair, bool again);

#endif
