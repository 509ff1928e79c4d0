/* policy_read.c - settings of a policy as text; see policy.h for what they mean. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/similar.h"
#include "script/changes.h"
#include "script/policy.h"

enum { CALLS_MAX = 1000000, PEOPLE_MAX = 16, WORDS_MAX = 40, WHERE_MAX = 4400 };

/* One entry of a setting. */
struct entry {
	struct policy *p;
	const char *name, *text; /* of the setting; of the entry, for messages */
	int line;
	char *words[WORDS_MAX];
	size_t n;
	struct err *err;
};

static int complain(const struct entry *e, const char *expected)
{
	return err_set(e->err, ERR_INVALID, "%s:%d: %s%.60s = %.120s: expected %s", e->p->file,
		       e->line, e->p->prefix, e->name, e->text, expected);
}

static int no_memory(const struct entry *e)
{
	return err_set(e->err, ERR_NOMEM, "no memory for a policy");
}

static char *where_of(const struct entry *e)
{
	char text[WHERE_MAX];
	(void)snprintf(text, sizeof(text), "%.4000s:%d: %s%.80s", e->p->file, e->line, e->p->prefix,
		       e->name);
	return strdup(text);
}

/* ---- words ---- */

static bool is_operation(const char *word)
{
	const char *dot = strchr(word, '.');
	if (strcmp(word, "*") == 0)
		return true;
	return dot && dot != word && dot[1] &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.*?")] == '\0';
}

static bool read_count(int *out, const char *word, int min)
{
	int64_t n = 0;
	if (!*word || strspn(word, "0123456789") != strlen(word) || strlen(word) > 7)
		return false;
	for (; *word; word++)
		n = n * 10 + (*word - '0');
	*out = (int)n;
	return n >= min && n <= CALLS_MAX;
}

/* "90s", "15m", "24h", "7d" */
static bool read_span(int64_t *out, const char *word)
{
	char digits[8];
	int n;
	size_t len = strlen(word);
	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, word, len - 1);
	digits[len - 1] = '\0';
	if (!read_count(&n, digits, 1))
		return false;
	switch (word[len - 1]) {
	case 's':
		*out = n * INT64_C(1000);
		return true;
	case 'm':
		*out = n * INT64_C(60000);
		return true;
	case 'h':
		*out = n * INT64_C(3600000);
		return true;
	case 'd':
		*out = n * INT64_C(86400000);
		return true;
	default:
		return false;
	}
}

static bool is_word(const struct entry *e, size_t i, const char *word)
{
	return i < e->n && strcmp(e->words[i], word) == 0;
}

/* Room for one more. NULL: no memory. */
static void *grow(void **list, size_t *n, size_t size)
{
	char *wider = realloc(*list, (*n + 1) * size);
	if (!wider)
		return NULL;
	*list = wider;
	void *fresh = memset(wider + *n * size, 0, size);
	(*n)++;
	return fresh;
}

/* ---- one kind of entry each ---- */

static int fill_pattern(const struct entry *e, struct policy_pattern *out, const char *resource)
{
	out->operation = strdup(e->words[0]);
	out->resource = resource ? strdup(resource) : NULL;
	out->where = where_of(e);
	return out->operation && out->where && (!resource || out->resource) ? 0 : no_memory(e);
}

static int add_pattern(const struct entry *e, struct policy_pattern **list, size_t *n)
{
	if (e->n > 2 || !is_operation(e->words[0]))
		return complain(e, "NAMESPACE.OPERATION, or that and the ARN it acts on, with '*' "
				   "and '?' for what may differ");
	void *place = *list;
	struct policy_pattern *out = grow(&place, n, sizeof(*out));
	*list = place;
	return out ? fill_pattern(e, out, e->n == 2 ? e->words[1] : NULL) : no_memory(e);
}

static int add_allow(const struct entry *e)
{
	return add_pattern(e, &e->p->allow, &e->p->n_allow);
}

static int add_deny(const struct entry *e)
{
	return add_pattern(e, &e->p->deny, &e->p->n_deny);
}

static int add_freeze(const struct entry *e)
{
	struct err why = { 0 };
	struct freeze *f = NULL;
	int rc = freeze_parse(&f, e->text, &why);
	if (rc < 0)
		return err_set(e->err, why.code, "%s:%d: %s%.60s: %s", e->p->file, e->line,
			       e->p->prefix, e->name, why.message);
	void *place = e->p->freeze;
	struct policy_window *out = grow(&place, &e->p->n_freeze, sizeof(*out));
	e->p->freeze = place;
	if (!out) {
		freeze_free(f);
		return no_memory(e);
	}
	*out = (struct policy_window){ .freeze = f, .where = where_of(e) };
	return out->where ? 0 : no_memory(e);
}

