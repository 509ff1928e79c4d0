#include "cli/reload_parts.h"

#include "cli/config_change.h"
#include "cli/serve_config.h"
#include "cli/serve_schedules.h"
#include "script/rules.h"
#include "store/store.h"

int parts_read(struct reload_parts *p, const char *file, struct err *err)
{
	int rc = config_open(&p->config, file, err);
	return rc < 0 ? rc : serve_judge_files(p->config, err);
}

int parts_judge(struct reload_parts *p, struct err *err)
{
	struct serve *s = p->serve;
	int rc = config_may_follow(s->begun, p->config, err);
	if (rc == 0)
		rc = host_judge_config(&s->host, p->config, err);
	if (rc == 0)
		rc = serve_judge_config(s, p->config, err);
	return rc < 0 ? rc : firings_change_new(&p->firings, s->firings, p->config, err);
}

int parts_look(struct reload_parts *p, struct err *err)
{
	struct store_reader *reader = NULL;
	int rc = store_reader_open(&reader, p->serve->host.store, err);
	if (rc == 0)
		rc = firings_change_look(p->firings, reader, err);
	store_reader_close(reader);
	return rc;
}

int parts_ready(struct reload_parts *p, struct err *err)
{
	struct host *h = &p->serve->host;
	const struct rules_spec rules = host_rules_spec(h, p->config);
	const struct runs_spec runs = host_runs_spec(h, p->config);
	int rc = rulebook_new(&p->rules, &rules, err);
	if (rc == 0)
		rc = firings_change_ready(p->firings, err);
	/* It is whole in itself: the last that may fail. */
	return rc < 0 ? rc : runs_change(h->runs, &runs, err);
}

/* The configuration first: whoever is told looks at it. The one of before goes with the last run that
 * began with it. */
void parts_take(struct reload_parts *p)
{
	struct host *h = &p->serve->host;
	struct config *was = h->config;
	h->config = p->config;
	p->config = NULL;
	rules_take(h->rules, p->rules);
	p->rules = NULL;
	firings_change_take(p->firings);
	p->firings = NULL;
	config_unref(was);
}

void parts_clear(struct reload_parts *p)
{
	rulebook_free(p->rules);
	firings_change_free(p->firings);
	config_unref(p->config);
	*p = (struct reload_parts){ .serve = p->serve };
}
