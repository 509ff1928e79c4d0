#include "cli/config_change.h"

#include <stdio.h>
#include <string.h>

#include "cli/config_read.h"

static const struct ini_section *section_of(const struct config *c, const struct ini_section *like)
{
	return c->ini ? ini_section(c->ini, like->kind, like->name) : NULL;
}

static bool same_value(const struct ini_key *a, const struct ini_key *b)
{
	return a && b ? strcmp(a->value, b->value) == 0 : !a && !b;
}

/* line: where to look for it; 0: it is not there any more. */
static int refuse(const struct config *c, const struct ini_section *s, const char *key, int line,
		  struct err *err)
{
	char at[16] = "";
	if (line)
		(void)snprintf(at, sizeof(at), ":%d", line);
	return err_set(err, ERR_INVALID,
		       "%s%s: [%s%s%s] %s cannot change while serve goes on: it takes a restart",
		       c->file, at, s->kind, s->name[0] ? " " : "", s->name, key);
}

/* Keys of next that were not there, or had another value. */
static int judge_keys(const struct config *was, const struct config *next,
		      const struct ini_section *s, struct err *err)
{
	const struct ini_section *before = section_of(was, s);
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct ini_key *k = &s->keys[i];
		if (!config_is_live(s, k->name) && !same_value(ini_key(before, k->name), k))
			return refuse(next, s, k->name, k->line, err);
	}
	return 0;
}

/* Keys that were there, and are not any more. */
static int judge_gone(const struct config *next, const struct ini_section *s, struct err *err)
{
	const struct ini_section *now = section_of(next, s);
	for (size_t i = 0; i < s->n_keys; i++) {
		const struct ini_key *k = &s->keys[i];
		if (!config_is_live(s, k->name) && !ini_key(now, k->name))
			return refuse(next, s, k->name, now ? now->line : 0, err);
	}
	return 0;
}

int config_may_follow(const struct config *was, const struct config *next, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && next->ini && i < next->ini->n_sections; i++)
		rc = judge_keys(was, next, &next->ini->sections[i], err);
	for (size_t i = 0; rc == 0 && was->ini && i < was->ini->n_sections; i++)
		rc = judge_gone(next, &was->ini->sections[i], err);
	return rc;
}

bool config_same_section(const struct ini_section *a, const struct ini_section *b)
{
	bool same = a && b ? a->n_keys == b->n_keys : !a && !b;
	for (size_t i = 0; same && a && i < a->n_keys; i++)
		same = same_value(&a->keys[i], ini_key(b, a->keys[i].name));
	return same;
}

static bool is_of(const struct ini_section *s, const char *kind)
{
	return strcmp(s->kind, kind) == 0 && s->name[0];
}

void config_count_changes(struct config_counts *out, const struct config *was,
			  const struct config *next, const char *kind)
{
	*out = (struct config_counts){ 0 };
	for (size_t i = 0; i < next->ini->n_sections; i++) {
		const struct ini_section *s = &next->ini->sections[i];
		const struct ini_section *before = is_of(s, kind) ? section_of(was, s) : s;
		out->added += !before;
		out->changed += before && before != s && !config_same_section(before, s);
	}
	for (size_t i = 0; i < was->ini->n_sections; i++) {
		const struct ini_section *s = &was->ini->sections[i];
		out->removed += is_of(s, kind) && !section_of(next, s);
	}
}
