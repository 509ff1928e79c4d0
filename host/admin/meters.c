#include "admin/meters.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABELS_TEXT_MAX = 2048, VALUE_SHOWN_MAX = 200 };

struct series {
	struct series *next;
	char *labels; /* operation="a",outcome="b"; "" */
	double value; /* of a histogram: the sum */
	uint64_t counts[METER_BUCKETS_MAX + 1];
};

struct family {
	const struct meter_family *is;
	struct series *first, **end;
	unsigned n, n_buckets;
};

struct meters {
	struct family *v;
	unsigned n;
};

/* ---- series ---- */

/* In quotes a backslash, a quote and a line break are escaped; other control characters and what is
 * no ASCII are not shown: a reason may quote what came from outside. */
static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, "%s%s=\"", out->n ? "," : "", name);
	for (size_t i = 0; value[i] && i < VALUE_SHOWN_MAX; i++) {
		unsigned char c = (unsigned char)value[i];
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else
			buf_add(out, c < ' ' || c > '~' ? "?" : &value[i], 1);
	}
	buf_adds(out, "\"");
}

static void write_labels(struct buf *out, const struct meter_family *f, const char *a,
			 const char *b)
{
	const char *const values[METER_LABELS_MAX] = { a, b };
	for (size_t i = 0; i < METER_LABELS_MAX && f->labels[i]; i++)
		add_label(out, f->labels[i], values[i] ? values[i] : "");
}

static struct series *find(const struct family *f, const char *labels)
{
	struct series *s = f->first;
	while (s && strcmp(s->labels, labels) != 0)
		s = s->next;
	return s;
}

static struct series *add_series(struct family *f, const char *labels)
{
	struct series *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->labels = strdup(labels);
	if (!s->labels) {
		free(s);
		return NULL;
	}
	*f->end = s;
	f->end = &s->next;
	f->n++;
	return s;
}

/* NULL: no memory. */
static struct series *series_of(struct family *f, const char *a, const char *b)
{
	struct buf labels = BUF_INIT(LABELS_TEXT_MAX);
	write_labels(&labels, f->is, a, b);
	struct series *s = labels.err ? NULL : find(f, buf_cstr(&labels));
	if (!s && !labels.err && f->n >= METER_SERIES_MAX) {
		labels.n = 0;
		write_labels(&labels, f->is, "other", "other");
		s = labels.err ? NULL : find(f, buf_cstr(&labels));
	}
	if (!s && !labels.err)
		s = add_series(f, buf_cstr(&labels));
	buf_clear(&labels);
	return s;
}

void meters_add(struct meters *m, unsigned family, double by, const char *a, const char *b)
{
	struct series *s = series_of(&m->v[family], a, b);
	if (s)
		s->value += by;
}

void meters_set(struct meters *m, unsigned family, double value, const char *a, const char *b)
{
	struct series *s = series_of(&m->v[family], a, b);
	if (s)
		s->value = value;
}

void meters_observe(struct meters *m, unsigned family, double value, const char *a, const char *b)
{
	struct family *f = &m->v[family];
	struct series *s = series_of(f, a, b);
	unsigned i = 0;
	if (!s)
		return;
	while (i < f->n_buckets && value > f->is->buckets[i])
		i++;
	s->counts[i]++;
	s->value += value;
}

/* ---- writing ---- */

static const char *kind_name(enum meter_kind k)
{
	static const char *const names[] = { "counter", "gauge", "histogram" };
	return names[k];
}

/* 15 digits hold a count exactly and keep 0.1 what it is. */
static void write_number(struct buf *out, double v)
{
	buf_addf(out, isfinite(v) ? "%.15g\n" : "0\n", v);
}

static void write_sample(struct buf *out, const char *name, const char *suffix, const char *labels,
			 double value)
{
	buf_addf(out, "%s%s%s%s%s ", name, suffix, *labels ? "{" : "", labels, *labels ? "}" : "");
	write_number(out, value);
}

static void write_histogram(struct buf *out, const struct family *f, const struct series *s)
{
	const char *comma = *s->labels ? "," : "";
	uint64_t sum = 0;
	for (unsigned i = 0; i <= f->n_buckets; i++) {
		char le[32] = "+Inf";
		if (i < f->n_buckets)
			(void)snprintf(le, sizeof(le), "%g%s", f->is->buckets[i],
				       f->is->buckets[i] == floor(f->is->buckets[i]) ? ".0" : "");
		sum += s->counts[i];
		buf_addf(out, "%s_bucket{%s%sle=\"%s\"} ", f->is->name, s->labels, comma, le);
		write_number(out, (double)sum);
	}
	write_sample(out, f->is->name, "_count", s->labels, (double)sum);
	write_sample(out, f->is->name, "_sum", s->labels, s->value);
}

/* In the older format the name of a counter's family ends with _total. */
static void write_family(struct buf *out, const struct family *f, bool openmetrics)
{
	const char *total = f->is->kind == METER_COUNTER ? "_total" : "";
	const char *family = openmetrics ? "" : total, *name = f->is->name;
	buf_addf(out, "# TYPE %s%s %s\n", name, family, kind_name(f->is->kind));
	if (openmetrics && f->is->unit)
		buf_addf(out, "# UNIT %s %s\n", name, f->is->unit);
	buf_addf(out, "# HELP %s%s %s\n", name, family, f->is->help);
	for (const struct series *s = f->first; s; s = s->next) {
		if (f->is->kind == METER_HISTOGRAM)
			write_histogram(out, f, s);
		else
			write_sample(out, name, total, s->labels, s->value);
	}
}

void meters_write(const struct meters *m, struct buf *out, bool openmetrics)
{
	for (unsigned i = 0; i < m->n; i++)
		write_family(out, &m->v[i], openmetrics);
	if (openmetrics)
		buf_adds(out, "# EOF\n");
}

const char *meters_content_type(bool openmetrics)
{
	return openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			   : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- life ---- */

static unsigned count_buckets(const struct meter_family *f)
{
	unsigned n = 0;
	while (n < METER_BUCKETS_MAX && f->buckets[n] > 0)
		n++;
	return n;
}

int meters_new(struct meters **out, const struct meter_family *families, unsigned n,
	       struct err *err)
{
	struct meters *m = calloc(1, sizeof(*m));
	if (m)
		m->v = calloc(n, sizeof(*m->v));
	if (!m || !m->v) {
		free(m);
		return err_set(err, ERR_NOMEM, "no memory for metrics");
	}
	for (; m->n < n; m->n++) {
		struct family *f = &m->v[m->n];
		*f = (struct family){ .is = &families[m->n],
				      .end = &f->first,
				      .n_buckets = count_buckets(&families[m->n]) };
		if (!families[m->n].labels[0] && !add_series(f, "")) {
			m->n++;
			meters_free(m);
			return err_set(err, ERR_NOMEM, "no memory for metrics");
		}
	}
	*out = m;
	return 0;
}

void meters_free(struct meters *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->n; i++) {
		for (struct series *s = m->v[i].first, *next; s; s = next) {
			next = s->next;
			free(s->labels);
			free(s);
		}
	}
	free(m->v);
	free(m);
}
