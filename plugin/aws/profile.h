/*
 * profile.h - the AWS configuration files, ~/.aws/config and ~/.aws/credentials, by the grammar all
 * AWS SDKs share.
 *
 * What is deliberate: "[profile default]" beats "[default]"; the same section twice is merged, the
 * last value wins; of a profile in both files the credentials file wins per property; sections of
 * unknown kinds or with invalid names are ignored with all they hold; " #" and " ;" end a value;
 * names may be quoted, as the AWS CLI has it. Values are wiped when freed: some are secrets.
 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include "base/bytes.h"
#include "base/err.h"

struct profiles;

enum profile_file { PROFILE_CONFIG, PROFILE_CREDENTIALS };

/* @param[out] out owned by the caller; profiles_free */
NODISCARD int profiles_new(struct profiles **out, struct err *err);
void profiles_free(struct profiles *p); /* NULL is fine */

/*
 * Take in the text of one file; the config file first. path is for messages only.
 *
 * @return 0; -ERR_INVALID with err->name "InvalidProfileFile" and "path:line: what is wrong"
 */
NODISCARD int profiles_parse(struct profiles *p, enum profile_file which, struct bytes text,
			     const char *path, struct err *err);

/* Read the file at path (blocking, small) and take it in. A file that is not there is empty.
 * @return as profiles_parse; -ERR_IO when it is there and cannot be read; -ERR_LIMIT over 1 MiB */
NODISCARD int profiles_load(struct profiles *p, enum profile_file which, const char *path,
			    struct err *err);

bool profiles_has(const struct profiles *p, const char *profile);

/* A property of a profile, or NULL. Keys are in lower case. Borrowed until the next parse. */
const char *profiles_get(const struct profiles *p, const char *profile, const char *key);

/* A sub-property of a [services NAME] section: profiles_service(p, "local", "sfn",
 * "endpoint_url"). *found says whether the section is there at all. */
const char *profiles_service(const struct profiles *p, const char *services, const char *service,
			     const char *key, bool *found);

#endif
