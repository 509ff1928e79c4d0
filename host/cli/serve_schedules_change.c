/* serve_schedules_change.c - the schedules of one configuration take the place of those of another. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/config_change.h"
#include "cli/serve_firing.h"
#include "net/loop.h"

enum { COURSE_MAX = 1 << 16 };

/* A schedule of the next configuration: one that goes on, or one that is new. */
struct coming {
	struct firing *f;
	bool new;
	struct schedule_course course; /* of a new one: what was decided when it was there before */
};

struct firings_change {
	struct firings *all;
	const struct config *config;
	struct coming *v; /* as the configuration has them */
	struct firing **list;
	size_t n;
};

int firings_change_new(struct firings_change **out, struct firings *fs, const struct config *config,
		       struct err *err)
{
	struct firings_change *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for schedules");
	*c = (struct firings_change){ .all = fs,
				      .config = config,
				      .v = calloc(config->n_schedules + 1, sizeof(*c->v)),
				      .list = calloc(config->n_schedules + 1,
						     sizeof(struct firing *)) };
	fs->changing = true;
	bool whole = c->v && c->list;
	for (; whole && c->n < config->n_schedules; c->n += whole) {
		const struct config_schedule *s = &config->schedules[c->n];
		struct firing *f = firings_find(fs, s->start.name);
		c->v[c->n] = (struct coming){ .f = f ? f : firing_new(fs, s), .new = !f };
		whole = c->v[c->n].f;
	}
	if (!whole) {
		firings_change_free(c);
		return err_set(err, ERR_NOMEM, "no memory for schedules");
	}
	*out = c;
	return 0;
}

static int take_row(void *arg, const struct schedule_row *row)
{
	const struct firings_change *c = arg;
	for (size_t i = 0; i < c->n; i++) {
		struct coming *to = &c->v[i];
		if (!to->new || strcmp(to->f->c->start.name, row->name) != 0)
			continue;
		firing_take_row(to->f, row);
		if (row->course && schedule_course_read(&to->course, row->course) < 0)
			break; /* nothing is decided */
	}
	return 0;
}

int firings_change_look(struct firings_change *c, struct store_reader *reader, struct err *err)
{
	return store_schedules(reader, take_row, c, err);
}

int firings_change_ready(struct firings_change *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		struct firing *f = c->v[i].f;
		struct schedule_course *course = &c->v[i].course;
		if (!c->v[i].new)
			continue;
		schedule_course_begin(course, &f->c->rule, clock_wall_ms());
		rc = schedules_add(&f->timer, c->all->schedules, &f->c->rule, course, f, err);
		if (rc == 0 && f->paused_ms)
			schedule_pause(f->timer, true);
	}
	return rc;
}

static void remove_timer(struct firing *f)
{
	if (f->timer && f->all->schedules)
		schedules_remove(f->all->schedules, f->timer);
	f->timer = NULL;
}

void firings_change_free(struct firings_change *c)
{
	if (!c)
		return;
	c->all->changing = false;
	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].new) {
			remove_timer(c->v[i].f);
			firing_free(c->v[i].f);
		}
	}
	free(c->v);
	free((void *)c->list);
	free(c);
}

/* ---- taking ---- */

/* What is decided of it stays so: with another jitter an instant that has its run might come again. */
static void leave(struct firing *f)
{
	struct buf course = BUF_INIT(COURSE_MAX);
	schedule_course_write(schedule_course_of(f->timer), &course);
	firing_skip_waiting(f, NOT_CONFIGURED);
	firing_record_skips(f);
	firings_take_leave(f->all, &(struct schedule_row){ .name = f->c->start.name,
							   .zone = f->c->zone_name,
							   .options = "{}",
							   .course = buf_cstr(&course),
							   .missed = f->missed,
							   .failures = f->failures });
	buf_clear(&course);
	remove_timer(f);
	firing_free(f);
}

static bool is_coming(const struct firings_change *c, const struct firing *f)
{
	size_t i = 0;
	while (i < c->n && c->v[i].f != f)
		i++;
	return i < c->n;
}

/* Its row is written again where anything of it is said in another way. */
static void go_on(struct firing *f, const struct config_schedule *next)
{
	const struct config_schedule *was = f->c;
	bool anew =
	    strcmp(was->cron, next->cron) != 0 || strcmp(was->zone_name, next->zone_name) != 0;
	f->c = next;
	schedule_change(f->timer, &next->rule, anew);
	if (!config_same_section(was->section, next->section))
		firing_save(f);
}

void firings_change_take(struct firings_change *c)
{
	struct firings *fs = c->all;
	INVARIANT(!fs->backfill);
	for (size_t i = 0; i < fs->n; i++) {
		if (!is_coming(c, fs->v[i]))
			leave(fs->v[i]);
	}
	for (size_t i = 0; i < c->n; i++) {
		struct firing *f = c->list[i] = c->v[i].f;
		if (c->v[i].new)
			firing_save(f);
		else
			go_on(f, &c->config->schedules[i]);
		c->v[i].new = false;
	}
	free((void *)fs->v);
	fs->v = c->list;
	fs->n = c->n;
	c->list = NULL;
	firings_change_free(c);
	firings_start_waiting(fs);
}
