/*
 * sns.c - the plugin sns.so: one operation, sns.publish.
 *
 * Keys, endpoint and certificates are those of the environment and the AWS files, as for sfn.so; the
 * region is the topic's. Only topics that [sns] topics lists are published to. The message, its subject
 * and the values of its attributes are recorded as their size and a keyed digest.
 */
#include <stdlib.h>

#include "base/json.h"
#include "sns/publication.h"
#include "sns/publish.h"

static const int64_t RESEND_MS = INT64_C(7) * 24 * 3600 * 1000;

enum { RESENT };

static const struct op_variant variants[] = {
	[RESENT] = { .flags = OP_CHANGES | OP_SHARED, .resend_ms = RESEND_MS },
	{ .flags = 0 },
};

/* Of a call that is sent again: whoever asked for that minds no second one, so a failure is the end. */
static const char *const undone[] = {
	"ConnectionError", "Timeout", "ResponseTooLarge", "MalformedResponse", "DeadlineExceeded",
	"InvalidRequest", "InvalidTopicArn", "TopicNotAllowed", "OutOfMemory",
	/* of the client */
	"NoCredentials", "PartialCredentials", "ProfileNotFound", "UnsupportedProfile",
	"InvalidProfileFile", "InvalidEndpoint", "InvalidCABundle", "EndpointNotLoopback",
	/* of the service */
	"AccessDenied", "AuthorizationError", "EndpointDisabled", "ExpiredToken", "InternalError",
	"InternalFailure", "InvalidClientTokenId", "InvalidParameter", "InvalidParameterValue",
	"InvalidSecurity", "KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound",
	"KMSOptInRequired", "KMSThrottling", "NotFound", "RequestExpired", "ServiceUnavailable",
	"SignatureDoesNotMatch", "Throttling", "Throttled", "ThrottlingException",
	"ValidationException", "500", "502", "503", "504", NULL
};

static int variant(void *state, struct bytes args)
{
	(void)state;
	return publication_resends(args) ? RESENT : -1;
}

static void start(void *state, struct host_call *call)
{
	publication_start(state, call);
}

static void stop(void *state, struct host_call *call)
{
	(void)state;
	publication_stop(call);
}

static bool in_doubt(void *state, const struct host_call *call)
{
	(void)state;
	return publication_in_doubt(call);
}

static void context(void *state, struct bytes args, struct buf *out)
{
	const struct publisher *p = state;
	struct endpoint endpoint;
	char region[REGION_LEN_MAX + 1] = "";
	cJSON *v = json_parse(args, NULL);
	const char *topic = json_get_str(v, "TopicArn");
	bool known = topic && publish_region(region, topic, NULL) == 0 &&
		     publisher_endpoint(p, &endpoint, region, NULL) == 0;
	buf_adds(out, "{\"region\":");
	json_write_string(out, bytes_str(region));
	buf_adds(out, ",\"endpoint\":");
	json_write_string(out, bytes_str(known ? endpoint.url : ""));
	buf_adds(out, ",\"identity\":");
	json_write_string(out, bytes_str(p->credentials ? p->credentials->access_key_id : ""));
	buf_adds(out, "}");
	cJSON_Delete(v);
}

static const struct operation publish = {
	.name = "publish",
	.wire_name = "Publish",
	.flags = OP_CHANGES | OP_SHARED,
	.members = publish_arguments,
	.answer = publish_answer,
	.resource = "TopicArn",
	.iam_action = "sns:Publish",
	.iam_resource = "arn:{partition}:sns:{region}:{account}:{topic}",
	.doc = "publishes a message to a topic of Amazon SNS that [sns] topics lists",
	.start = start,
	.stop = stop,
	.context = context,
	.size = sizeof(publish),
	.in_doubt = in_doubt,
	.undone = undone,
	.variants = variants,
	.variant = variant,
};

/* ---- the plugin ---- */

static const char *env(void *arg, const char *name)
{
	const struct publisher *p = arg;
	return p->api->env(p->api->host, name);
}

/* What is missing is told by the calls that need it. */
static void look_around(struct publisher *p)
{
	int rc = session_load(&p->session, &p->err);
	if (rc == 0)
		rc = session_ca_file(&p->session, &p->ca_file, &p->err);
	if (rc == 0)
		rc = session_credentials(&p->session, &p->credentials, &p->err);
	if (rc < 0 && !p->err.code)
		(void)err_set(&p->err, ERR_AUTH, "there is nobody to sign as");
}

static void sns_close(void *state)
{
	struct publisher *p = state;
	publication_stop_all(p);
	credentials_unref(p->credentials);
	session_close(&p->session);
	sigv4_signer_free(p->signer);
	settings_clear(&p->settings);
	free(p->ca_file);
	free(p);
}

static int sns_open(const struct host_api *api, struct bytes config, void **state, struct err *err)
{
	if (api->size < offsetof(struct host_api, call_throttled) + sizeof(api->call_throttled))
		return err_set(err, ERR_INVALID, "sns.so needs a newer version of this program");
	struct publisher *p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, ERR_NOMEM, "out of memory");
	*p = (struct publisher){ .api = api, .quota = { RETRY_QUOTA } };
	int rc = settings_read(&p->settings, config, err);
	if (rc == 0)
		rc = sigv4_signer_new(&p->signer, err);
	if (rc == 0)
		rc = session_open(&p->session,
				  &(struct session_spec){ .env = env,
							  .arg = p,
							  .profile = p->settings.profile,
							  .service = "sns",
							  .endpoint_env = "AWS_ENDPOINT_URL_SNS" },
				  err);
	if (rc == 0) {
		look_around(p);
		rc = api->register_operation(api->host, "sns", &publish, p, err);
	}
	if (rc < 0) {
		sns_close(p);
		return rc;
	}
	*state = p;
	return 0;
}

__attribute__((visibility("default"))) extern const struct plugin runbook_plugin;

const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "sns",
	.version = RUNBOOK_VERSION,
	.open = sns_open,
	.close = sns_close,
};
