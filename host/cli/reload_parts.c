#include "cli/reload_parts.h"

#include "cli/config_change.h"
#include "cli/serve_admin.h"
#include "cli/serve_approvals.h"
#include "cli/serve_config.h"
#include "cli/serve_heartbeat.h"
#include "cli/serve_hooks.h"
#include "cli/serve_notify.h"
#include "cli/serve_schedules.h"
#include "net/http_server.h"
#include "script/rules.h"
#include "store/store.h"

/* What is wrong with a file of TLS is told without the place where it is named. */
static int read_tls(struct http_change **out, const struct config *c, const struct config_listen *l,
		    const char *section, struct err *err)
{
	struct err why = { 0 };
	if (!l->line || http_change_new(out, &l->http, &why) == 0)
		return 0;
	return err_set(err, why.code, "%s:%d: [%s] %s", c->file, l->line, section, why.message);
}

int parts_read(struct reload_parts *p, const char *file, struct err *err)
{
	int rc = config_open(&p->config, file, err);
	if (rc < 0)
		return rc;
	const struct config *c = p->config;
	rc = config_may_follow(p->serve->begun, c, err);
	if (rc == 0)
		rc = serve_judge_files(c, err);
	if (rc == 0)
		rc = read_tls(&p->listen, c, &c->listen, "listen", err);
	if (rc == 0)
		rc = read_tls(&p->admin, c, &c->admin, "admin", err);
	if (rc == 0 && c->listen.line)
		rc = approvals_change_new(&p->approvals, c, err);
	return rc;
}

int parts_judge(struct reload_parts *p, struct err *err)
{
	struct serve *s = p->serve;
	int rc = host_judge_config(&s->host, p->config, err);
	if (rc == 0)
		rc = serve_judge_config(s, p->config, err);
	if (rc == 0)
		rc = firings_change_new(&p->firings, s->firings, p->config, err);
	if (rc == 0 && s->hooks)
		rc = hooks_change_new(&p->hooks, s->hooks, p->config, err);
	return rc;
}

int parts_look(struct reload_parts *p, struct err *err)
{
	struct store_reader *reader = NULL;
	int rc = store_reader_open(&reader, p->serve->host.store, err);
	if (rc == 0)
		rc = firings_change_look(p->firings, reader, err);
	if (rc == 0 && p->hooks)
		rc = hooks_change_look(p->hooks, reader, err);
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
	if (rc == 0 && p->hooks)
		rc = hooks_change_ready(p->hooks, err);
	if (rc == 0 && p->hooks)
		rc = serve_listen_change(&p->webhooks, p->serve, p->config, err);
	/* It is whole in itself: the last that may fail. */
	return rc < 0 ? rc : runs_change(h->runs, &runs, err);
}

static void take_listeners(struct reload_parts *p)
{
	struct serve *s = p->serve;
	if (p->listen) {
		http_server_take(webhooks_server(s->webhooks), p->listen);
		webhooks_take(p->webhooks);
		approvals_take(s->approvals, p->approvals);
	}
	if (p->admin)
		admin_pages_take(s->admin, p->admin);
}

/* The configuration first: whoever is told looks at it. The one of before goes with the last that began
 * with it. */
void parts_take(struct reload_parts *p)
{
	struct serve *s = p->serve;
	struct config *was = s->host.config;
	s->host.config = p->config;
	rules_take(s->host.rules, p->rules);
	firings_change_take(p->firings);
	if (p->hooks)
		hooks_change_take(p->hooks);
	take_listeners(p);
	notify_changed(s->notify);
	heartbeat_changed(s->heartbeat, was);
	config_unref(was);
	*p = (struct reload_parts){ .serve = s };
}

void parts_clear(struct reload_parts *p)
{
	webhooks_change_free(p->webhooks);
	hooks_change_free(p->hooks);
	firings_change_free(p->firings);
	rulebook_free(p->rules);
	approvals_change_free(p->approvals);
	http_change_free(p->admin);
	http_change_free(p->listen);
	config_unref(p->config);
	*p = (struct reload_parts){ .serve = p->serve };
}
