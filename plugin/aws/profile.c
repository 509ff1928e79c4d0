#include "aws/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"

enum { FILE_MAX = 1 << 20, VALUE_MAX = 1 << 16, NAME_MAX_LEN = 255 };

enum section_kind { SECTION_PROFILE, SECTION_SERVICES, SECTION_SSO_SESSION };

struct property {
	struct property *next;
	char *parent; /* "sfn" of a sub-property "endpoint_url"; NULL: a property of the section */
	char *key;
	struct buf value;
};

struct section {
	struct section *next;
	enum section_kind kind;
	bool prefixed; /* written "[profile default]": beats "[default]" */
	char *name;
	struct property *properties;
};

struct profiles {
	struct section *sections;
};

/* One pass over one file. */
struct reader {
	struct profiles *profiles;
	enum profile_file which;
	const char *path;
	int line;
	bool any_section;
	struct section *section; /* NULL: in an ignored section */
	struct property *last;   /* what a continuation line continues; NULL: an ignored one */
	bool any_property;
};

/* ---- storage ---- */

static void property_free(struct property *p)
{
	if (p->value.p)
		wipe(p->value.p, p->value.n);
	buf_clear(&p->value);
	free(p->parent);
	free(p->key);
	free(p);
}

static void section_clear(struct section *s)
{
	while (s->properties) {
		struct property *next = s->properties->next;
		property_free(s->properties);
		s->properties = next;
	}
}

int profiles_new(struct profiles **out, struct err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

void profiles_free(struct profiles *p)
{
	while (p && p->sections) {
		struct section *s = p->sections;
		p->sections = s->next;
		section_clear(s);
		free(s->name);
		free(s);
	}
	free(p);
}

static struct section *find_section(const struct profiles *p, enum section_kind kind,
				    struct bytes name)
{
	for (struct section *s = p->sections; s; s = s->next) {
		if (s->kind == kind && bytes_eq(bytes_str(s->name), name))
			return s;
	}
	return NULL;
}

static struct property *find_property(const struct section *s, const char *parent, struct bytes key)
{
	for (struct property *p = s->properties; p; p = p->next) {
		bool same_parent =
		    parent ? p->parent && strcmp(p->parent, parent) == 0 : !p->parent;
		if (same_parent && bytes_eq(bytes_str(p->key), key))
			return p;
	}
	return NULL;
}

static struct section *add_section(struct profiles *p, enum section_kind kind, struct bytes name)
{
	struct section *s = calloc(1, sizeof(*s));
	if (!s || !(s->name = strndup(name.p, name.n))) {
		free(s);
		return NULL;
	}
	s->kind = kind;
	s->next = p->sections;
	p->sections = s;
	return s;
}

static struct property *add_property(struct section *s, const char *parent, struct bytes key)
{
	struct property *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = strndup(key.p, key.n);
	p->parent = parent ? strdup(parent) : NULL;
	p->value = BUF_INIT(VALUE_MAX);
	if (!p->key || (parent && !p->parent)) {
		property_free(p);
		return NULL;
	}
	p->next = s->properties;
	s->properties = p;
	return p;
}

/* ---- text ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes b)
{
	while (b.n > 0 && is_blank(*b.p)) {
		b.p++;
		b.n--;
	}
	while (b.n > 0 && (is_blank(b.p[b.n - 1]) || b.p[b.n - 1] == '\r'))
		b.n--;
	return b;
}

/* " #" and " ;" begin a comment; "a#b" does not. */
static struct bytes cut_comment(struct bytes b)
{
	for (size_t i = 1; i < b.n; i++) {
		if ((b.p[i] == '#' || b.p[i] == ';') && is_blank(b.p[i - 1]))
			return trim((struct bytes){ b.p, i });
	}
	return b;
}

static bool is_name(struct bytes b)
{
	static const char other[] = "_-/.%@:+";
	for (size_t i = 0; i < b.n; i++) {
		char c = b.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr(other, c)) ||
		    c == '\0')
			return false;
	}
	return b.n > 0 && b.n <= NAME_MAX_LEN;
}

static int complain(const struct reader *r, const char *what, struct err *err)
{
	return err_named(err, ERR_INVALID, "InvalidProfileFile", "%s:%d: %s", r->path, r->line,
			 what);
}

