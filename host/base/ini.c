#include "base/ini.h"

#include <stdlib.h>
#include <string.h>

/* The public view first, so that a struct ini * is a struct parsed *. Strings live in one block. */
struct parsed {
	struct ini view;
	char *strings; /* file name, then every kind, name, key and value, each with a NUL */
	char *free;
};

struct reader {
	struct parsed *p;
	struct ini_section *section; /* the one being filled */
	int line;
	struct err *err;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes t)
{
	while (t.n > 0 && blank(t.p[0])) {
		t.p++;
		t.n--;
	}
	while (t.n > 0 && blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

static const char *keep(struct parsed *p, struct bytes t)
{
	char *s = p->free;
	memcpy(s, t.p, t.n);
	s[t.n] = '\0';
	p->free = s + t.n + 1;
	return s;
}

static int complain(struct reader *r, const char *what, struct bytes quoted)
{
	return err_set(r->err, ERR_INVALID, "%s:%d: %s: %.*s", r->p->view.file, r->line, what,
		       (int)(quoted.n < 80 ? quoted.n : 80), quoted.p);
}

static int complain_twice(struct reader *r, const char *what, const char *name, int first)
{
	return err_set(r->err, ERR_INVALID, "%s:%d: %s %s is there twice, first in line %d",
		       r->p->view.file, r->line, what, name, first);
}

/* Room for one more element; lists grow by doubling at powers of two. */
static void *grow(void *list, size_t n, size_t size)
{
	bool full = n == 0 || (n & (n - 1)) == 0;
	return full ? realloc(list, (n == 0 ? 1 : n * 2) * size) : list;
}

static int add_section(struct reader *r, struct bytes line)
{
	struct parsed *p = r->p;
	if (line.p[line.n - 1] != ']')
		return complain(r, "expected ']' at the end of a section", line);
	struct bytes inner = trim((struct bytes){ line.p + 1, line.n - 2 });
	size_t k = 0;
	while (k < inner.n && !blank(inner.p[k]))
		k++;
	if (k == 0)
		return complain(r, "expected [kind] or [kind name]", line);
	struct bytes name = trim((struct bytes){ inner.p + k, inner.n - k });
	struct ini_section s = { .kind = keep(p, (struct bytes){ inner.p, k }),
				 .name = keep(p, name),
				 .line = r->line };
	const struct ini_section *old = ini_section(&p->view, s.kind, s.name);
	if (old)
		return complain_twice(r, "section", s.name[0] ? s.name : s.kind, old->line);
	struct ini_section *list = grow(p->view.sections, p->view.n_sections, sizeof(s));
	if (!list)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	p->view.sections = list;
	r->section = &list[p->view.n_sections++];
	*r->section = s;
	return 0;
}

/* The inside of a quoted value, escapes undone in place of a copy. */
static int unquote(struct reader *r, struct bytes line, const char **out)
{
	char *w = r->p->free;
	*out = w;
	for (size_t i = 1; i + 1 < line.n; i++) {
		char c = line.p[i];
		if (c == '"')
			return complain(r, "text follows the closing quote", line);
		if (c == '\\') {
			char e = line.p[++i];
			if (i + 1 >= line.n || (e != '"' && e != '\\' && e != 'n'))
				return complain(r, "expected \\\" \\\\ or \\n", line);
			c = e;
			if (e == 'n')
				c = '\n';
		}
		*w++ = c;
	}
	if (line.n < 2 || line.p[line.n - 1] != '"')
		return complain(r, "expected '\"' at the end of a quoted value", line);
	*w = '\0';
	r->p->free = w + 1;
	return 0;
}

static int add_key(struct reader *r, struct bytes line)
{
	const char *eq = memchr(line.p, '=', line.n);
	if (!eq || eq == line.p)
		return complain(r, "expected key = value, [section] or a # comment", line);
	if (!r->section)
		return complain(r, "expected a [section] before the first key", line);
	size_t before = (size_t)(eq - line.p);
	struct bytes value = trim((struct bytes){ eq + 1, line.n - before - 1 });
	struct ini_key k = { .name = keep(r->p, trim((struct bytes){ line.p, before })),
			     .line = r->line };
	const struct ini_key *old = ini_key(r->section, k.name);
	if (old)
		return complain_twice(r, "key", k.name, old->line);
	if (value.n > 0 && value.p[0] == '"') {
		int rc = unquote(r, value, &k.value);
		if (rc < 0)
			return rc;
	} else {
		k.value = keep(r->p, value);
	}
	struct ini_key *list = grow(r->section->keys, r->section->n_keys, sizeof(k));
	if (!list)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	list[r->section->n_keys++] = k;
	r->section->keys = list;
	return 0;
}

static int read_line(struct reader *r, struct bytes line)
{
	line = trim(line);
	if (memchr(line.p, '\0', line.n))
		return complain(r, "a NUL byte", (struct bytes){ "", 0 });
	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return 0;
	return line.p[0] == '[' ? add_section(r, line) : add_key(r, line);
}

int ini_parse(struct ini **out, struct bytes text, const char *file, struct err *err)
{
	struct parsed *p = calloc(1, sizeof(*p));
	/* No line keeps more than its bytes and three NULs. */
	size_t room = 4 * (text.n + 1) + strlen(file) + 1;
	if (!p || !(p->strings = malloc(room))) {
		free(p);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	p->free = p->strings;
	p->view.file = keep(p, bytes_str(file));
	struct reader r = { .p = p, .err = err };
	int rc = 0;
	while (rc == 0 && text.n > 0) {
		r.line++;
		rc = read_line(&r, bytes_line(&text));
	}
	if (rc < 0)
		ini_free(&p->view);
	else
		*out = &p->view;
	return rc;
}

void ini_free(struct ini *ini)
{
	struct parsed *p = (struct parsed *)(void *)ini;
	if (!p)
		return;
	for (size_t i = 0; i < p->view.n_sections; i++)
		free(p->view.sections[i].keys);
	free(p->view.sections);
	free(p->strings);
	free(p);
}

const struct ini_section *ini_section(const struct ini *ini, const char *kind, const char *name)
{
	for (size_t i = 0; i < ini->n_sections; i++) {
		const struct ini_section *s = &ini->sections[i];
		if (strcmp(s->kind, kind) == 0 && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

const struct ini_key *ini_key(const struct ini_section *section, const char *name)
{
	for (size_t i = 0; section && i < section->n_keys; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	}
	return NULL;
}