static int add_budget(const struct entry *e)
{
	static const char expected[] =
	    "NAMESPACE.OPERATION N per run, or N per resource in 24h, or "
	    "N per group in 1h (at most 24h)";
	struct policy_budget b = { .scope = POLICY_RUN };
	bool of_run = is_word(e, 3, "run");
	if (is_word(e, 3, "resource"))
		b.scope = POLICY_RESOURCE;
	if (is_word(e, 3, "group"))
		b.scope = POLICY_GROUP;
	if (e->n != (of_run ? 4 : 6) || !is_operation(e->words[0]) ||
	    !read_count(&b.calls, e->words[1], 0) || !is_word(e, 2, "per"))
		return complain(e, expected);
	if (!of_run && (b.scope == POLICY_RUN || !is_word(e, 4, "in") ||
			!read_span(&b.window_ms, e->words[5]) || b.window_ms > CHANGES_MS))
		return complain(e, expected);
	void *place = e->p->budgets;
	struct policy_budget *out = grow(&place, &e->p->n_budgets, sizeof(*out));
	e->p->budgets = place;
	if (!out)
		return no_memory(e);
	*out = b;
	out->operations = strdup(e->words[0]);
	out->where = where_of(e);
	return out->operations && out->where ? 0 : no_memory(e);
}

static bool names_twice(const struct entry *e, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		for (size_t k = from; k < i; k++)
			if (strcmp(e->words[i], e->words[k]) == 0)
				return true;
	return false;
}

static int add_approval(const struct entry *e)
{
	static const char expected[] = "NAMESPACE.OPERATION [ARN] N [of PERSON PERSON ...] [within "
				       "4h], with as many people as are needed or more";
	size_t i = e->n > 1 && !isdigit((unsigned char)e->words[1][0]) ? 2 : 1, first, last;
	struct policy_approval a = { .within_ms = CHANGES_MS };
	struct buf people = BUF_INIT(WHERE_MAX);
	if (i >= e->n || !is_operation(e->words[0]) || !read_count(&a.needed, e->words[i++], 1) ||
	    a.needed > PEOPLE_MAX)
		return complain(e, expected);
	bool named = is_word(e, i, "of");
	first = last = i + named;
	while (named && last < e->n && !is_word(e, last, "within"))
		last++;
	if (last < e->n && (last + 2 != e->n || !is_word(e, last, "within") ||
			    !read_span(&a.within_ms, e->words[last + 1])))
		return complain(e, expected);
	if (named && (last - first < (size_t)a.needed || names_twice(e, first, last)))
		return complain(e, expected);
	for (size_t k = first; k < last; k++)
		buf_addf(&people, "%s%s", k > first ? " " : "", e->words[k]);
	void *place = e->p->approvals;
	struct policy_approval *out = grow(&place, &e->p->n_approvals, sizeof(*out));
	e->p->approvals = place;
	if (out) {
		*out = a;
		out->people = strdup(buf_cstr(&people));
	}
	buf_clear(&people);
	if (!out || !out->people)
		return no_memory(e);
	return fill_pattern(e, &out->of,
			    isdigit((unsigned char)e->words[1][0]) ? NULL : e->words[1]);
}

/* Each '{' begins a {input.MEMBER}; MEMBER is one of the input itself, not of an object in it. */
static bool is_key(const char *text)
{
	static const char member[] = "{input.";
	size_t n = strcspn(text, "{}");
	for (text += n; *text; text += strcspn(text, "{}")) {
		if (strncmp(text, member, sizeof(member) - 1) != 0)
			return false;
		text += sizeof(member) - 1;
		n = strcspn(text, ".{}");
		if (n == 0 || n > POLICY_MEMBER_MAX || text[n] != '}')
			return false;
		text += n + 1;
	}
	return true;
}

static int set_key(const struct entry *e)
{
	if (e->p->key)
		return complain(e, "only one key");
	if (!is_key(e->text))
		return complain(e, "a text with {input.MEMBER} for members of the run's input");
	e->p->key = strdup(e->text);
	return e->p->key ? 0 : no_memory(e);
}

/* ---- settings ---- */

static const struct setting {
	const char *name;
	int (*add)(const struct entry *e);
} settings[] = {
	{ "allow", add_allow },   { "deny", add_deny },         { "freeze", add_freeze },
	{ "budget", add_budget }, { "approval", add_approval }, { "key", set_key },
};

