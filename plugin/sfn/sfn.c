/*
 * sfn.c - the plugin itself: what the host sees of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/random.h"
#include "local/local.h"
#include "plugin_api.h"
#include "sfn/bucket.h"
#include "sfn/group.h"
#include "sfn/inquiry.h"
#include "sfn/ops.h"
#include "sfn/progress.h"

enum { ACCOUNT_SIZE = 16 };

struct sfn;

/* What a row is registered with: start is told neither the operation nor the plugin otherwise. */
struct offer {
	struct sfn *sfn;
	struct operation op;
};

struct sfn {
	const struct host_api *api;
	struct settings settings;
	struct client *client;
	struct call_list calls;
	struct local *local; /* NULL until a call needed it */
	char local_url[LOCAL_URL_SIZE];
	struct local_command local_command;
	size_t n_offers;
	struct offer *offers;
};

/* ---- calls ---- */

static void start(void *state, struct host_call *call)
{
	struct offer *o = state;
	const struct call_spec spec = { .client = o->sfn->client,
					.op = &o->op,
					.list = &o->sfn->calls };
	call_start(&spec, call);
}

static void stop(void *state, struct host_call *call)
{
	(void)state;
	call_stop(call);
}

static bool in_doubt(void *state, const struct host_call *call)
{
	(void)state;
	return call_in_doubt(call);
}

static void group(void *state, struct bytes args, struct buf *out)
{
	(void)state;
	group_of_args(out, args);
}

/* ---- before and after a changing call ---- */

static struct inquiry_spec inquiry_of(const struct offer *o)
{
	return (struct inquiry_spec){ .client = o->sfn->client,
				      .list = &o->sfn->calls,
				      .subject = subject_of(o->op.wire_name) };
}

static void prepare(void *state, struct host_call *call)
{
	const struct inquiry_spec spec = inquiry_of(state);
	inquiry_prepare(&spec, call);
}

static void reconcile(void *state, struct host_call *call)
{
	const struct inquiry_spec spec = inquiry_of(state);
	inquiry_reconcile(&spec, call);
}

static bool progress(void *state, struct bytes answer, struct op_progress *out)
{
	(void)state;
	return progress_of_map_run(answer, out);
}

/* ---- what the records say of a call ---- */

/* The account that the arguments speak of: that of their first ARN. "": of none. */
static void account_of_args(char out[ACCOUNT_SIZE], struct bytes args)
{
	cJSON *tree = json_parse(args, NULL);
	out[0] = '\0';
	for (const cJSON *m = tree ? tree->child : NULL; m && !out[0]; m = m->next) {
		struct bytes account = account_of_arn(cJSON_IsString(m) ? m->valuestring : "");
		if (account.n > 0)
			(void)snprintf(out, ACCOUNT_SIZE, "%.*s", (int)account.n, account.p);
	}
	cJSON_Delete(tree);
}

static void add_account(struct buf *out, struct bytes args)
{
	char account[ACCOUNT_SIZE];
	account_of_args(account, args);
	if (account[0])
		buf_addf(out, "\"account\":\"%s\",", account);
}

static void context(void *state, struct bytes args, struct buf *out)
{
	const struct offer *o = state;
	struct client *c = o->sfn->client;
	bool known = client_resolve(c, NULL) == 0;
	buf_adds(out, "{");
	add_account(out, args);
	buf_adds(out, "\"region\":");
	json_write_string(out, bytes_str(c->region));
	buf_adds(out, ",\"endpoint\":");
	json_write_string(out, bytes_str(known ? c->endpoint.url : ""));
	buf_adds(out, ",\"identity\":");
	json_write_string(out, bytes_str(known ? c->credentials->access_key_id : ""));
	buf_adds(out, "}");
}

/* ---- the bucket that a call draws from ---- */

