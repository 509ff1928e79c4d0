/*
 * doc.h - a piece of state data: immutable JSON, counted, as text and as tree.
 *
 * Data flows through most states untouched, so it is shared, and whichever form is missing is made
 * when it is first asked for: a Pass state without fields neither parses nor prints. Text keeps the
 * spacing it came with (recorded: so does the service).
 */
#ifndef LOCAL_DOC_H
#define LOCAL_DOC_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"

struct doc {
	uint32_t refs;
	char *text; /* NULL: not made yet */
	size_t n;
	cJSON *tree; /* NULL: not made yet */
};

struct doc *doc_of_text(struct bytes text);     /* copied; must be valid JSON */
struct doc *doc_of_owned(char *text, size_t n); /* taken over, from malloc */
struct doc *doc_of_tree(cJSON *tree);           /* taken over */
struct doc *doc_ref(struct doc *d);             /* one more owner; NULL is fine */
void doc_unref(struct doc *d);                  /* NULL is fine */

struct bytes doc_text(struct doc *d); /* borrowed */
const cJSON *doc_tree(struct doc *d); /* borrowed */
void doc_slim(struct doc *d);         /* keep the text only: for what is at rest */

/* Is it nested deeper than what may come in (JSON_DEPTH_MAX)? Data that states hand on never is: a
 * template or a list may wrap it once more, and that is read again. */
bool doc_too_deep(const struct doc *d);

#endif