/* ---- sections ---- */

static bool take_word(struct bytes *b, const char *word)
{
	size_t n = strlen(word);
	if (b->n <= n || memcmp(b->p, word, n) != 0 || !is_blank(b->p[n]))
		return false;
	*b = trim((struct bytes){ b->p + n, b->n - n });
	return true;
}

/* A name in quotes may hold blanks; without quotes the shared grammar's letters only. */
static bool take_name(struct bytes *name)
{
	if (name->n < 2 || (*name->p != '"' && *name->p != '\''))
		return is_name(*name);
	if (name->p[name->n - 1] != *name->p)
		return false;
	*name = (struct bytes){ name->p + 1, name->n - 2 };
	return name->n > 0;
}

static bool section_of(struct bytes *name, enum profile_file which, enum section_kind *kind,
		       bool *prefixed)
{
	*kind = SECTION_PROFILE;
	*prefixed = false;
	if (which == PROFILE_CREDENTIALS)
		return take_name(name);
	if (take_word(name, "profile")) {
		*prefixed = true;
		return take_name(name);
	}
	if (take_word(name, "sso-session")) {
		*kind = SECTION_SSO_SESSION;
		return take_name(name);
	}
	if (take_word(name, "services")) {
		*kind = SECTION_SERVICES;
		return take_name(name);
	}
	return bytes_eq(*name, BYTES_LIT("default"));
}

static int read_section(struct reader *r, struct bytes line, struct err *err)
{
	const char *end = memchr(line.p, ']', line.n);
	if (!end)
		return complain(r, "expected ']' at the end of a section's name", err);
	struct bytes rest = trim((struct bytes){ end + 1, (size_t)(line.p + line.n - end - 1) });
	if (rest.n > 0 && *rest.p != '#' && *rest.p != ';')
		return complain(r, "expected nothing but a comment behind ']'", err);
	struct bytes name = trim((struct bytes){ line.p + 1, (size_t)(end - line.p - 1) });
	enum section_kind kind;
	bool prefixed;
	r->any_section = true;
	r->any_property = false;
	r->last = NULL;
	r->section = NULL;
	if (!section_of(&name, r->which, &kind, &prefixed))
		return 0;
	struct section *s = find_section(r->profiles, kind, name);
	if (s && r->which == PROFILE_CONFIG && s->prefixed && !prefixed)
		return 0; /* [default] after [profile default] */
	if (s && r->which == PROFILE_CONFIG && !s->prefixed && prefixed)
		section_clear(s); /* [profile default] after [default] */
	if (!s)
		s = add_section(r->profiles, kind, name);
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	s->prefixed = s->prefixed || prefixed;
	r->section = s;
	return 0;
}

/* ---- properties ---- */

/* Set a property, replacing what it was. A key of other letters is ignored with its value. */
static int set_property(struct reader *r, const char *parent, struct bytes key, struct bytes value,
			struct err *err)
{
	if (!r->section || !is_name(key))
		return 0;
	char lower_key[NAME_MAX_LEN + 1];
	for (size_t i = 0; i < key.n; i++)
		lower_key[i] =
		    (char)(key.p[i] >= 'A' && key.p[i] <= 'Z' ? key.p[i] + 32 : key.p[i]);
	struct bytes lower = { lower_key, key.n };
	struct property *p = find_property(r->section, parent, lower);
	if (!p)
		p = add_property(r->section, parent, lower);
	if (!p)
		return err_set(err, ERR_NOMEM, "out of memory");
	if (p->value.p)
		wipe(p->value.p, p->value.n);
	buf_clear(&p->value);
	buf_add(&p->value, value.p, value.n);
	if (!parent)
		r->last = p;
	return p->value.err == 0 ? 0 : complain(r, "the value is too long", err);
}

static int split(const struct reader *r, struct bytes line, struct bytes *key, struct bytes *value,
		 struct err *err)
{
	const char *eq = memchr(line.p, '=', line.n);
	if (!eq)
		return complain(r, "expected 'name = value'", err);
	*key = trim((struct bytes){ line.p, (size_t)(eq - line.p) });
	*value = trim((struct bytes){ eq + 1, (size_t)(line.p + line.n - eq - 1) });
	return key->n > 0 ? 0 : complain(r, "expected a name before '='", err);
}

