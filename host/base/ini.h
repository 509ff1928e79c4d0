/*
 * ini.h - a strict reader of the host's configuration file.
 *
 *	# a comment; also with ';'. Only whole lines are comments.
 *	[kind]                 a section
 *	[kind name]            a section of that kind with a name of its own
 *	key = value            value: the rest of the line, trimmed
 *	key = "a \"b\" \\ \n"  or quoted, which keeps blanks at its ends
 *
 * Nothing is guessed: a line that is none of these, a key before the first section, and a section
 * or key that is there twice are errors which name file and line. Every entry keeps its line, so
 * that whoever judges the values can complain as precisely.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/bytes.h"
#include "base/err.h"

struct ini_key {
	const char *name;
	const char *value;
	int line;
};

struct ini_section {
	const char *kind;
	const char *name; /* "" when it has none */
	int line;
	struct ini_key *keys;
	size_t n_keys;
};

struct ini {
	const char *file; /* as given to ini_parse */
	struct ini_section *sections;
	size_t n_sections;
};

/*
 * @param file  names the text in messages; copied
 * @param[out] out  owned by the caller; ini_free
 * @return 0; -ERR_INVALID "FILE:LINE: what is wrong, what was expected"; -ERR_NOMEM
 */
NODISCARD int ini_parse(struct ini **out, struct bytes text, const char *file, struct err *err);
void ini_free(struct ini *ini); /* NULL is fine */

/* The section, or NULL. name "" finds [kind]. */
const struct ini_section *ini_section(const struct ini *ini, const char *kind, const char *name);

/* The key's entry, or NULL; section may be NULL. */
const struct ini_key *ini_key(const struct ini_section *section, const char *name);

#endif
