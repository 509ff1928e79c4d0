/* The AWS configuration files by the shared grammar, and the credentials found in them. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/credentials.h"
#include "aws/profile.h"

/* ---- grammar ---- */

/* Text of the files, and what one property must be: NULL absent. */
struct grammar {
	const char *rule;
	const char *config, *credentials;
	const char *profile, *key, *want;
};

static const struct grammar cases[] = {
	{ "a property", "[profile p]\nk = v", NULL, "p", "k", "v" },
	{ "windows line ends", "[profile p]\r\nk = v\r\n", NULL, "p", "k", "v" },
	{ "tabs and blanks around names", "[ \tprofile \t p\t ]\nk \t=  \tv \t", NULL, "p", "k",
	  "v" },
	{ "odd characters in names", "[profile a-b:c/d_e%f.g@h+]\nk=v", NULL, "a-b:c/d_e%f.g@h+",
	  "k", "v" },
	{ "names with others are ignored", "[profile a!b]\nk=v", NULL, "a!b", "k", NULL },
	{ "... with all they hold", "[profile p]\n[profile in valid]\nk=v", NULL, "p", "k", NULL },
	{ "quoted names may hold blanks", "[profile \"my own\"]\nk=v", NULL, "my own", "k", "v" },
	{ "an equals sign in a value", "[profile p]\nk = a=b", NULL, "p", "k", "a=b" },
	{ "an empty value", "[profile p]\nk =", NULL, "p", "k", "" },
	{ "UTF-8 in a value", "[profile p]\nk = \xF0\x9F\x98\x82", NULL, "p", "k",
	  "\xF0\x9F\x98\x82" },
	{ "keys in any case", "[profile p]\nKeY = v", NULL, "p", "key", "v" },
	{ "an invalid key is ignored", "[profile p]\nin valid = v\nk = w", NULL, "p", "k", "w" },
	{ "blank lines", "\t \n[profile p]\n\t\n \nk = v\n \t", NULL, "p", "k", "v" },
	{ "comment lines", "# a\n[profile p]\n; b\nk = v", NULL, "p", "k", "v" },
	{ "a comment behind a section", "[profile p]; a\nk = v", NULL, "p", "k", "v" },
	{ "a comment behind a value", "[profile p]\nk = v # a # b", NULL, "p", "k", "v" },
	{ "an empty comment behind a value", "[profile p]\nk = v ;", NULL, "p", "k", "v" },
	{ "a value that is all comment", "[profile p]\nk = # a", NULL, "p", "k", "" },
	{ "no comment without a blank", "[profile p]\nk = v;a# b", NULL, "p", "k", "v;a# b" },
	{ "a value that goes on", "[profile p]\nk = v\n \t w # x \t\n y", NULL, "p", "k",
	  "v\nw # x\ny" },
	{ "sections twice are merged", "[profile p]\nk=v\n[profile p]\nl=w", NULL, "p", "k", "v" },
	{ "the last value wins", "[profile p]\nk=v\n[profile p]\nK=w", NULL, "p", "k", "w" },
	{ "[profile default] before", "[profile default]\nk=v\n[default]\nl=w", NULL, "default",
	  "l", NULL },
	{ "[profile default] after", "[default]\nl=w\n[profile default]\nk=v", NULL, "default", "l",
	  NULL },
	{ "[default] alone", "[default]\nk=v", NULL, "default", "k", "v" },
	{ "a config section without prefix", "[p]\nk=v", NULL, "p", "k", NULL },
	{ "a prefix that is none", "[profilep]\nk=v", NULL, "profilep", "k", NULL },
	{ "a session is no profile", "[sso-session p]\nk=v", NULL, "p", "k", NULL },
	{ "credentials", NULL, "[p]\nk=v", "p", "k", "v" },
	{ "a prefix in the credentials", NULL, "[profile p]\nk=v", "p", "k", NULL },
	{ "credentials win", "[profile p]\nk=v", "[p]\nk=w", "p", "k", "w" },
	{ "... property by property", "[profile p]\nk=v", "[p]\nl=w", "p", "k", "v" },
	{ "... of the default too", "[profile default]\nk=v\n[default]\nk=x", "[default]\nl=w",
	  "default", "k", "v" },
	{ "sub-properties are none of the section", "[profile p]\ns3 =\n k = v\n\n l = w", NULL,
	  "p", "k", NULL },
};

static int parse(struct profiles **p, const char *config, const char *credentials, struct err *err)
{
	int rc = profiles_new(p, err);
	if (rc == 0 && config)
		rc = profiles_parse(*p, PROFILE_CONFIG, bytes_str(config), "config", err);
	if (rc == 0 && credentials)
		rc = profiles_parse(*p, PROFILE_CREDENTIALS, bytes_str(credentials), "credentials",
				    err);
	return rc;
}