static int read_property(struct reader *r, struct bytes line, struct err *err)
{
	struct bytes key = { NULL, 0 }, value = { NULL, 0 };
	if (!r->any_section)
		return complain(r, "expected a section such as [default] first", err);
	r->last = NULL;
	r->any_property = true;
	int rc = split(r, line, &key, &value, err);
	if (rc < 0)
		return rc;
	/* The blank that makes '#' a comment may be the one we trimmed: "key = # none". */
	if (value.n > 0 && (*value.p == '#' || *value.p == ';') && is_blank(value.p[-1]))
		value.n = 0;
	return set_property(r, NULL, key, cut_comment(value), err);
}

/* A line that begins with a blank: more of the value above, or a sub-property when it is empty. */
static int read_continuation(struct reader *r, struct bytes line, struct err *err)
{
	if (!r->any_section || !r->any_property)
		return complain(r, "expected a property before a line that begins with a blank",
				err);
	struct bytes text = trim(line);
	struct property *last = r->last;
	if (!last)
		return 0; /* of an ignored section or property */
	if (last->value.n == 0) {
		struct bytes key = { NULL, 0 }, value = { NULL, 0 };
		int rc = split(r, text, &key, &value, err);
		return rc < 0 ? rc : set_property(r, last->key, key, value, err);
	}
	buf_adds(&last->value, "\n");
	buf_add(&last->value, text.p, text.n);
	return last->value.err == 0 ? 0 : complain(r, "the value is too long", err);
}

static int read_line(struct reader *r, struct bytes line, struct err *err)
{
	if (trim(line).n == 0 || *line.p == '#' || *line.p == ';')
		return 0;
	if (*line.p == '[')
		return read_section(r, line, err);
	return is_blank(*line.p) ? read_continuation(r, line, err) : read_property(r, line, err);
}

int profiles_parse(struct profiles *p, enum profile_file which, struct bytes text, const char *path,
		   struct err *err)
{
	struct reader r = { .profiles = p, .which = which, .path = path };
	int rc = 0;
	while (rc == 0 && text.n > 0) {
		r.line++;
		rc = read_line(&r, bytes_line(&text), err);
	}
	return rc;
}

int profiles_load(struct profiles *p, enum profile_file which, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : err_named(err, ERR_IO, "InvalidProfileFile", "cannot open %s: %s",
				       path, strerror(errno));
	char chunk[4096];
	struct buf text = BUF_INIT(FILE_MAX);
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(&text, chunk, n);
	bool failed = ferror(f) != 0;
	(void)fclose(f);
	wipe(chunk, sizeof(chunk));
	int rc;
	if (failed)
		rc = err_named(err, ERR_IO, "InvalidProfileFile", "cannot read %s", path);
	else if (text.err)
		rc = err_named(err, ERR_LIMIT, "InvalidProfileFile", "%s is over %d bytes", path,
			       FILE_MAX);
	else
		rc = profiles_parse(p, which, buf_bytes(&text), path, err);
	if (text.p)
		wipe(text.p, text.n);
	buf_clear(&text);
	return rc;
}

/* ---- look-ups ---- */

bool profiles_has(const struct profiles *p, const char *profile)
{
	return find_section(p, SECTION_PROFILE, bytes_str(profile)) != NULL;
}

const char *profiles_get(const struct profiles *p, const char *profile, const char *key)
{
	const struct section *s = find_section(p, SECTION_PROFILE, bytes_str(profile));
	const struct property *found = s ? find_property(s, NULL, bytes_str(key)) : NULL;
	return found ? buf_cstr(&found->value) : NULL;
}

const char *profiles_service(const struct profiles *p, const char *services, const char *service,
			     const char *key, bool *found)
{
	const struct section *s = find_section(p, SECTION_SERVICES, bytes_str(services));
	*found = s != NULL;
	const struct property *value = s ? find_property(s, service, bytes_str(key)) : NULL;
	return value ? buf_cstr(&value->value) : NULL;
}