/* A stand-in has no figures: it waits for the configuration's only. */
static bool bucket(void *state, struct bytes args, struct op_bucket *out)
{
	const struct offer *o = state;
	struct client *c = o->sfn->client;
	char account[ACCOUNT_SIZE];
	bool known = !settings_is_local(&o->sfn->settings) && client_resolve(c, NULL) == 0;
	account_of_args(account, args);
	(void)snprintf(out->name, sizeof(out->name), "%s%s%s", account, account[0] ? " " : "",
		       c->region);
	if (known && endpoint_is_aws(&c->endpoint))
		bucket_figures(out, o->op.wire_name, c->region);
	return true;
}

/* ---- the local engine ---- */

static void close_local(struct sfn *s)
{
	if (s->local)
		local_stop(s->local);
	s->local = NULL;
}

/* Also asked when nobody answered: an engine of another process may have moved, ours cannot. */
static int open_local(void *arg, char url[LOCAL_URL_SIZE], struct err *err)
{
	struct sfn *s = arg;
	if (s->local && local_is_elsewhere(s->local))
		close_local(s);
	const struct local_spec spec = {
		.port = (uint16_t)s->settings.local_port,
		.data = s->settings.local_data,
		.handlers = s->settings.local_handlers,
		.region = s->settings.region,
		.max_open_executions = s->settings.local_max_open_executions,
		.deny = s->settings.local_deny,
		.buckets = s->settings.local_buckets,
		.s3_endpoint = s->settings.local_s3_endpoint,
		.iam_endpoint = s->settings.local_iam_endpoint,
		.request_log = s->settings.local_request_log,
	};
	int rc = s->local ? 0 : local_start(&s->local, s->local_url, s->api, &spec, err);
	if (rc == 0)
		memcpy(url, s->local_url, LOCAL_URL_SIZE);
	return rc;
}

/* `runbook local` */
static int register_local(struct sfn *s, struct err *err)
{
	return local_register(s->api, &s->local_command, err);
}

/* ---- the plugin ---- */

static void sfn_close(void *state)
{
	struct sfn *s = state;
	call_list_stop(&s->calls);
	close_local(s);
	client_free(s->client);
	settings_clear(&s->settings);
	free(s->offers);
	free(s);
}

static int register_operations(struct sfn *s, struct err *err)
{
	while (sfn_ops[s->n_offers].name)
		s->n_offers++;
	s->offers = calloc(s->n_offers, sizeof(*s->offers));
	if (!s->offers)
		return err_set(err, ERR_NOMEM, "out of memory");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s->n_offers; i++) {
		struct offer *o = &s->offers[i];
		const struct subject *subject = subject_of(sfn_ops[i].wire_name);
		o->sfn = s;
		o->op = sfn_ops[i];
		o->op.size = sizeof(o->op);
		o->op.start = start;
		o->op.stop = stop;
		o->op.context = context;
		o->op.in_doubt = in_doubt;
		o->op.group = group;
		o->op.bucket = bucket;
		if (strcmp(o->op.wire_name, "DescribeMapRun") == 0)
			o->op.progress = progress;
		o->op.prepare = subject && subject->baseline ? prepare : NULL;
		o->op.reconcile = subject ? reconcile : NULL;
		rc = s->api->register_operation(s->api->host, "sfn", &o->op, o, err);
	}
	return rc;
}

static int sfn_open(const struct host_api *api, struct bytes config, void **state, struct err *err)
{
	struct sfn *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	s->api = api;
	const struct client_spec spec = {
		.api = api,
		.settings = &s->settings,
		.version = RUNBOOK_VERSION,
		.open_local = open_local,
		.arg = s,
		.random = random_unit,
	};
	int rc = settings_read(&s->settings, config, err);
	if (rc == 0)
		rc = client_new(&s->client, &spec, err);
	if (rc == 0)
		rc = register_operations(s, err);
	if (rc == 0)
		rc = register_local(s, err);
	if (rc < 0) {
		sfn_close(s);
		return rc;
	}
	*state = s;
	return 0;
}

__attribute__((visibility("default"))) extern const struct plugin runbook_plugin;

const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "sfn",
	.version = RUNBOOK_VERSION,
	.open = sfn_open,
	.close = sfn_close,
};
