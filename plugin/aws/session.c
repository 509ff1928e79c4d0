#include "aws/session.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, PASSWD_SIZE = 16384 };

static struct credentials_input keys_input(const struct session *s)
{
	return (struct credentials_input){ .env = s->spec.env,
					   .arg = s->spec.arg,
					   .profiles = s->profiles,
					   .profile = s->spec.profile };
}

/* ---- environment and files ---- */

const char *session_env(const struct session *s, const char *name)
{
	const char *value = s->spec.env(s->spec.arg, name);
	return value && *value ? value : NULL;
}

const char *session_look_up(const struct session *s, const char *env_name, const char *key)
{
	const char *value = session_env(s, env_name);
	return value ? value : profiles_get(s->profiles, s->profile, key);
}

bool session_is_true(const struct session *s, const char *env_name, const char *key)
{
	const char *value = session_look_up(s, env_name, key);
	return value && strcasecmp(value, "true") == 0;
}

/* $HOME, or what the password database says. False when there is neither. */
static bool home_folder(const struct session *s, char out[PATH_SIZE])
{
	const char *home = session_env(s, "HOME");
	struct passwd entry, *found = NULL;
	char text[PASSWD_SIZE];
	if (!home && getpwuid_r(getuid(), &entry, text, sizeof(text), &found) == 0 && found)
		home = found->pw_dir;
	int n = home ? snprintf(out, PATH_SIZE, "%s", home) : -1;
	return n > 0 && n < PATH_SIZE;
}

/* The value of env_name, "~/" expanded, or HOME/fallback. False when there is no such path. */
static bool file_path(const struct session *s, char out[PATH_SIZE], const char *env_name,
		      const char *fallback)
{
	const char *given = session_env(s, env_name);
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

int session_load(struct session *s, struct err *err)
{
	char path[PATH_SIZE];
	int rc = 0;
	const struct credentials_input keys = keys_input(s);
	s->profile = credentials_profile(&keys);
	if (file_path(s, path, "AWS_CONFIG_FILE", ".aws/config"))
		rc = profiles_load(s->profiles, PROFILE_CONFIG, path, err);
	if (rc == 0 && file_path(s, path, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"))
		rc = profiles_load(s->profiles, PROFILE_CREDENTIALS, path, err);
	return rc;
}

/* ---- the endpoint ---- */

/* Write the endpoint that replaces the region's own to *url; NULL: none. */
static int find_override(const struct session *s, const char **url, struct err *err)
{
	if (*url || session_is_true(s, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
				    "ignore_configured_endpoint_urls"))
		return 0;
	*url = session_env(s, s->spec.endpoint_env);
	if (!*url)
		*url = session_env(s, "AWS_ENDPOINT_URL");
	const char *services = profiles_get(s->profiles, s->profile, "services");
	if (!*url && services) {
		bool found;
		*url = profiles_service(s->profiles, services, s->spec.service, "endpoint_url",
					&found);
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

int session_endpoint(const struct session *s, struct endpoint_rules *rules, struct err *err)
{
	const char *only = session_env(s, "RUNBOOK_LOOPBACK_ONLY");
	rules->fips = session_is_true(s, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	rules->dual_stack =
	    session_is_true(s, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	rules->loopback_only = only && strcmp(only, "1") == 0;
	return find_override(s, &rules->override, err);
}

/* ---- the rest ---- */

int session_ca_file(const struct session *s, char **path, struct err *err)
{
	const char *named = session_look_up(s, "AWS_CA_BUNDLE", "ca_bundle");
	struct stat st;
	*path = NULL;
	if (!named)
		return 0;
	if (access(named, R_OK) != 0 || stat(named, &st) != 0 || st.st_size == 0)
		return err_named(err, ERR_INVALID, "InvalidCABundle",
				 "the CA bundle %.512s is missing, unreadable or empty", named);
	*path = strdup(named);
	return *path ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

int session_credentials(const struct session *s, struct credentials **out, struct err *err)
{
	const struct credentials_input keys = keys_input(s);
	return credentials_find(out, &keys, err);
}

int session_open(struct session *s, const struct session_spec *spec, struct err *err)
{
	*s = (struct session){ .spec = *spec, .profile = "default" };
	return profiles_new(&s->profiles, err);
}

void session_close(struct session *s)
{
	profiles_free(s->profiles);
	*s = (struct session){ 0 };
}
