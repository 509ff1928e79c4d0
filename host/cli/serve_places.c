/* serve_places.c - where a serve is reached over HTTP, as it says and as `runbook status` tells. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/manager.h"
#include "cli/serve.h"
#include "cli/serve_admin.h"
#include "cli/serve_schedules.h"
#include "net/http_server.h"

static const int64_t WARN_BEFORE_MS = INT64_C(14) * 86400 * 1000;

/* One of the two sections, and the port that it has got at each of its places. */
struct listening {
	const char *what;
	const struct config_listen *config;
	uint16_t ports[CONFIG_PLACES_MAX];
};

/* @return how many there are */
static size_t find_listening(const struct serve *s, struct listening out[2])
{
	const struct config *c = s->host.config;
	size_t n = 0;
	if (s->webhooks) {
		out[n] = (struct listening){ .what = "hooks are received", .config = &c->listen };
		for (size_t i = 0; i < c->listen.http.n_places; i++)
			out[n].ports[i] = webhooks_port(s->webhooks, i);
		n++;
	}
	if (s->admin) {
		out[n] = (struct listening){ .what = "dashboard and metrics are served",
					     .config = &c->admin };
		for (size_t i = 0; i < c->admin.http.n_places; i++)
			out[n].ports[i] = admin_pages_port(s->admin, i);
		n++;
	}
	return n;
}

static void say_places(struct host *h, const struct listening *l)
{
	char line[512], place[300], port[16];
	for (size_t i = 0; i < l->config->http.n_places; i++) {
		config_place_text(&l->config->places[i], place, sizeof(place));
		(void)snprintf(port, sizeof(port), ", port %u", l->ports[i]);
		(void)snprintf(line, sizeof(line), "%s at %s%s%s", l->what, place,
			       l->ports[i] ? port : "",
			       l->config->http.tls.cert_file ? ", with TLS" : "");
		terminal_log(&h->terminal, LOG_INFO, line);
	}
	if (l->config->open)
		terminal_log(&h->terminal, LOG_WARN,
			     "what is received is not encrypted (plain = true): a proxy in front "
			     "is to speak TLS");
}

/* Whoever answers there can make deliveries: that is for tests, or one's own SNS. */
static void say_prefixes(struct serve *s)
{
	char line[512];
	for (size_t i = 0; i < s->host.config->n_hooks; i++) {
		const struct config_hook *h = &s->host.config->hooks[i];
		if (!h->auth.sns_url_prefix)
			continue;
		(void)snprintf(line, sizeof(line),
			       "hook %.80s believes certificates of SNS from %.200s", h->start.name,
			       h->auth.sns_url_prefix);
		terminal_log(&s->host.terminal, LOG_WARN, line);
	}
}

/* Early enough to get another one. */
static void say_certificate(struct serve *s)
{
	char line[128], end[ISO8601_SIZE];
	int64_t end_ms = http_server_tls_expires_ms(webhooks_server(s->webhooks));
	if (end_ms == INT64_MAX)
		return;
	int64_t left_ms = end_ms - clock_wall_ms();
	iso8601_format(end, end_ms);
	(void)snprintf(line, sizeof(line), "the certificate %s at %s",
		       left_ms > 0 ? "ends" : "has ended", end);
	terminal_log(&s->host.terminal, left_ms > WARN_BEFORE_MS ? LOG_INFO : LOG_WARN, line);
}

/* The rows of schedules that were just taken up may not be there yet. */
static void add_schedules(const struct serve *s, cJSON *schedules)
{
	char next[ISO8601_SIZE];
	int64_t due = s->firings ? firings_next(s->firings) : INT64_MAX;
	json_set_int(schedules, "count", (int64_t)s->host.config->n_schedules);
	cJSON_DeleteItemFromObjectCaseSensitive(schedules, "next");
	if (due == INT64_MAX)
		return;
	iso8601_format(next, due);
	(void)cJSON_AddStringToObject(schedules, "next", next);
}

void serve_add_status(void *arg, cJSON *o)
{
	const struct serve *s = arg;
	struct listening all[2];
	char text[400], place[300];
	size_t n = find_listening(s, all);
	cJSON *list = cJSON_AddArrayToObject(o, "listeners");
	add_schedules(s, json_get(o, "schedules"));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < all[i].config->http.n_places; k++) {
			config_place_text(&all[i].config->places[k], place, sizeof(place));
			(void)snprintf(text, sizeof(text), all[i].ports[k] ? "%s:%u" : "%s", place,
				       all[i].ports[k]);
			cJSON *v = cJSON_CreateString(text);
			if (v && !cJSON_AddItemToArray(list, v))
				cJSON_Delete(v);
		}
	}
}

void serve_say_ready(struct serve *s)
{
	char line[256], next[ISO8601_SIZE] = "never";
	int64_t due = firings_next(s->firings);
	if (due != INT64_MAX)
		iso8601_format(next, due);
	(void)snprintf(line, sizeof(line), "ready: %zu schedules (next at %s), %zu hooks",
		       s->host.config->n_schedules, next, s->host.config->n_hooks);
	terminal_log(&s->host.terminal, LOG_INFO, line);
	manager_ready(s->manager, line);
}

void serve_say_places(struct serve *s)
{
	struct listening all[2];
	size_t n = find_listening(s, all);
	for (size_t i = 0; i < n; i++)
		say_places(&s->host, &all[i]);
	if (s->webhooks)
		say_certificate(s);
	say_prefixes(s);
}