TEST(every_rule_of_the_grammar_holds)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct grammar *c = &cases[i];
		struct profiles *p = NULL;
		struct err err = { 0 };
		int rc = parse(&p, c->config, c->credentials, &err);
		const char *got = rc == 0 ? profiles_get(p, c->profile, c->key) : err.message;
		bool same = c->want ? got && strcmp(got, c->want) == 0 : !got;
		if (!CHECK(same))
			TAP_NOTE("%s: got %s", c->rule, got ? got : "(nothing)");
		profiles_free(p);
	}
}

TEST(a_broken_file_is_refused_with_its_line)
{
	static const char *const broken[][2] = {
		{ "[profile p", "config:1: expected ']' at the end of a section's name" },
		{ "[profile p] x", "config:1: expected nothing but a comment behind ']'" },
		{ "k = v", "config:1: expected a section such as [default] first" },
		{ "\n[profile p]\nk : v", "config:3: expected 'name = value'" },
		{ "[profile p]\n= v", "config:2: expected a name before '='" },
		{ " k", "config:1: expected a property before a line that begins with a blank" },
		{ "[profile p]\n k",
		  "config:2: expected a property before a line that begins with a blank" },
		{ "[profile p]\nk=v\n[profile p]\n w",
		  "config:4: expected a property before a line that begins with a blank" },
		{ "[profile p]\ns3 =\n x", "config:3: expected 'name = value'" },
		{ "[profile p]\ns3 =\n = x", "config:3: expected a name before '='" },
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct profiles *p = NULL;
		struct err err = { 0 };
		CHECK_INT(parse(&p, broken[i][0], NULL, &err), -ERR_INVALID);
		CHECK_STR(err.message, broken[i][1]);
		CHECK_STR(err.name, "InvalidProfileFile");
		profiles_free(p);
	}
}

TEST(a_services_section_holds_endpoints)
{
	struct profiles *p = NULL;
	bool found;
	REQUIRE(parse(&p,
		      "[profile p]\nservices = dev\n[services dev]\nsfn =\n  endpoint_url = "
		      "http://127.0.0.1:1\nsts =\n  endpoint_url = http://127.0.0.1:2\n",
		      NULL, NULL) == 0);

	CHECK_STR(profiles_service(p, "dev", "sfn", "endpoint_url", &found), "http://127.0.0.1:1");
	CHECK_STR(profiles_service(p, "dev", "sts", "endpoint_url", &found), "http://127.0.0.1:2");
	CHECK(!profiles_service(p, "dev", "s3", "endpoint_url", &found) && found);
	CHECK(!profiles_service(p, "other", "sfn", "endpoint_url", &found) && !found);
	profiles_free(p);
}

TEST(a_file_that_is_not_there_is_empty)
{
	struct profiles *p = NULL;
	REQUIRE(profiles_new(&p, NULL) == 0);
	CHECK_INT(profiles_load(p, PROFILE_CONFIG, "/nonexistent/config", NULL), 0);
	CHECK_INT(profiles_load(p, PROFILE_CONFIG, "/", NULL), -ERR_IO);
	profiles_free(p);
}

/* ---- credentials ---- */

struct setting {
	const char *name, *value;
};

static const char *lookup(void *arg, const char *name)
{
	for (const struct setting *s = arg; s->name; s++) {
		if (strcmp(s->name, name) == 0)
			return s->value;
	}
	return NULL;
}

static char found_text[1200];

/* "id/secret/token from source", or "name: message". */
static const char *find(const struct setting *env, const char *config, const char *profile)
{
	struct profiles *p = NULL;
	struct credentials *c = NULL;
	struct err err = { 0 };
	struct setting copy[8] = { { NULL, NULL } };
	for (int i = 0; env && env[i].name; i++)
		copy[i] = env[i];
	int rc = parse(&p, config, NULL, &err);
	if (rc == 0) {
		const struct credentials_input in = {
			.env = lookup, .arg = copy, .profiles = p, .profile = profile
		};
		rc = credentials_find(&c, &in, &err);
	}
	if (rc == 0)
		(void)snprintf(found_text, sizeof(found_text), "%s/%s/%s from %s", c->access_key_id,
			       c->secret_access_key, c->session_token ? c->session_token : "-",
			       c->source);
	else
		(void)snprintf(found_text, sizeof(found_text), "%s: %s", err.name, err.message);
	credentials_unref(c);
	profiles_free(p);
	return found_text;
}

#define KEYS "aws_access_key_id = id\naws_secret_access_key = key\n"

