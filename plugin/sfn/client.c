#include "sfn/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "aws/session.h"

#define LOCAL_REGION "us-east-1"
#define LOCAL_KEY "local"

/* What is only needed while a client is being made. */
struct setup {
	struct client *client;
	const struct client_spec *spec;
	struct session session;
};

static const char *env(void *arg, const char *name)
{
	const struct client *c = arg;
	return c->spec.api->env(c->spec.api->host, name);
}

static const char *look_up(const struct setup *s, const char *env_name, const char *key)
{
	return session_look_up(&s->session, env_name, key);
}

/* ---- region and endpoint ---- */

static int find_region(const struct setup *s, struct err *err)
{
	const char *region = s->spec->settings->region;
	if (!region)
		region = session_env(&s->session, "AWS_REGION");
	if (!region)
		region = look_up(s, "AWS_DEFAULT_REGION", "region");
	if (!region)
		return err_named(err, ERR_INVALID, "NoRegion",
				 "no region: set region in [sfn], AWS_REGION, or region in "
				 "profile '%.128s'",
				 s->session.profile);
	int rc = region_check(region, err);
	if (rc == 0)
		(void)snprintf(s->client->region, sizeof(s->client->region), "%s", region);
	return rc;
}

static int find_endpoint(const struct setup *s, struct err *err)
{
	struct endpoint_rules rules = {
		.service = "states",
		.region = s->client->region,
		.override = s->spec->settings->endpoint,
	};
	int rc = session_endpoint(&s->session, &rules, err);
	return rc < 0 ? rc : endpoint_resolve(&s->client->endpoint, &rules, err);
}

/* ---- the rest ---- */

static int find_max_attempts(const struct setup *s, struct err *err)
{
	const char *text = look_up(s, "AWS_MAX_ATTEMPTS", "max_attempts");
	int64_t value = s->spec->settings->max_attempts;
	if (value == 0 && text && settings_number(&value, text, 1, MAX_ATTEMPTS_MAX) < 0)
		return err_named(err, ERR_INVALID, "InvalidMaxAttempts",
				 "AWS_MAX_ATTEMPTS or max_attempts is '%.80s': expected a number "
				 "from 1 to %d",
				 text, MAX_ATTEMPTS_MAX);
	s->client->max_attempts = value > 0 ? (int)value : RETRY_MAX_ATTEMPTS;
	return 0;
}

static void set_user_agent(const struct setup *s)
{
	struct utsname machine;
	bool known = uname(&machine) == 0;
	const struct credentials *keys = s->client->credentials;
	struct user_agent ua = {
		.version = s->spec->version,
		.exec_env = session_env(&s->session, "AWS_EXECUTION_ENV"),
		.app_id = look_up(s, "AWS_SDK_UA_APP_ID", "sdk_ua_app_id"),
		.os_release = known ? machine.release : NULL,
		.machine = known ? machine.machine : NULL,
	};
	if (keys && !settings_is_local(s->spec->settings))
		ua.source_letter = strncmp(keys->source, "profile", 7) == 0 ? "n" : "g";
	user_agent_format(s->client->user_agent, &ua);
}

static int set_up_aws(struct setup *s, struct err *err)
{
	int rc = session_load(&s->session, err);
	if (rc == 0)
		rc = find_max_attempts(s, err);
	if (rc == 0)
		rc = find_region(s, err);
	if (rc == 0)
		rc = find_endpoint(s, err);
	if (rc == 0)
		rc = session_ca_file(&s->session, &s->client->ca_file, err);
	if (rc == 0)
		rc = session_credentials(&s->session, &s->client->credentials, err);
	s->client->correct_skew = !session_is_true(&s->session, "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
						   "disable_clock_skew_correction");
	return rc;
}

static int set_up_local(const struct setup *s, struct err *err)
{
	struct client *c = s->client;
	const struct settings *set = s->spec->settings;
	const char *region = set->region ? set->region : LOCAL_REGION;
	c->max_attempts = set->max_attempts > 0 ? (int)set->max_attempts : RETRY_MAX_ATTEMPTS;
	int rc = region_check(region, err);
	if (rc < 0)
		return rc;
	(void)snprintf(c->region, sizeof(c->region), "%s", region);
	return credentials_new(&c->credentials, LOCAL_KEY, LOCAL_KEY, NULL, "local engine", err);
}

/* ---- life ---- */

int client_new(struct client **out, const struct client_spec *spec, struct err *err)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "out of memory");
	*c = (struct client){ .spec = *spec,
			      .quota = { RETRY_QUOTA },
			      .max_attempts = RETRY_MAX_ATTEMPTS };
	struct setup s = { .client = c, .spec = spec };
	int rc = sigv4_signer_new(&c->signer, err);
	if (rc == 0)
		rc = session_open(&s.session,
				  &(struct session_spec){ .env = env,
							  .arg = c,
							  .profile = spec->settings->profile,
							  .service = "sfn",
							  .endpoint_env = "AWS_ENDPOINT_URL_SFN" },
				  err);
	if (rc < 0) {
		client_free(c);
		return rc;
	}
	bool local = settings_is_local(spec->settings);
	rc = local ? set_up_local(&s, &c->err) : set_up_aws(&s, &c->err);
	c->resolved = rc < 0 || !local;
	set_user_agent(&s);
	session_close(&s.session);
	*out = c;
	return 0;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	credentials_unref(c->credentials);
	sigv4_signer_free(c->signer);
	free(c->ca_file);
	free(c);
}

int client_resolve(struct client *c, struct err *err)
{
	char url[LOCAL_URL_SIZE];
	if (!c->resolved) {
		int rc = c->spec.open_local(c->spec.arg, url, err);
		if (rc == 0)
			rc = endpoint_parse(&c->endpoint, url, err);
		if (rc < 0)
			return rc; /* not kept: the next call tries again */
		c->resolved = true;
	}
	if (c->err.code && err)
		*err = c->err;
	return c->err.code ? -(int)c->err.code : 0;
}

void client_lost(struct client *c)
{
	if (settings_is_local(c->spec.settings) && c->err.code == 0)
		c->resolved = false;
}

/* ---- questions ---- */

static void on_ask(void *arg)
{
	struct client_ask *ask = arg;
	struct err err = { 0 };
	ask->timer = NULL;
	int rc = client_resolve(ask->client, &err);
	ask->done(ask->arg, rc < 0 ? &err : NULL); /* may free ask */
}

void client_ask(struct client *c, struct client_ask *ask)
{
	const struct host_api *api = c->spec.api;
	ask->client = c;
	ask->timer = api->timer_start(api->host, 0, on_ask, ask);
}

void client_ask_stop(struct client_ask *ask)
{
	if (!ask->timer)
		return;
	const struct host_api *api = ask->client->spec.api;
	api->timer_stop(api->host, ask->timer);
	ask->timer = NULL;
}
