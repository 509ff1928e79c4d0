/* config_rate.c - the section [rate]: how fast calls of an operation may leave (script/rates.h). */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/config_read.h"
#include "cli/duration.h"

enum { CALLS_MAX = 1000 * 1000, PERIOD_SIZE = 32 };

static const double MS = 1000;

static bool number_of(struct bytes text, int64_t *out)
{
	cJSON *v = json_parse(text, NULL);
	bool ok = json_int_token(v, out) && *out > 0 && *out <= CALLS_MAX;
	cJSON_Delete(v);
	return ok;
}

/* "1s" or "s", which is one of them. */
static bool period_of(struct bytes text, int64_t *ms)
{
	char copy[PERIOD_SIZE] = "1";
	size_t at = text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9' ? 0 : 1;
	if (text.n == 0 || text.n + at >= sizeof(copy))
		return false;
	memcpy(copy + at, text.p, text.n);
	copy[at + text.n] = '\0';
	return duration_parse(ms, copy, NULL) == 0;
}

static struct bytes next_word(const char **at)
{
	const char *word = *at + strspn(*at, " \t");
	size_t n = strcspn(word, " \t");
	*at = word + n;
	return (struct bytes){ word, n };
}

/* "1/s", "10/1m burst 20": without a burst as many as in a period. */
static bool parse(struct fair_rate *out, const char *text)
{
	struct bytes rate = next_word(&text), burst = next_word(&text);
	const char *slash = memchr(rate.p, '/', rate.n);
	int64_t n = 0, ms = 0, most = 0;
	if (!slash)
		return false;
	size_t before = (size_t)(slash - rate.p);
	if (!number_of((struct bytes){ rate.p, before }, &n) ||
	    !period_of((struct bytes){ slash + 1, rate.n - before - 1 }, &ms))
		return false;
	most = n;
	if (burst.n > 0 &&
	    !(bytes_eq(burst, BYTES_LIT("burst")) && number_of(next_word(&text), &most)))
		return false;
	*out = (struct fair_rate){ (double)most, (double)n * MS / (double)ms };
	return text[strspn(text, " \t")] == '\0';
}

int config_read_rates(struct reading *r)
{
	struct config *c = r->c;
	c->rates = calloc(r->s->n_keys + 1, sizeof(*c->rates));
	if (!c->rates)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < r->s->n_keys; i++) {
		const struct ini_key *k = &r->s->keys[i];
		struct rate *rate = &c->rates[c->n_rates++];
		*rate = (struct rate){ .operation = k->name, .off = strcmp(k->value, "off") == 0 };
		if (!strchr(k->name, '.') || (!rate->off && !parse(&rate->at, k->value)))
			return value_complain(r, k,
					      "NAMESPACE.OPERATION = off, or so many calls in so "
					      "long, such as 1/s burst 20");
	}
	return 0;
}
