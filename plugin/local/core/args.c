#include "local/core/args.h"

#include <inttypes.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "local/core/fault.h"
#include "local/core/jsonw.h"
#include "local/core/mem.h"

struct faults {
	struct buf text;
	int n;
};

static void add(struct faults *f, const struct arg *m, const cJSON *v, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

static void add(struct faults *f, const struct arg *m, const cJSON *v, const char *fmt, ...)
{
	char constraint[256];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(constraint, sizeof(constraint), fmt, ap);
	va_end(ap);
	if (f->n++)
		buf_adds(&f->text, "; ");
	if (m->sensitive) {
		buf_adds(&f->text, "Value");
	} else if (!v || cJSON_IsNull(v)) {
		buf_adds(&f->text, "Value null");
	} else {
		buf_adds(&f->text, "Value '");
		if (cJSON_IsString(v))
			buf_adds(&f->text, v->valuestring);
		else
			json_write(&f->text, v);
		buf_adds(&f->text, "'");
	}
	buf_addf(&f->text, " at '%s' failed to satisfy constraint: Member must %s", m->name,
		 constraint);
}

static int64_t length(const char *s)
{
	int64_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* Is word one of "[A, B, C]"? */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list; n > 0 && (p = strstr(p, word)) != NULL; p += n)
		if ((p[-1] == '[' || p[-1] == ' ') && (p[n] == ',' || p[n] == ']'))
			return true;
	return false;
}

static bool fits(const char *pattern, const char *text)
{
	regex_t re;
	char *whole = mem_printf("^(%s)$", pattern);
	INVARIANT(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB) == 0);
	bool ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	free(whole);
	return ok;
}

static void check_string(struct faults *f, const struct arg *m, const cJSON *v)
{
	int64_t n = length(v->valuestring);
	if (m->choices && !listed(m->choices, v->valuestring))
		add(f, m, v, "satisfy enum value set: %s", m->choices);
	else if (n < m->min)
		add(f, m, v, "have length greater than or equal to %" PRId64, m->min);
	else if (m->pattern && !fits(m->pattern, v->valuestring))
		add(f, m, v, "satisfy regular expression pattern: %s", m->pattern);
	else if (m->max && n > m->max)
		add(f, m, v, "have length less than or equal to %" PRId64, m->max);
}

static void check_number(struct faults *f, const struct arg *m, const cJSON *v)
{
	if (v->valuedouble < (double)m->min)
		add(f, m, v, "have value greater than or equal to %" PRId64, m->min);
	else if (m->max && v->valuedouble > (double)m->max)
		add(f, m, v, "have value less than or equal to %" PRId64, m->max);
}

static bool type_ok(const struct arg *m, const cJSON *v)
{
	int64_t n;
	switch (m->type) {
	case ARG_STRING:
		return cJSON_IsString(v);
	case ARG_INTEGER:
		return json_int(v, &n);
	case ARG_NUMBER:
		return cJSON_IsNumber(v);
	case ARG_BOOLEAN:
		return cJSON_IsBool(v);
	case ARG_OBJECT:
		return cJSON_IsObject(v);
	case ARG_LIST:
		return cJSON_IsArray(v);
	}
	return false;
}

/* The whole of a long text, beside what fits into err->message. */
static void keep_long_text(const struct faults *f, struct buf *extra)
{
	struct buf text = MEM_BUF;
	struct jsonw w = { extra, false };
	buf_addf(&text, "%d validation error%s detected: ", f->n, f->n == 1 ? "" : "s");
	buf_add(&text, f->text.p, f->text.n);
	jsonw_open(&w, NULL, '{');
	jsonw_bytes(&w, "message", buf_bytes(&text));
	jsonw_close(&w, '}');
	buf_clear(&text);
}

int args_check(const cJSON *args, const struct arg *members, struct buf *extra, struct err *err)
{
	struct faults f = { MEM_BUF, 0 };
	int rc = 0;
	for (const struct arg *m = members; m->name && !rc; m++) {
		const cJSON *v = json_get(args, m->name);
		if (!v || cJSON_IsNull(v)) {
			if (m->required)
				add(&f, m, NULL, "not be null");
		} else if (!type_ok(m, v)) {
			rc = fault(err, "SerializationException",
				   "Unexpected type of value for member '%s'", m->name);
		} else if (m->type == ARG_STRING) {
			check_string(&f, m, v);
		} else if (m->type == ARG_INTEGER || m->type == ARG_NUMBER) {
			check_number(&f, m, v);
		}
	}
	if (!rc && f.text.n > sizeof(err->message) - 64)
		keep_long_text(&f, extra);
	if (!rc && f.n)
		rc = fault(err, "ValidationException", "%d validation error%s detected: %s", f.n,
			   f.n == 1 ? "" : "s", buf_cstr(&f.text));
	buf_clear(&f.text);
	return rc;
}
