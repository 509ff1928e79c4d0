#include "sfn/client.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LOCAL_REGION "us-east-1"
#define LOCAL_KEY "local"

enum { PATH_SIZE = 4096, PASSWD_SIZE = 16384 };

/* What is only needed while a client is being made. */
struct setup {
	struct client *client;
	const struct client_spec *spec;
	struct profiles *profiles;
	const char *profile; /* the one in force */
};

/* ---- environment and files ---- */

static const char *env(void *arg, const char *name)
{
	const struct client *c = arg;
	return c->spec.api->env(c->spec.api->host, name);
}

static const char *setup_env(const struct setup *s, const char *name)
{
	const struct host_api *api = s->spec->api;
	const char *value = api->env(api->host, name);
	return value && *value ? value : NULL;
}

static bool is_true(const char *value)
{
	return value && strcasecmp(value, "true") == 0;
}

/* Environment first, then the profile. */
static const char *look_up(const struct setup *s, const char *env_name, const char *key)
{
	const char *value = setup_env(s, env_name);
	return value ? value : profiles_get(s->profiles, s->profile, key);
}

/* $HOME, or what the password database says. False when there is neither. */
static bool home_folder(const struct setup *s, char out[PATH_SIZE])
{
	const char *home = setup_env(s, "HOME");
	struct passwd entry, *found = NULL;
	char text[PASSWD_SIZE];
	if (!home && getpwuid_r(getuid(), &entry, text, sizeof(text), &found) == 0 && found)
		home = found->pw_dir;
	int n = home ? snprintf(out, PATH_SIZE, "%s", home) : -1;
	return n > 0 && n < PATH_SIZE;
}

/* The value of env_name, "~/" expanded, or HOME/fallback. False when there is no such path. */
static bool file_path(const struct setup *s, char out[PATH_SIZE], const char *env_name,
		      const char *fallback)
{
	const char *given = setup_env(s, env_name);
	char home[PATH_SIZE];
	int n;
	if (given && strncmp(given, "~/", 2) != 0) {
		n = snprintf(out, PATH_SIZE, "%s", given);
	} else {
		if (!home_folder(s, home))
			return false;
		n = snprintf(out, PATH_SIZE, "%s/%s", home, given ? given + 2 : fallback);
	}
	return n > 0 && n < PATH_SIZE;
}

static int load_profiles(struct setup *s, struct err *err)
{
	char path[PATH_SIZE];
	int rc = 0;
	if (file_path(s, path, "AWS_CONFIG_FILE", ".aws/config"))
		rc = profiles_load(s->profiles, PROFILE_CONFIG, path, err);
	if (rc == 0 && file_path(s, path, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"))
		rc = profiles_load(s->profiles, PROFILE_CREDENTIALS, path, err);
	return rc;
}

/* ---- region and endpoint ---- */

static int find_region(const struct setup *s, struct err *err)
{
	const char *region = s->spec->settings->region;
	if (!region)
		region = setup_env(s, "AWS_REGION");
	if (!region)
		region = look_up(s, "AWS_DEFAULT_REGION", "region");
	if (!region)
		return err_named(err, ERR_INVALID, "NoRegion",
				 "no region: set region in [sfn], AWS_REGION, or region in "
				 "profile '%.128s'",
				 s->profile);
	int rc = region_check(region, err);
	if (rc == 0)
		(void)snprintf(s->client->region, sizeof(s->client->region), "%s", region);
	return rc;
}

/* Write the endpoint that replaces the region's own to *url; NULL: none. */
static int find_override(const struct setup *s, const char **url, struct err *err)
{
	*url = s->spec->settings->endpoint;
	if (*url || is_true(look_up(s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
				    "ignore_configured_endpoint_urls")))
		return 0;
	*url = setup_env(s, "AWS_ENDPOINT_URL_SFN");
	if (!*url)
		*url = setup_env(s, "AWS_ENDPOINT_URL");
	const char *services = profiles_get(s->profiles, s->profile, "services");
	if (!*url && services) {
		bool found;
		*url = profiles_service(s->profiles, services, "sfn", "endpoint_url", &found);
		if (!found)
			return err_named(err, ERR_INVALID, "InvalidEndpoint",
					 "profile '%.128s' names services '%.128s', but the AWS "
					 "config file has no [services %.128s]",
					 s->profile, services, services);
	}
	if (!*url)
		*url = profiles_get(s->profiles, s->profile, "endpoint_url");
	return 0;
}

static bool loopback_only(const struct client_spec *spec)
{
	const char *value = spec->api->env(spec->api->host, "RUNBOOK_LOOPBACK_ONLY");
	return value && strcmp(value, "1") == 0;
}

static int find_endpoint(const struct setup *s, struct err *err)
{
	struct endpoint_rules rules = {
		.service = "states",
		.region = s->client->region,
		.fips = is_true(look_up(s, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")),
		.dual_stack =
		    is_true(look_up(s, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")),
		.loopback_only = loopback_only(s->spec),
	};
	int rc = find_override(s, &rules.override, err);
	return rc < 0 ? rc : endpoint_resolve(&s->client->endpoint, &rules, err);
}

/* ---- the rest ---- */

/* A bundle that is named must be there: falling back to the system's would trust other people. */
static int find_ca_file(const struct setup *s, struct err *err)
{
	const char *path = look_up(s, "AWS_CA_BUNDLE", "ca_bundle");
	struct stat st;
	if (!path)
		return 0;
	if (access(path, R_OK) != 0 || stat(path, &st) != 0 || st.st_size == 0)
		return err_named(err, ERR_INVALID, "InvalidCABundle",
				 "the CA bundle %.512s is missing, unreadable or empty", path);
	s->client->ca_file = strdup(path);
	return s->client->ca_file ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

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
		.exec_env = setup_env(s, "AWS_EXECUTION_ENV"),
		.app_id = look_up(s, "AWS_SDK_UA_APP_ID", "sdk_ua_app_id"),
		.os_release = known ? machine.release : NULL,
		.machine = known ? machine.machine : NULL,
	};
	if (keys && !settings_is_local(s->spec->settings))
		ua.source_letter = strncmp(keys->source, "profile", 7) == 0 ? "n" : "g";
	user_agent_format(s->client->user_agent, &ua);
}

static struct credentials_input keys_input(const struct setup *s)
{
	return (struct credentials_input){
		.env = env,
		.arg = s->client,
		.profiles = s->profiles,
		.profile = s->spec->settings->profile,
	};
}

static int set_up_aws(struct setup *s, struct err *err)
{
	const struct credentials_input keys = keys_input(s);
	s->profile = credentials_profile(&keys);
	int rc = load_profiles(s, err);
	if (rc == 0)
		rc = find_max_attempts(s, err);
	if (rc == 0)
		rc = find_region(s, err);
	if (rc == 0)
		rc = find_endpoint(s, err);
	if (rc == 0)
		rc = find_ca_file(s, err);
	if (rc == 0)
		rc = credentials_find(&s->client->credentials, &keys, err);
	s->client->correct_skew = !is_true(
	    look_up(s, "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "disable_clock_skew_correction"));
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
		rc = profiles_new(&s.profiles, err);
	if (rc < 0) {
		client_free(c);
		return rc;
	}
	bool local = settings_is_local(spec->settings);
	s.profile = "default";
	rc = local ? set_up_local(&s, &c->err) : set_up_aws(&s, &c->err);
	c->resolved = rc < 0 || !local;
	set_user_agent(&s);
	profiles_free(s.profiles);
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