static const struct setting *setting_of(const char *name)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t n = strlen(settings[i].name);
		if (strncmp(name, settings[i].name, n) == 0 &&
		    (name[n] == '\0' || (name[n] == '.' && name[n + 1])))
			return &settings[i];
	}
	return NULL;
}

static int unknown_setting(const struct policy *p, const char *name, int line, struct err *err)
{
	struct similar near = similar_to(name);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		similar_consider(&near, settings[i].name);
	if (near.best)
		return err_set(err, ERR_INVALID, "%s:%d: %s%.60s: did you mean '%s'?", p->file,
			       line, p->prefix, name, near.best);
	return err_set(err, ERR_INVALID,
		       "%s:%d: %s%.60s: expected one of allow deny freeze budget approval key",
		       p->file, line, p->prefix, name);
}

/* text is cut into words; e->text keeps it whole. */
static int add_entry(struct entry *e, const struct setting *s, char *text)
{
	char *words = strdup(text), *rest = words, *word;
	int rc = words ? 0 : no_memory(e);
	e->n = 0;
	e->text = text;
	while (rc == 0 && (word = strsep(&rest, " \t"))) {
		if (*word && e->n == WORDS_MAX)
			rc = complain(e, "fewer words");
		else if (*word)
			e->words[e->n++] = word;
	}
	if (rc == 0 && e->n == 0)
		rc = complain(e, "something between the commas");
	if (rc == 0)
		rc = s->add(e);
	free(words);
	return rc;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t n = strlen(text);
	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
	return text;
}

int policy_set(struct policy *p, const char *name, const char *value, int line, struct err *err)
{
	const struct setting *s = setting_of(name);
	struct entry e = { .p = p, .name = name, .line = line, .err = err };
	if (!s)
		return unknown_setting(p, name, line, err);
	char *copy = strdup(value), *rest = copy;
	int rc = copy ? 0 : no_memory(&e);
	while (rc == 0 && rest) {
		char *text = rest, *comma = s->add == set_key ? NULL : strchr(rest, ',');
		rest = comma ? comma + 1 : NULL;
		if (comma)
			*comma = '\0';
		rc = add_entry(&e, s, trim(text));
	}
	free(copy);
	return rc;
}

/* ---- the header of a runbook ---- */

#define MARK "--- policy:"

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* "-- policy:" and the like: meant, and yet not read. */
static bool is_slip(const char *line)
{
	line += strspn(line, " \t");
	if (!begins(line, "--"))
		return false;
	line += strspn(line, "- \t");
	return begins(line, "policy:");
}

static int read_line(struct policy *p, char *line, int number, struct err *err)
{
	char *name = line + sizeof(MARK) - 1, *value = strchr(name, '=');
	if (!value)
		return err_set(err, ERR_INVALID, "%s:%d: expected " MARK " NAME = VALUE", p->file,
			       number);
	*value++ = '\0';
	return policy_set(p, trim(name), trim(value), number, err);
}

static int take_line(struct policy **p, char *line, int number, bool in_header, const char *file,
		     struct err *err)
{
	bool marked = begins(line, MARK);
	if (!marked && !(in_header && is_slip(line)))
		return 0;
	if (!marked)
		return err_set(err, ERR_INVALID,
			       "%s:%d: a line of the policy begins with '" MARK
			       "', at the beginning of the line",
			       file, number);
	if (!in_header)
		return err_set(err, ERR_INVALID,
			       "%s:%d: a line of the policy stands before the first line of code",
			       file, number);
	int rc = *p ? 0 : policy_new(p, MARK " ", file, err);
	return rc < 0 ? rc : read_line(*p, line, number, err);
}

static bool is_comment(const char *line, int number)
{
	line += strspn(line, " \t");
	return *line == '\0' || begins(line, "--") || (number == 1 && *line == '#');
}

int policy_read_header(struct policy **out, const char *source, const char *file, struct err *err)
{
	struct policy *p = NULL;
	char *copy = strdup(source), *rest = copy;
	bool in_header = true;
	int rc = copy ? 0 : err_set(err, ERR_NOMEM, "no memory for a policy");
	if (rest && begins(rest, "\xef\xbb\xbf"))
		rest += 3;
	for (int number = 1; rc == 0 && rest; number++) {
		char *line = strsep(&rest, "\n");
		line[strcspn(line, "\r")] = '\0';
		in_header = in_header && is_comment(line, number);
		rc = take_line(&p, line, number, in_header, file, err);
	}
	free(copy);
	if (rc < 0) {
		policy_free(p);
		p = NULL;
	}
	*out = p;
	return rc;
}
