#include "audit/request.h"

#include <string.h>
#include <unistd.h>

enum { N_DEFAULT = 20, N_MAX = 100000 };

static bool read_number(uint64_t *out, const char *text, uint64_t max)
{
	uint64_t n = 0;
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > max / 10)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*out = n;
	return n <= max;
}

static int set_json(struct request *q, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	q->json = true;
	return 0;
}

static int set_strict(struct request *q, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	q->strict = true;
	return 0;
}

static int set_follow(struct request *q, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	q->follow = true;
	return 0;
}

static int set_run(struct request *q, const char *value, struct err *err)
{
	(void)err;
	q->run = value;
	return 0;
}

static int set_unknown(struct request *q, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	q->unknown = true;
	return 0;
}

static int set_key(struct request *q, const char *value, struct err *err)
{
	(void)err;
	q->key = value;
	return 0;
}

static int set_checkpoint(struct request *q, const char *value, struct err *err)
{
	(void)err;
	q->checkpoint = value;
	return 0;
}

static int set_proof(struct request *q, const char *value, struct err *err)
{
	(void)err;
	q->proof = value;
	return 0;
}

static int set_n(struct request *q, const char *value, struct err *err)
{
	if (read_number(&q->n, value, N_MAX))
		return 0;
	return err_set(err, ERR_INVALID, "-n takes a number from 0 to %d, not '%s'", N_MAX, value);
}

#define ON(command) (1u << (command))

static const struct option_row {
	const char *name;
	unsigned commands; /* that take it */
	bool has_value;
	int (*set)(struct request *q, const char *value, struct err *err);
} options[] = {
	{ "--json", ON(REQUEST_VERIFY) | ON(REQUEST_TAIL) | ON(REQUEST_SHOW), false, set_json },
	{ "--strict", ON(REQUEST_VERIFY), false, set_strict },
	{ "--unknown", ON(REQUEST_TAIL), false, set_unknown },
	{ "--key",
	  ON(REQUEST_VERIFY) | ON(REQUEST_CONSISTENCY) | ON(REQUEST_PROVE) | ON(REQUEST_EXPORT),
	  true, set_key },
	{ "--checkpoint", ON(REQUEST_VERIFY), true, set_checkpoint },
	{ "--proof", ON(REQUEST_VERIFY), true, set_proof },
	{ "--run", ON(REQUEST_SHOW) | ON(REQUEST_EXPORT), true, set_run },
	{ "-n", ON(REQUEST_TAIL), true, set_n },
	{ "-f", ON(REQUEST_TAIL), false, set_follow },
	{ "--follow", ON(REQUEST_TAIL), false, set_follow },
};

static const struct option_row *find_option(const struct request *q, const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, name) == 0 && (options[i].commands & ON(q->command)))
			return &options[i];
	}
	return NULL;
}

/* SEQ or FIRST-LAST. */
static bool read_range(struct request *q, const char *text)
{
	char first[24];
	const char *dash = strchr(text, '-');
	size_t n = dash ? (size_t)(dash - text) : strlen(text);
	if (n >= sizeof(first))
		return false;
	memcpy(first, text, n);
	first[n] = '\0';
	if (!read_number(&q->seq, first, INT64_MAX) || q->seq == 0)
		return false;
	q->last = q->seq;
	return !dash || (q->command == REQUEST_EXPORT &&
			 read_number(&q->last, dash + 1, INT64_MAX) && q->last >= q->seq);
}

static bool takes_place(const struct request *q)
{
	return ON(q->command) & (ON(REQUEST_SHOW) | ON(REQUEST_PROVE) | ON(REQUEST_EXPORT));
}

/* SEGMENT:SEQ, unless there is a file of that name. */
static bool read_place(struct request *q, const char *word)
{
	const char *colon = strrchr(word, ':');
	if (!takes_place(q) || q->segment || !colon || colon == word || access(word, F_OK) == 0 ||
	    !read_range(q, colon + 1))
		return false;
	q->segment = word;
	q->segment_len = (size_t)(colon - word);
	return true;
}

/* How many words come before the directory. */
static size_t words_wanted(const struct request *q)
{
	if (q->command == REQUEST_CONSISTENCY)
		return 2;
	return q->command == REQUEST_HASH;
}

static int read_word(struct request *q, const char *word, struct err *err)
{
	for (size_t i = 0; i < words_wanted(q); i++) {
		if (!q->words[i]) {
			q->words[i] = word;
			return 0;
		}
	}
	if (read_place(q, word))
		return 0;
	if (q->dir && !q->segment && takes_place(q))
		return err_set(err, ERR_INVALID,
			       "expected one SEGMENT:SEQ%s and one directory, not '%s' and '%s'",
			       q->command == REQUEST_EXPORT ? " or SEGMENT:FIRST-LAST" : "", q->dir,
			       word);
	if (q->dir)
		return err_set(err, ERR_INVALID, "one word too many: '%s'", word);
	q->dir = word;
	return 0;
}

static int check_complete(const struct request *q, const char *name, struct err *err)
{
	static const char *const wanted[] = { "SEGMENT:SEQ", "a SEGMENT:FIRST-LAST or --run ID",
					      "two files with checkpoints", "a value" };
	int missing = -1;
	if (q->command == REQUEST_PROVE && !q->segment)
		missing = 0;
	if (q->command == REQUEST_EXPORT && !q->segment == !q->run)
		missing = 1;
	if (q->command == REQUEST_CONSISTENCY && !q->words[1])
		missing = 2;
	if (q->command == REQUEST_HASH && !q->words[0])
		missing = 3;
	return missing < 0 ? 0 : err_set(err, ERR_INVALID, "%s takes %s", name, wanted[missing]);
}

static int read_command(struct request *q, const char *name, struct err *err)
{
	static const char *const names[] = { "verify", "tail",        "show",   "key",
					     "prove",  "consistency", "export", "hash" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			q->command = (enum request_command)i;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "there is no command '%s'", name);
}

int request_read(struct request *q, int argc, char **argv, struct err *err)
{
	*q = (struct request){ .n = N_DEFAULT };
	int rc = read_command(q, argv[0], err);
	for (int i = 1; i < argc && rc == 0; i++) {
		bool is_value = q->command == REQUEST_HASH && !q->words[0];
		if (argv[i][0] != '-' || is_value) {
			rc = read_word(q, argv[i], err);
			continue;
		}
		const struct option_row *o = find_option(q, argv[i]);
		if (!o)
			return err_set(err, ERR_INVALID, "%s has no option '%s'", argv[0], argv[i]);
		if (o->has_value && i + 1 == argc)
			return err_set(err, ERR_INVALID, "a value is missing behind %s", argv[i]);
		rc = o->set(q, o->has_value ? argv[++i] : NULL, err);
	}
	return rc < 0 ? rc : check_complete(q, argv[0], err);
}
