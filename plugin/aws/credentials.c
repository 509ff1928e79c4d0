#include "aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

/* ---- a set of keys ---- */

static void free_secret(char *s)
{
	if (s)
		wipe(s, strlen(s));
	free(s);
}

/* A copy without outer blanks: a key with a line feed from a file would break the headers. */
static char *trimmed(const char *s)
{
	s += strspn(s, " \t\r\n");
	size_t n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]))
		n--;
	return strndup(s, n);
}

static bool is_set(const char *s)
{
	return s && s[strspn(s, " \t\r\n")] != '\0';
}

int credentials_new(struct credentials **out, const char *access_key_id,
		    const char *secret_access_key, const char *session_token, const char *source,
		    struct err *err)
{
	struct credentials *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "out of memory");
	c->refs = 1;
	c->access_key_id = trimmed(access_key_id);
	c->secret_access_key = trimmed(secret_access_key);
	c->session_token = is_set(session_token) ? trimmed(session_token) : NULL;
	c->source = strdup(source);
	if (!c->access_key_id || !c->secret_access_key || !c->source ||
	    (is_set(session_token) && !c->session_token)) {
		credentials_unref(c);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	*out = c;
	return 0;
}

struct credentials *credentials_ref(struct credentials *c)
{
	c->refs++;
	return c;
}

void credentials_unref(struct credentials *c)
{
	if (!c || --c->refs > 0)
		return;
	free_secret(c->access_key_id);
	free_secret(c->secret_access_key);
	free_secret(c->session_token);
	free(c->source);
	free(c);
}

/* ---- where they come from ---- */

static const char *env(const struct credentials_input *in, const char *name)
{
	const char *value = in->env(in->arg, name);
	return is_set(value) ? value : NULL;
}

const char *credentials_profile(const struct credentials_input *in)
{
	if (in->profile)
		return in->profile;
	const char *name = env(in, "AWS_PROFILE");
	if (!name)
		name = env(in, "AWS_DEFAULT_PROFILE");
	return name ? name : "default";
}

static bool profile_is_named(const struct credentials_input *in)
{
	return in->profile || env(in, "AWS_PROFILE") || env(in, "AWS_DEFAULT_PROFILE");
}

/* 1 when found, 0 when there is nothing, negative when half of it is there. */
static int from_environment(struct credentials **out, const struct credentials_input *in,
			    struct err *err)
{
	const char *id = env(in, "AWS_ACCESS_KEY_ID"), *secret = env(in, "AWS_SECRET_ACCESS_KEY");
	const char *token = env(in, "AWS_SESSION_TOKEN");
	if (!id && !secret)
		return 0;
	if (!id || !secret)
		return err_named(err, ERR_AUTH, "PartialCredentials",
				 "the environment has %s without %s",
				 id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
				 id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	if (!token)
		token = env(in, "AWS_SECURITY_TOKEN");
	int rc = credentials_new(out, id, secret, token, "environment", err);
	return rc < 0 ? rc : 1;
}

/* Kinds of profiles we cannot use, by the property that makes them so. */
static const char *foreign_kind(const struct profiles *p, const char *profile)
{
	static const struct {
		const char *key, *kind;
	} kinds[] = {
		{ "web_identity_token_file", "a web identity" },
		{ "role_arn", "a role" },
		{ "sso_session", "an SSO" },
		{ "sso_start_url", "an SSO" },
		{ "sso_account_id", "an SSO" },
		{ "login_session", "a console login" },
		{ "credential_process", "a credential process" },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (is_set(profiles_get(p, profile, kinds[i].key)))
			return kinds[i].kind;
	}
	return NULL;
}

/* Static keys win over credential_process and console login, but a role or SSO profile is meant to
 * be that: its keys, if any, are only there for other profiles. */
static bool keys_come_first(const char *kind)
{
	return !kind || strcmp(kind, "a credential process") == 0 ||
	       strcmp(kind, "a console login") == 0;
}

static int refuse_kind(const char *profile, const char *kind, struct err *err)
{
	return err_named(
	    err, ERR_AUTH, "UnsupportedProfile",
	    "profile '%.128s' is %s profile, which is not read here: put its keys into "
	    "the environment by: eval \"$(aws configure export-credentials --profile %.128s "
	    "--format env)\"",
	    profile, kind, profile);
}

/* 1 when found, 0 when there is nothing, negative when it is there and cannot be used. */
static int from_profile(struct credentials **out, const struct credentials_input *in,
			const char *profile, struct err *err)
{
	const struct profiles *p = in->profiles;
	if (!profiles_has(p, profile)) {
		if (!profile_is_named(in))
			return 0;
		return err_named(err, ERR_AUTH, "ProfileNotFound",
				 "profile '%.128s' is in neither the AWS config file nor the "
				 "credentials file",
				 profile);
	}
	const char *id = profiles_get(p, profile, "aws_access_key_id");
	const char *secret = profiles_get(p, profile, "aws_secret_access_key");
	const char *token = profiles_get(p, profile, "aws_session_token");
	const char *kind = foreign_kind(p, profile);
	if (!keys_come_first(kind))
		return refuse_kind(profile, kind, err);
	if (is_set(id) != is_set(secret))
		return err_named(err, ERR_AUTH, "PartialCredentials",
				 "profile '%.128s' has %s without %s", profile,
				 is_set(id) ? "aws_access_key_id" : "aws_secret_access_key",
				 is_set(id) ? "aws_secret_access_key" : "aws_access_key_id");
	if (!is_set(id))
		return kind ? refuse_kind(profile, kind, err) : 0;
	if (!is_set(token))
		token = profiles_get(p, profile, "aws_security_token");
	char source[160];
	(void)snprintf(source, sizeof(source), "profile '%.128s'", profile);
	int rc = credentials_new(out, id, secret, token, source, err);
	return rc < 0 ? rc : 1;
}

/* Sources other SDKs would go on to: say so where the machine is set up for one of them. */
static const char *elsewhere(const struct credentials_input *in)
{
	if (env(in, "AWS_WEB_IDENTITY_TOKEN_FILE"))
		return "; AWS_WEB_IDENTITY_TOKEN_FILE is set, but web identity is not read here";
	if (env(in, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
	    env(in, "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return "; AWS_CONTAINER_CREDENTIALS_* is set, but container credentials are not "
		       "read here";
	return "; instance metadata is not asked";
}

int credentials_find(struct credentials **out, const struct credentials_input *in, struct err *err)
{
	int rc = in->profile ? 0 : from_environment(out, in, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	const char *profile = credentials_profile(in);
	rc = from_profile(out, in, profile, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return err_named(err, ERR_AUTH, "NoCredentials",
			 "no AWS credentials; tried the environment (%s), profile '%.128s' (%s)%s",
			 in->profile ? "not used, as the configuration names a profile"
				     : "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
			 profile,
			 profiles_has(in->profiles, profile)
			     ? "it has no aws_access_key_id"
			     : "it is in neither the config nor the credentials file",
			 elsewhere(in));
}
