/* Any text as an AWS config file, then as a credentials file, and a look for keys in it. */
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_environment(void *arg, const char *name)
{
	(void)arg, (void)name;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes text = { (const char *)data, size };
	struct profiles *p = NULL;
	struct credentials *c = NULL;
	struct err err = { 0 };
	bool found;
	if (profiles_new(&p, &err) < 0)
		return 0;
	int rc = profiles_parse(p, PROFILE_CONFIG, text, "config", &err);
	if (rc == 0)
		rc = profiles_parse(p, PROFILE_CREDENTIALS, text, "credentials", &err);
	const struct credentials_input in = { .env = no_environment, .profiles = p };
	if (rc == 0)
		rc = credentials_find(&c, &in, &err);
	INVARIANT(rc == 0 || err.message[0]);
	(void)profiles_service(p, "s", "sfn", "endpoint_url", &found);
	credentials_unref(c);
	profiles_free(p);
	return 0;
}
