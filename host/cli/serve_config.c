#include "cli/serve_config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "script/registry.h"

static int check_runbook(const struct config *c, const struct config_start *start, int line,
			 struct err *err)
{
	if (access(start->runbook, R_OK) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "%s:%d: [%s] runbook = %s: %s", c->file, line, start->name,
		       start->runbook, strerror(errno));
}

int serve_judge_files(const struct config *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n_schedules; i++)
		rc = check_runbook(c, &c->schedules[i].start, c->schedules[i].line, err);
	for (size_t i = 0; rc == 0 && i < c->n_hooks; i++)
		rc = check_runbook(c, &c->hooks[i].start, c->hooks[i].line, err);
	if (rc == 0 && c->notify.line)
		rc = check_runbook(c, &c->notify.start, c->notify.line, err);
	return rc;
}

/* What it names is read when it is needed; here only: is there such a name? */
static int check_secret(const struct config *c, const char *section, int line, const char *name,
			struct err *err)
{
	bool known = !name;
	for (size_t i = 0; !known && i < c->n_secrets; i++)
		known = strcmp(c->secrets[i].name, name) == 0;
	return known ? 0
		     : err_set(err, ERR_INVALID,
			       "%s:%d: [%s] secret = %.80s: [secrets] has no "
			       "such name",
			       c->file, line, section, name);
}

int serve_judge_config(const struct serve *s, const struct config *c, struct err *err)
{
	if (c->n_hooks > 0 && !c->listen.line)
		return err_set(err, ERR_INVALID, "%s: hooks need [listen] address = HOST:PORT",
			       c->file);
	if (c->approvals.base_url && !c->listen.line)
		return err_set(err, ERR_INVALID,
			       "%s: [approvals] base_url needs [listen] address = HOST:PORT, where "
			       "the links lead",
			       c->file);
	if (c->n_hooks == 0 && c->n_schedules == 0 && !c->approvals.base_url)
		return err_set(err, ERR_INVALID,
			       "%s: neither a schedule nor a hook nor [approvals] base_url: "
			       "nothing to do",
			       c->file);
	bool sns = c->notify.line && strcmp(c->notify.channel, "sns") == 0;
	if (c->notify.line &&
	    !registry_find_full(s->host.registry, sns ? "sns.publish" : "http.request"))
		return err_set(err, ERR_INVALID,
			       "%s:%d: [notify] needs the plugin %s: [host] plugins leaves it out",
			       c->file, c->notify.line, sns ? "sns" : "http");
	int rc = check_secret(c, "notify", c->notify.line, c->notify.secret, err);
	return rc < 0 ? rc
		      : check_secret(c, "heartbeat", c->heartbeat.line, c->heartbeat.secret, err);
}
