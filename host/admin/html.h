/*
 * html.h - a page as it is written: markup stands in formats, everything else is escaped.
 *
 *	html_add(h, "<a href=\"/runs/%s\">%s</a>", id, path);
 *
 * The format is the only way to markup, and the compiler refuses one that is no literal, so a text from
 * elsewhere cannot become markup: escaping is not something that a caller does or forgets. An escaped
 * text is safe between tags and inside a quoted attribute, and nowhere else: an attribute that holds an
 * address takes html_path.
 *
 * Failures stick (out.err), as in base/buf.h.
 */
#ifndef ADMIN_HTML_H
#define ADMIN_HTML_H

#include "base/buf.h"
#include "base/json.h"

struct html {
	struct buf out;
};

enum {
	HTML_MAX = 16 << 20, /* bytes of a page */
	HTML_TEXT_MAX = 16 * 1024,
	HTML_TEXT_LATE = 1024,
};

#define HTML_INIT ((struct html){ BUF_INIT(HTML_MAX) })

/*
 * Append markup. %s: a text, escaped; NULL is none. %d, %zu, PRId64 and %.1f are numbers, %% a percent
 * sign; there is nothing else. Bytes that are no UTF-8, control characters and what reorders or hides text
 * become U+FFFD; tab and newline stay. A text over HTML_TEXT_MAX bytes is cut, and marked as cut; one
 * behind the first half of HTML_MAX over HTML_TEXT_LATE, so that a page of very many has an end.
 */
void html_add(struct html *h, const char *format, ...) PRINTF_LIKE(2, 3);

/* Append a text as one segment of a path or one value of a query: percent-encoded. */
void html_path(struct html *h, const char *segment);

/* Append JSON as such a text. NULL is nothing. */
void html_json(struct html *h, const cJSON *value);

void html_clear(struct html *h);

#endif
