/*
 * http.c - the plugin http.so: one operation, http.request.
 *
 * POST, PUT, PATCH and DELETE change something; GET and HEAD read. A change whose end nobody heard stays
 * unknown, for nothing tells whether it took effect; with resend = true it is sent again instead, for
 * RESEND_MS after its first intent: what is sent may then come twice.
 */
#include <stdlib.h>

#include "base/json.h"
#include "http/exchange.h"
#include "plugin_api.h"

static const int64_t RESEND_MS = INT64_C(7) * 24 * 3600 * 1000;

struct http {
	const struct host_api *api;
	struct settings settings;
	struct exchange_list exchanges;
};

/* ---- the row ---- */

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL };

static const struct member a_header[] = {
	{ .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE, .max = 16384 },
};

static const struct member a_name[] = { { .type = MEMBER_STRING, .min = 1, .max = 256 } };

/* An address may be a secret (Slack's are), so may what is sent: the log has their size and a keyed
 * hash, and the context scheme and host. */
static const struct member arguments[] = {
	{ .name = "url",
	  .type = MEMBER_STRING,
	  .flags = MEMBER_REQUIRED | MEMBER_SENSITIVE,
	  .min = 1,
	  .max = 8192 },
	{ .name = "method", .type = MEMBER_STRING, .choices = methods },
	{ .name = "headers", .type = MEMBER_MAP, .members = a_header },
	{ .name = "body", .type = MEMBER_STRING, .flags = MEMBER_SENSITIVE },
	{ .name = "json", .type = MEMBER_ANY, .flags = MEMBER_SENSITIVE },
	{ .name = "secrets", .type = MEMBER_LIST, .members = a_name },
	{ .name = "timeout", .type = MEMBER_NUMBER },
	{ .name = "resend", .type = MEMBER_BOOLEAN },
	{ .name = NULL },
};

static const struct member any_text[] = { { .type = MEMBER_STRING } };

static const struct member answer[] = {
	{ .name = "status", .type = MEMBER_INTEGER, .flags = MEMBER_RECORDED },
	{ .name = "headers", .type = MEMBER_MAP, .members = any_text },
	{ .name = "body", .type = MEMBER_STRING },
	{ .name = "body_base64", .type = MEMBER_STRING },
	{ .name = "json", .type = MEMBER_ANY },
	{ .name = NULL },
};

enum { READ, RESENT };

static const struct op_variant variants[] = {
	[READ] = { .flags = OP_READS },
	[RESENT] = { .flags = OP_CHANGES, .resend_ms = RESEND_MS },
	{ .flags = 0 },
};

/* Of a call that is sent again: whoever asked for that minds no second one, so a failure is the end. */
static const char *const undone[] = { "ConnectionError",
				      "Timeout",
				      "ResponseTooLarge",
				      "InvalidRequest",
				      "DeadlineExceeded",
				      "InvalidUrl",
				      "HostNotAllowed",
				      "InvalidHeader",
				      "InvalidBody",
				      "InvalidTimeout",
				      "InvalidSecret",
				      "OutOfMemory",
				      NULL };

static int variant(void *state, struct bytes args)
{
	cJSON *v = json_parse(args, NULL);
	int kind = !request_changes(v) ? READ : request_resends(v) ? RESENT : -1;
	(void)state;
	cJSON_Delete(v);
	return kind;
}

/* ---- calls ---- */

static struct request_spec spec_of(const struct http *h)
{
	return (struct request_spec){ .api = h->api, .settings = &h->settings };
}

static void start(void *state, struct host_call *call)
{
	struct http *h = state;
	const struct request_spec spec = spec_of(h);
	exchange_start(&h->exchanges, &spec, call);
}

static void stop(void *state, struct host_call *call)
{
	(void)state;
	exchange_stop(call);
}

static bool in_doubt(void *state, const struct host_call *call)
{
	(void)state;
	return exchange_in_doubt(call);
}

static void context(void *state, struct bytes args, struct buf *out)
{
	const struct request_spec spec = spec_of(state);
	struct buf origin = BUF_INIT(1024);
	cJSON *v = json_parse(args, NULL);
	request_origin(&spec, args, &origin);
	buf_adds(out, "{\"endpoint\":");
	json_write_string(out, buf_bytes(&origin));
	buf_adds(out, ",\"method\":");
	json_write_string(out, bytes_str(request_method(v)));
	buf_adds(out, "}");
	cJSON_Delete(v);
	buf_clear(&origin);
}

static const struct operation request = {
	.name = "request",
	.wire_name = "Request",
	.flags = OP_CHANGES,
	.members = arguments,
	.answer = answer,
	.doc = "sends one HTTP request to a host that [http] allow lists",
	.start = start,
	.stop = stop,
	.context = context,
	.size = sizeof(request),
	.in_doubt = in_doubt,
	.undone = undone,
	.variants = variants,
	.variant = variant,
};

/* ---- the plugin ---- */

static void http_close(void *state)
{
	struct http *h = state;
	exchange_stop_all(&h->exchanges);
	settings_clear(&h->settings);
	free(h);
}

static int http_open(const struct host_api *api, struct bytes config, void **state, struct err *err)
{
	if (api->size < offsetof(struct host_api, secret) + sizeof(api->secret))
		return err_set(err, ERR_INVALID, "http.so needs a newer version of this program");
	struct http *h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(err, ERR_NOMEM, "out of memory");
	h->api = api;
	int rc = settings_read(&h->settings, config, err);
	if (rc == 0)
		rc = api->register_operation(api->host, "http", &request, h, err);
	if (rc < 0) {
		http_close(h);
		return rc;
	}
	*state = h;
	return 0;
}

__attribute__((visibility("default"))) extern const struct plugin runbook_plugin;

const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "http",
	.version = RUNBOOK_VERSION,
	.open = http_open,
	.close = http_close,
};
