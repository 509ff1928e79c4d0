/*
 * approval_page.h - what people see who follow a link to an approval: small plain pages. Pure.
 *
 * No script, no style, nothing from elsewhere. To look never votes (mail
 * scanners follow links): the vote is the form's POST to the same address.
 */
#ifndef ADMIN_APPROVAL_PAGE_H
#define ADMIN_APPROVAL_PAGE_H

#include "admin/html.h"

struct approval_ask_page {
	const cJSON *run; /* as query_run gives it */
	int attempt;
	const char *step;
	const char *person;
	bool approve; /* what the button does */
};

/* Append the page with the button. False, and nothing is appended: it waits for no such approval. */
bool approval_page_ask(struct html *page, const struct approval_ask_page *p);

/* Append a page that says one thing. */
void approval_page_say(struct html *page, const char *title, const char *text);

#endif
