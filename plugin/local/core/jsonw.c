#include "local/core/jsonw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/json.h"

static void begin(struct jsonw *w, const char *name)
{
	if (w->more)
		buf_add(w->out, ",", 1);
	w->more = true;
	if (name) {
		json_write_string(w->out, bytes_str(name));
		buf_add(w->out, ":", 1);
	}
}

void jsonw_open(struct jsonw *w, const char *name, char bracket)
{
	begin(w, name);
	buf_add(w->out, &bracket, 1);
	w->more = false;
}

void jsonw_close(struct jsonw *w, char bracket)
{
	buf_add(w->out, &bracket, 1);
	w->more = true;
}

void jsonw_str(struct jsonw *w, const char *name, const char *value)
{
	if (value)
		jsonw_bytes(w, name, bytes_str(value));
}

void jsonw_bytes(struct jsonw *w, const char *name, struct bytes value)
{
	if (!value.p)
		return;
	begin(w, name);
	json_write_string(w->out, value);
}

void jsonw_raw(struct jsonw *w, const char *name, struct bytes json)
{
	begin(w, name);
	buf_add(w->out, json.p, json.n);
}

void jsonw_int(struct jsonw *w, const char *name, int64_t value)
{
	begin(w, name);
	buf_addf(w->out, "%" PRId64, value);
}

void jsonw_bool(struct jsonw *w, const char *name, bool value)
{
	begin(w, name);
	buf_adds(w->out, value ? "true" : "false");
}

static double read_back(const char *text)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	double value = v ? v->valuedouble : 0;
	cJSON_Delete(v);
	return value;
}

/* The shortest digits that read back as value; value is 0.DIGITS * 10^(exponent + 1). */
static int shortest(char *digits, size_t size, double value)
{
	char text[40];
	size_t n = 0;
	int exponent = 0;
	for (int precision = 0; precision <= 17; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, value);
		if (read_back(text) == value)
			break;
	}
	const char *p = text;
	for (; *p && *p != 'e' && n + 1 < size; p++)
		if (*p != '.')
			digits[n++] = *p;
	digits[n] = '\0';
	for (const char *q = p + 2; *q; q++)
		exponent = exponent * 10 + (*q - '0');
	return p[1] == '-' ? -exponent : exponent;
}

void jsonw_double(struct jsonw *w, const char *name, double value)
{
	char digits[40];
	begin(w, name);
	if (!isfinite(value) || value == 0) {
		buf_adds(w->out, "0.0");
		return;
	}
	if (value < 0)
		buf_add(w->out, "-", 1);
	int exponent = shortest(digits, sizeof(digits), fabs(value));
	size_t n = strlen(digits);
	if (exponent < -3 || exponent >= 7) {
		buf_addf(w->out, "%c.%sE%d", digits[0], n > 1 ? digits + 1 : "0", exponent);
	} else if (exponent < 0) {
		buf_addf(w->out, "0.%.*s%s", -exponent - 1, "000", digits);
	} else {
		size_t whole = (size_t)exponent + 1;
		buf_add(w->out, digits, n < whole ? n : whole);
		for (size_t i = n; i < whole; i++)
			buf_add(w->out, "0", 1);
		buf_addf(w->out, ".%s", n > whole ? digits + whole : "0");
	}
}

void jsonw_date(struct jsonw *w, const char *name, int64_t ms)
{
	if (ms < INT64_C(10000000000)) {
		jsonw_double(w, name, (double)ms / 1000);
		return;
	}
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRId64, ms);
	int exponent = n - 4;
	while (n > 2 && digits[n - 1] == '0')
		n--;
	begin(w, name);
	buf_addf(w->out, "%c.%.*sE%d", digits[0], n - 1, digits + 1, exponent);
}