TEST(the_environment_comes_first)
{
	static const struct setting env[] = { { "AWS_ACCESS_KEY_ID", " ID\n" },
					      { "AWS_SECRET_ACCESS_KEY", "KEY" },
					      { "AWS_SESSION_TOKEN", "TOKEN" },
					      { "AWS_PROFILE", "p" },
					      { NULL, NULL } };
	CHECK_STR(find(env, "[profile p]\n" KEYS, NULL), "ID/KEY/TOKEN from environment");
	CHECK_STR(find(env, "[profile p]\n" KEYS, "p"), "id/key/- from profile 'p'");
}

TEST(a_profile_is_the_one_named_or_default)
{
	static const struct setting env[] = { { "AWS_PROFILE", "p" }, { NULL, NULL } };
	CHECK_STR(find(NULL, "[default]\n" KEYS "aws_session_token = t\n", NULL),
		  "id/key/t from profile 'default'");
	CHECK_STR(find(env, "[default]\n[profile p]\n" KEYS, NULL), "id/key/- from profile 'p'");
	CHECK_STR(find(env, "[default]\n" KEYS, NULL),
		  "ProfileNotFound: profile 'p' is in neither the AWS config file nor the "
		  "credentials file");
}

TEST(half_a_key_pair_is_an_error)
{
	static const struct setting env[] = { { "AWS_ACCESS_KEY_ID", "ID" },
					      { "AWS_SECRET_ACCESS_KEY", "  " },
					      { NULL, NULL } };
	CHECK_STR(find(env, "[default]\n" KEYS, NULL),
		  "PartialCredentials: the environment has AWS_ACCESS_KEY_ID without "
		  "AWS_SECRET_ACCESS_KEY");
	CHECK_STR(find(NULL, "[default]\naws_secret_access_key = key", NULL),
		  "PartialCredentials: profile 'default' has aws_secret_access_key without "
		  "aws_access_key_id");
}

TEST(a_profile_of_another_kind_is_named_with_the_way_out)
{
	static const char *const kinds[][2] = {
		{ "role_arn = arn:aws:iam::1:role/r\nsource_profile = q\n" KEYS, "a role profile" },
		{ "sso_session = s\nsso_account_id = 1\n", "an SSO profile" },
		{ "credential_process = /bin/keys\n", "a credential process profile" },
		{ "login_session = arn:aws:iam::1:user/u\n", "a console login profile" },
		{ "role_arn = r\nweb_identity_token_file = /t\n", "a web identity profile" },
	};
	char config[256], want[512];
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		(void)snprintf(config, sizeof(config), "[profile p]\n%s", kinds[i][0]);
		(void)snprintf(want, sizeof(want),
			       "UnsupportedProfile: profile 'p' is %s, which is not read here: put "
			       "its keys into the environment by: eval \"$(aws configure "
			       "export-credentials --profile p --format env)\"",
			       kinds[i][1]);
		CHECK_STR(find(NULL, config, "p"), want);
	}
	CHECK_STR(find(NULL, "[profile p]\ncredential_process = /bin/keys\n" KEYS, "p"),
		  "id/key/- from profile 'p'");
}

TEST(nothing_at_all_says_what_was_tried)
{
	static const struct setting env[] = { { "AWS_WEB_IDENTITY_TOKEN_FILE", "/t" },
					      { NULL, NULL } };
	CHECK_STR(find(NULL, "", NULL),
		  "NoCredentials: no AWS credentials; tried the environment (AWS_ACCESS_KEY_ID and "
		  "AWS_SECRET_ACCESS_KEY are not set), profile 'default' (it is in neither the "
		  "config nor the credentials file); instance metadata is not asked");
	CHECK(strstr(find(env, "[default]\nregion = us-east-1\n", NULL),
		     "profile 'default' (it has no aws_access_key_id); AWS_WEB_IDENTITY_TOKEN_FILE "
		     "is set"));
}

TEST(a_set_outlives_its_finder_as_long_as_it_is_held)
{
	struct credentials *c = NULL;
	REQUIRE(credentials_new(&c, "id", "key", "", "test", NULL) == 0);
	struct credentials *held = credentials_ref(c);
	credentials_unref(c);
	CHECK_STR(held->secret_access_key, "key");
	CHECK(!held->session_token);
	credentials_unref(held);
	credentials_unref(NULL);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(every_rule_of_the_grammar_holds),
	    TAP_CASE(a_broken_file_is_refused_with_its_line),
	    TAP_CASE(a_services_section_holds_endpoints),
	    TAP_CASE(a_file_that_is_not_there_is_empty), TAP_CASE(the_environment_comes_first),
	    TAP_CASE(a_profile_is_the_one_named_or_default), TAP_CASE(half_a_key_pair_is_an_error),
	    TAP_CASE(a_profile_of_another_kind_is_named_with_the_way_out),
	    TAP_CASE(nothing_at_all_says_what_was_tried),
	    TAP_CASE(a_set_outlives_its_finder_as_long_as_it_is_held)));
}
