/*
 * secrets.h - secrets by name: what `secret "NAME"` in a runbook gives.
 *
 *	[secrets]
 *	slack = file ${dir}/slack.token       a regular file
 *	pager = env PAGER_KEY                 a variable of this process
 *	jira  = credential jira               a file of that name in $CREDENTIALS_DIRECTORY (systemd)
 *
 * The source is read whenever it is asked for, so a secret that was changed needs no restart. Line ends
 * at its end are not part of it. Where another process owns the state directory and goes through the
 * run, they are that one's.
 */
#ifndef CLI_SECRETS_H
#define CLI_SECRETS_H

#include "base/buf.h"
#include "base/err.h"

struct config;

enum secret_source { SECRET_FILE, SECRET_ENV, SECRET_CREDENTIAL };

struct config_secret {
	const char *name;
	enum secret_source source;
	const char *at; /* path, or name of the variable or credential; borrowed */
};

/* Take "file PATH", "env NAME" or "credential NAME". False: it is none of them. */
bool secrets_parse(struct config_secret *out, const char *value);

/*
 * Append the secret.
 *
 * @return 0; -ERR_INVALID: there is none of that name (a similar one is suggested), or it cannot be
 *         read or is empty. The message names the source, never what is in it.
 */
NODISCARD int secrets_read(const struct config *c, const char *name, struct buf *out,
			   struct err *err);

#endif
