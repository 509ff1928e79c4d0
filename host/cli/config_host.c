/* config_host.c - [host]: where things are, and what is said. */
#include <string.h>

#include "cli/config_read.h"

static int log_level_of(struct reading *r, enum log_level *out)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	const struct ini_key *k = ini_key(r->s, "log_level");
	for (size_t i = 0; k && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(k->value, names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return k ? value_complain(r, k, "debug, info, warn or error") : 0;
}

static int log_format_of(struct reading *r, enum log_format *out)
{
	const struct ini_key *k = ini_key(r->s, "log_format");
	return !k || log_format_parse(out, k->value) ? 0
						     : value_complain(r, k, "text, logfmt or json");
}

static int seccomp_of(struct reading *r, enum config_seccomp *out)
{
	const struct ini_key *k = ini_key(r->s, "seccomp");
	if (k && strcmp(k->value, "on") == 0)
		*out = SECCOMP_ON;
	else if (k && strcmp(k->value, "off") == 0)
		*out = SECCOMP_OFF;
	else if (k)
		return value_complain(r, k, "on or off");
	return 0;
}

int config_read_host(struct reading *r)
{
	int rc = value_copy(r, "state_dir", &r->c->state_dir);
	if (rc == 0)
		rc = value_copy(r, "lua_dir", &r->c->lua_dir);
	if (rc == 0)
		rc = value_copy(r, "plugin_dir", &r->c->plugin_dirs[0]);
	if (rc == 0)
		rc = value_duration(r, "watchdog", &r->c->watchdog_ms);
	if (rc == 0)
		rc = log_level_of(r, &r->c->log_level);
	if (rc == 0)
		rc = log_format_of(r, &r->c->log_format);
	if (rc == 0)
		rc = seccomp_of(r, &r->c->seccomp);
	if (rc == 0)
		rc = value_text_or_null(r, "user", &r->c->user);
	if (rc == 0)
		rc = value_text_or_null(r, "group", &r->c->group);
	if (rc == 0 && r->c->group && !r->c->user)
		rc = value_complain(r, ini_key(r->s, "group"), "user = NAME beside it");
	return rc < 0 ? rc : value_copy(r, "plugins", &r->c->plugins);
}
