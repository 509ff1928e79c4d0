/* config_deliveries.c - [hook NAME]: which deliveries start a run, how many at once, and which wait. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/config_read.h"
#include "cli/duration.h"

enum {
	QUEUE_DEFAULT = 1000,
	QUEUE_MAX = 10 * 1000,
	CONCURRENCY_MAX = 1000 * 1000,
	RATE_TEXT = 32,
	WINDOWS = 10
};

static int read_number(struct reading *r, const char *key, size_t least, size_t most, size_t *out)
{
	char expected[64];
	const struct ini_key *k = ini_key(r->s, key);
	int64_t n = 0;
	if (!k)
		return 0;
	cJSON *v = json_parse(bytes_str(k->value), NULL);
	bool ok = json_int_token(v, &n) && n >= (int64_t)least && n <= (int64_t)most;
	cJSON_Delete(v);
	*out = (size_t)n;
	(void)snprintf(expected, sizeof(expected), "a number from %zu to %zu", least, most);
	return ok ? 0 : value_complain(r, k, expected);
}

/* "10/1m" */
static int read_rate(struct reading *r, struct delivery_limits *l)
{
	const struct ini_key *k = ini_key(r->s, "rate");
	const char *slash = k ? strchr(k->value, '/') : NULL;
	char of[RATE_TEXT];
	int64_t n = 0;
	if (!k)
		return 0;
	(void)snprintf(of, sizeof(of), "%s", slash ? slash + 1 : "");
	/* "10/m" is ten in one minute */
	const char *period = of;
	char one[RATE_TEXT + 1];
	(void)snprintf(one, sizeof(one), "1%s", of);
	if (of[0] && strspn(of, "smhd") == strlen(of))
		period = one;
	cJSON *v =
	    slash ? json_parse((struct bytes){ k->value, (size_t)(slash - k->value) }, NULL) : NULL;
	bool ok = json_int_token(v, &n) && n > 0 && n <= DELIVERIES_RATE_MAX &&
		  duration_parse(&l->rate_ms, period, NULL) == 0;
	cJSON_Delete(v);
	l->rate_n = (size_t)n;
	return ok ? 0 : value_complain(r, k, "so many runs in so long, such as 10/1m");
}

static int read_debounce(struct reading *r, struct config_hook *h)
{
	struct delivery_limits *l = &h->limits;
	int rc = value_duration(r, "debounce", &l->debounce_ms);
	l->debounce_max_ms = WINDOWS * l->debounce_ms;
	if (rc == 0)
		rc = value_duration(r, "debounce_max", &l->debounce_max_ms);
	if (rc == 0)
		rc = value_text_or_null(r, "debounce_key", &h->debounce_key);
	const struct ini_key *max = ini_key(r->s, "debounce_max");
	if (rc == 0 && max && l->debounce_max_ms < l->debounce_ms)
		return value_complain(r, max, "no less than debounce");
	const struct ini_key *alone = max ? max : ini_key(r->s, "debounce_key");
	if (rc == 0 && alone && !l->debounce_ms)
		return value_complain(r, alone, "debounce = DURATION beside it");
	return rc;
}

int config_read_deliveries(struct reading *r, struct config_hook *h)
{
	h->limits.queue = QUEUE_DEFAULT;
	int rc = read_number(r, "concurrency", 1, CONCURRENCY_MAX, &h->limits.concurrency);
	if (rc == 0)
		rc = read_number(r, "queue", 0, QUEUE_MAX, &h->limits.queue);
	if (rc == 0)
		rc = read_rate(r, &h->limits);
	if (rc == 0)
		rc = read_debounce(r, h);
	if (rc == 0 && h->limits.debounce_ms && h->limits.queue == 0)
		return value_complain(r, ini_key(r->s, "queue"),
				      "more than 0 beside debounce: windows wait there");
	if (rc == 0)
		rc = value_text_or_null(r, "accept", &h->accept);
	if (rc == 0)
		rc = value_text_or_null(r, "accept_headers", &h->accept_headers);
	if (rc == 0 && h->accept_headers && !h->accept)
		return value_complain(r, ini_key(r->s, "accept_headers"), "accept beside it");
	return rc;
}
