/* config_notify.c - the sections [notify] and [heartbeat]. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/config_read.h"

static const char *const events[] = {
	[NOTIFY_FAILURE] = "failure",
	[NOTIFY_RECOVERY] = "recovery",
	[NOTIFY_APPROVAL] = "approval",
	[NOTIFY_SLOW] = "slow",
};

enum { N_EVENTS = sizeof(events) / sizeof(events[0]), FACTOR_MAX = 1000, MINUTE_MS = 60000 };

const char *config_notify_event(enum notify_event e)
{
	return events[e];
}

static int read_events(struct reading *r, unsigned *out)
{
	const struct ini_key *k = ini_key(r->s, "events");
	*out = 1u << NOTIFY_FAILURE | 1u << NOTIFY_RECOVERY | 1u << NOTIFY_APPROVAL;
	if (!k)
		return 0;
	*out = 0;
	for (const char *p = k->value; *(p += strspn(p, " ,\t"));) {
		size_t n = strcspn(p, " ,\t"), i = 0;
		while (i < N_EVENTS && (strlen(events[i]) != n || memcmp(p, events[i], n) != 0))
			i++;
		if (i == N_EVENTS)
			return value_complain(r, k, "some of failure recovery approval slow");
		*out |= 1u << i;
		p += n;
	}
	return *out ? 0 : value_complain(r, k, "some of failure recovery approval slow");
}

/* Either is needed: a URL, or the name of a secret that is one. */
static int read_place(struct reading *r, const char **url, const char **secret)
{
	int rc = value_text_or_null(r, "url", url);
	if (rc == 0)
		rc = value_text_or_null(r, "secret", secret);
	if (rc == 0 && *url && strncmp(*url, "https://", 8) != 0 &&
	    strncmp(*url, "http://", 7) != 0)
		rc = value_complain(r, ini_key(r->s, "url"), "an http: or https: URL");
	return rc;
}

static int both_or_neither(struct reading *r)
{
	return err_set(
	    r->err, ERR_INVALID,
	    "%s:%d: [%s] needs url = URL, or secret = the name in [secrets] of what is a "
	    "secret: one of the two",
	    r->c->ini->file, r->s->line, r->s->kind);
}

/* Has the channel what it needs, and nothing else? */
static int judge_place(struct reading *r, struct config_notify *n)
{
	bool sns = strcmp(n->channel, "sns") == 0;
	int rc = value_text_or_null(r, "topic", &n->topic);
	if (rc < 0)
		return rc;
	if (sns && (!n->topic || n->url || n->secret))
		return err_set(
		    r->err, ERR_INVALID,
		    "%s:%d: [notify] of sns needs topic = the ARN of a topic, and neither "
		    "url nor secret",
		    r->c->ini->file, r->s->line);
	if (!sns && n->topic)
		return value_complain(r, ini_key(r->s, "topic"), "channel = sns beside it");
	if (strcmp(n->channel, "pagerduty") == 0 && !n->secret)
		return err_set(r->err, ERR_INVALID,
			       "%s:%d: [notify] of pagerduty needs secret = the name in [secrets] "
			       "of the routing key",
			       r->c->ini->file, r->s->line);
	if (!sns && strcmp(n->channel, "pagerduty") != 0 && !n->url == !n->secret)
		return both_or_neither(r);
	return 0;
}

int config_read_notify(struct reading *r)
{
	struct config_notify *n = &r->c->notify;
	const struct ini_key *k = ini_key(r->s, "channel");
	n->line = r->s->line;
	n->slow_factor = 3;
	n->slow_at_least_ms = MINUTE_MS;
	int rc = value_required(r, "channel", &n->channel);
	if (rc == 0 && strcmp(n->channel, "slack") != 0 && strcmp(n->channel, "webhook") != 0 &&
	    strcmp(n->channel, "pagerduty") != 0 && strcmp(n->channel, "sns") != 0)
		return value_complain(r, k, "slack, webhook, pagerduty or sns");
	if (rc == 0)
		rc = read_place(r, &n->url, &n->secret);
	if (rc == 0)
		rc = judge_place(r, n);
	if (rc == 0)
		rc = read_events(r, &n->events);
	if (rc == 0)
		rc = value_count(r, "slow_factor", &n->slow_factor);
	if (rc == 0 && n->slow_factor > FACTOR_MAX)
		return value_complain(r, ini_key(r->s, "slow_factor"), "a number from 1 to 1000");
	if (rc == 0)
		rc = value_duration(r, "slow_at_least", &n->slow_at_least_ms);
	return rc < 0 ? rc : value_copy(r, "runbook", &n->runbook);
}

int config_read_heartbeat(struct reading *r)
{
	struct config_heartbeat *h = &r->c->heartbeat;
	h->line = r->s->line;
	h->every_ms = MINUTE_MS;
	int rc = read_place(r, &h->url, &h->secret);
	if (rc == 0 && !h->url == !h->secret)
		return both_or_neither(r);
	if (rc == 0)
		rc = value_duration(r, "every", &h->every_ms);
	if (rc == 0 && h->every_ms < 1000)
		rc = value_complain(r, ini_key(r->s, "every"), "1s or more");
	return rc;
}
