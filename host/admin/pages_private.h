/* pages_private.h - what the pages are made of; for pages*.c only. */
#ifndef ADMIN_PAGES_PRIVATE_H
#define ADMIN_PAGES_PRIVATE_H

#include "admin/pages.h"

enum page_room {
	ROOM_OVERVIEW,
	ROOM_RUNS,
	ROOM_APPROVALS,
	ROOM_SCHEDULES,
	ROOM_HOOKS,
	ROOM_AUDIT,
	ROOM_NONE,
};

/* Everything before the page's own content, with its heading; and behind it. */
void page_begin(struct html *h, const struct page_view *v, enum page_room room, const char *title);
void page_end(struct html *h);

/* The hidden member of a form that proves where it comes from. */
void page_token(struct html *h, const struct page_view *v);

/* ---- tables: lists in a small window, so each cell knows the name of its column ---- */

/* columns ends with NULL. */
void table_begin(struct html *h, const char *caption, const char *const *columns);
void table_end(struct html *h);
void cell_begin(struct html *h, const char *column);
void cell_end(struct html *h);
/* A cell with a text; an empty one is left out in a small window. */
void cell_text(struct html *h, const char *column, const char *text);
void cell_time(struct html *h, const struct page_view *v, const char *column, const char *iso);

/* ---- small things ---- */

/* <time> alone. */
void page_clock(struct html *h, const char *iso);
/* <time>, and how long ago or until then; nothing for NULL. */
void page_time(struct html *h, const struct page_view *v, const char *iso);
/* How long between the two; until now without the second. Nothing without the first. */
void page_duration(struct html *h, const struct page_view *v, const char *from, const char *to);
/* A state as a word in its colour: of runs, steps, firings, deliveries. */
void page_state(struct html *h, const char *state);
/* Who started it: the actor of a run. */
void page_actor(struct html *h, const cJSON *actor);
/* A link to a run; text NULL: its id. */
void page_run_link(struct html *h, const char *id, const char *text);
/* A row of a list of facts; nothing for NULL and "". */
void page_fact(struct html *h, const char *name, const char *text);
void page_time_fact(struct html *h, const struct page_view *v, const char *name, const char *iso);
/* How many an approval needs and who has voted: rows of a list of facts. */
void page_votes(struct html *h, const struct page_view *v, const cJSON *approval);
/* JSON behind a word that opens it; nothing for NULL. */
void page_json(struct html *h, const char *name, const cJSON *value, bool open);
/* In place of a table without rows. */
void page_empty(struct html *h, const char *text);

/* The table of runs; limit 0: all. */
void page_runs_table(struct html *h, const struct page_view *v, const char *caption,
		     const cJSON *runs, size_t limit);

#endif
