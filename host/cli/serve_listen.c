/* serve_listen.c - the webhooks of a configuration, and the links of its approvals, on one server. */
#include <stdlib.h>

#include "cli/serve.h"
#include "cli/serve_approvals.h"
#include "cli/serve_hooks.h"
#include "trigger/approval_link.h"

static struct webhook_spec spec_of(struct serve *s, const struct config *c)
{
	return (struct webhook_spec){ .loop = s->host.loop,
				      .http = s->host.http,
				      .listen = &c->listen.http,
				      .n_hooks = c->n_hooks,
				      .accept = hooks_on_delivery,
				      .follow = hooks_follow,
				      .status_key = hooks_key(s->hooks),
				      .base_url = c->approvals.base_url,
				      .when_durable = serve_when_durable,
				      .reject = serve_on_reject,
				      .note = serve_on_note,
				      .arg = s,
				      .other_path = APPROVAL_LINK_PATH,
				      .other = c->approvals.base_url ? approvals_serve : NULL,
				      .other_gone = approvals_gone,
				      .other_arg = s->approvals };
}

static struct webhook *hooks_of(const struct config *c)
{
	struct webhook *hooks = calloc(c->n_hooks + 1, sizeof(*hooks));
	for (size_t i = 0; hooks && i < c->n_hooks; i++)
		hooks[i] = (struct webhook){ .name = c->hooks[i].start.name,
					     .path = c->hooks[i].path,
					     .auth = c->hooks[i].auth };
	return hooks;
}

int serve_listen(struct serve *s, struct err *err)
{
	struct webhook *hooks = hooks_of(s->host.config);
	if (!hooks)
		return err_set(err, ERR_NOMEM, "out of memory");
	struct webhook_spec spec = spec_of(s, s->host.config);
	spec.hooks = hooks;
	int rc = webhooks_start(&s->webhooks, &spec, err);
	free(hooks);
	return rc;
}

int serve_listen_change(struct webhooks_change **out, struct serve *s, const struct config *c,
			struct err *err)
{
	struct webhook *hooks = hooks_of(c);
	if (!hooks)
		return err_set(err, ERR_NOMEM, "out of memory");
	struct webhook_spec spec = spec_of(s, c);
	spec.hooks = hooks;
	int rc = webhooks_change_new(out, s->webhooks, &spec, err);
	free(hooks);
	return rc;
}
