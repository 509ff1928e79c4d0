#include "cli/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/store_prune.h"

enum { PARALLEL_MAX = 10000 };

/* A kind of section: its keys, and what reads it. */
struct section_kind {
	const char *kind;
	bool named;
	int (*read)(struct reading *r);
	const char *keys; /* allowed keys, each between blanks; NULL: any */
	const char *live; /* those that a reload may change; "*": all; NULL: none */
};

static int parallel_of(struct reading *r, unsigned *out)
{
	uint64_t n = 0;
	int rc = value_count(r, "parallel", &n);
	if (rc == 0 && n > PARALLEL_MAX)
		return value_complain(r, ini_key(r->s, "parallel"),
				      "a number of branches from 1 to 10000");
	*out = (unsigned)n;
	return rc;
}

static int read_limits(struct reading *r)
{
	int rc = value_size(r, "memory", &r->c->memory_max);
	if (rc == 0)
		rc = value_duration(r, "passive", &r->c->passive_ms);
	if (rc == 0)
		rc = parallel_of(r, &r->c->parallel_max);
	if (rc == 0)
		rc = value_duration(r, "cpu", &r->c->cpu_ms);
	if (rc == 0)
		rc = value_size(r, "log", &r->c->log_max);
	if (rc == 0)
		rc = value_size(r, "result", &r->c->result_max);
	if (rc == 0)
		rc = value_count(r, "steps", &r->c->steps_max);
	if (rc == 0)
		rc = value_duration(r, "timeout", &r->c->timeout_ms);
	if (rc == 0)
		rc = value_duration(r, "call_timeout", &r->c->call_timeout_ms);
	return rc < 0 ? rc : value_duration(r, "max_intent_age", &r->c->max_intent_age_ms);
}

static int read_rules(struct reading *r)
{
	struct config *c = r->c;
	c->rules = calloc(r->s->n_keys + 1, sizeof(*c->rules));
	if (!c->rules)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < r->s->n_keys; i++) {
		const struct ini_key *k = &r->s->keys[i];
		cJSON *n = json_parse(bytes_str(k->value), NULL);
		int64_t calls = -1;
		bool ok = json_int_token(n, &calls) && calls >= 0 && calls <= 1000000;
		cJSON_Delete(n);
		if (!ok || !strchr(k->name, '.'))
			return value_complain(
			    r, k, "NAMESPACE.OPERATION = a number of calls from 0 to 1000000");
		c->rules[c->n_rules++] = (struct run_rule){ k->name, (int)calls };
	}
	return 0;
}

static int read_store(struct reading *r)
{
	const struct ini_key *k = ini_key(r->s, "keep");
	if (k && strcmp(k->value, "forever") == 0) {
		r->c->store_keep_ms = 0;
		return 0;
	}
	int rc = value_duration(r, "keep", &r->c->store_keep_ms);
	if (rc == 0 && r->c->store_keep_ms < PRUNE_DAYS(PRUNE_LEAST_DAYS))
		return value_complain(
		    r, k, "4d or more, as deliveries are remembered for three; or forever");
	return rc;
}

static int read_secrets(struct reading *r)
{
	struct config *c = r->c;
	c->secrets = calloc(r->s->n_keys + 1, sizeof(*c->secrets));
	if (!c->secrets)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < r->s->n_keys; i++) {
		const struct ini_key *k = &r->s->keys[i];
		struct config_secret *s = &c->secrets[c->n_secrets++];
		s->name = k->name;
		if (!secrets_parse(s, k->value)) /* it may be the secret itself: not shown */
			return err_set(r->err, ERR_INVALID,
				       "%s:%d: [secrets] %s: expected file PATH, env NAME or "
				       "credential NAME",
				       c->ini->file, k->line, k->name);
	}
	return 0;
}

static int read_policy(struct reading *r)
{
	int rc = policy_new(&r->c->policy, "[policy] ", r->c->ini->file, r->err);
	for (size_t i = 0; rc == 0 && i < r->s->n_keys; i++) {
		const struct ini_key *k = &r->s->keys[i];
		if (strcmp(k->name, "file") != 0)
			rc = policy_set(r->c->policy, k->name, k->value, k->line, r->err);
		else if (k->value[0] == '\0')
			rc = value_complain(r, k, "a Lua file that returns the function judge");
		else
			r->c->policy_file = k->value;
	}
	return rc;
}

static int read_copies(struct reading *r, struct config_audit *a)
{
	int rc = value_text_or_null(r, "key_file", &a->key_file);
	if (rc == 0)
		rc = value_text_or_null(r, "copy_file", &a->copy_file);
	if (rc == 0)
		rc = value_text_or_null(r, "copy_url", &a->copy_url);
	if (rc == 0 && a->copy_url && strncmp(a->copy_url, "https://", 8) != 0 &&
	    strncmp(a->copy_url, "http://", 7) != 0)
		rc = value_complain(r, ini_key(r->s, "copy_url"), "an http: or https: URL");
	return rc;
}

static int read_audit(struct reading *r)
{
	struct config_audit *a = &r->c->audit;
	int rc = value_count(r, "checkpoint_records", &a->checkpoint_records);
	if (rc == 0)
		rc = value_duration(r, "checkpoint_after", &a->checkpoint_ms);
	if (rc == 0)
		rc = value_size(r, "rotate_size", &a->rotate_bytes);
	if (rc == 0)
		rc = value_duration(r, "rotate_age", &a->rotate_ms);
	if (rc == 0)
		rc = value_duration(r, "keep", &a->keep_ms);
	return rc < 0 ? rc : read_copies(r, a);
}

static int read_approvals(struct reading *r)
{
	struct config_approvals *a = &r->c->approvals;
	int rc = value_text_or_null(r, "people", &a->people);
	if (rc == 0)
		rc = value_base_url(r, &a->base_url);
	if (rc == 0)
		rc = value_text_or_null(r, "secret_file", &a->secret_file);
	if (rc == 0)
		rc = value_duration(r, "valid", &a->valid_ms);
	if (rc == 0)
		rc = value_private_url(r, "post_url", &a->post_url);
	const struct ini_key *base = ini_key(r->s, "base_url"), *post = ini_key(r->s, "post_url");
	if (rc == 0 && post && !base)
		rc = value_complain(r, post, "base_url beside it, for the links");
	return rc;
}

int config_read_start(struct reading *r, struct config_start *s)
{
	s->config = r->c;
	s->name = r->s->name;
	int rc = value_required(r, "runbook", &s->runbook);
	if (rc == 0)
		rc = value_duration(r, "timeout", &s->timeout_ms);
	if (rc == 0)
		rc = value_bool(r, "dry_run", &s->dry_run);
	s->reason = value_text(r, "reason");
	s->input = value_text(r, "input");
	const struct ini_key *k = ini_key(r->s, "input");
	if (rc < 0 || !k)
		return rc;
	cJSON *v = json_parse(bytes_str(k->value), NULL);
	bool object = cJSON_IsObject(v);
	cJSON_Delete(v);
	return object ? 0 : value_complain(r, k, "a JSON object");
}

#define LISTEN_LIVE \
	" plain cert_file key_file client_ca_file client_cert trusted_proxy " \
	"max_connections max_connections_per_address max_requests_ahead max_body max_bodies " \
	"tls_timeout " \
	"header_timeout body_timeout answer_timeout idle_timeout "
#define LISTEN_KEYS " address" LISTEN_LIVE

static const struct section_kind kinds[] = {
	{ "host", false, config_read_host,
	  " state_dir plugin_dir plugins lua_dir watchdog log_level log_format seccomp user group ",
	  " log_level " },
	{ "limits", false, read_limits,
	  " memory cpu log result steps timeout call_timeout "
	  "max_intent_age passive parallel ",
	  " memory cpu log result steps timeout call_timeout "
	  "max_intent_age passive parallel " },
	{ "rules", false, read_rules, NULL, "*" },
	{ "rate", false, config_read_rates, NULL, "*" },
	{ "policy", false, read_policy, NULL, "*" },
	{ "audit", false, read_audit,
	  " checkpoint_records checkpoint_after rotate_size rotate_age keep key_file copy_file "
	  "copy_url ",
	  NULL },
	{ "approvals", false, read_approvals, " people base_url secret_file valid post_url ", "*" },
	{ "secrets", false, read_secrets, NULL, "*" },
	{ "store", false, read_store, " keep ", "*" },
	{ "listen", false, config_read_listen, LISTEN_KEYS, LISTEN_LIVE },
	{ "admin", false, config_read_listen, LISTEN_KEYS "base_url ", LISTEN_LIVE "base_url " },
	{ "notify", false, config_read_notify,
	  " channel url secret topic events slow_factor slow_at_least runbook ", "*" },
	{ "heartbeat", false, config_read_heartbeat, " url secret every ", "*" },
	{ "schedule", true, config_read_schedule,
	  " cron tz runbook input reason timeout dry_run jitter overlap catch_up catch_up_window "
	  "pause_after_failures start end exclude ",
	  "*" },
	{ "hook", true, config_read_hook,
	  " path auth header prefix encoding scheme tolerance clients topics sns_url_prefix "
	  "envelope "
	  "delivery_header delivery_member secret_file secret_env secrets runbook reason timeout "
	  "dry_run accept accept_headers concurrency queue rate debounce debounce_max "
	  "debounce_key ",
	  "*" },
};

static const struct section_kind *kind_of(const struct ini_section *s)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(s->kind, kinds[i].kind) == 0 && kinds[i].named == (s->name[0] != '\0'))
			return &kinds[i];
	}
	return NULL;
}

bool config_known_section(const struct ini_section *s)
{
	return kind_of(s) != NULL;
}

static bool is_listed(const char *list, const char *key)
{
	char word[64];
	int n = snprintf(word, sizeof(word), " %s ", key);
	return n > 0 && (size_t)n < sizeof(word) && strstr(list, word);
}

bool config_is_live(const struct ini_section *s, const char *key)
{
	const struct section_kind *kind = kind_of(s);
	const char *live = kind ? kind->live : NULL;
	return live && (strcmp(live, "*") == 0 || is_listed(live, key));
}

static int check_keys(struct reading *r, const struct section_kind *kind)
{
	for (size_t i = 0; kind->keys && i < r->s->n_keys; i++) {
		const struct ini_key *k = &r->s->keys[i];
		if (!is_listed(kind->keys, k->name))
			return err_set(r->err, ERR_INVALID,
				       "%s:%d: [%s] has no key '%.60s': expected one of%s",
				       r->c->ini->file, k->line, kind->kind, k->name, kind->keys);
	}
	return 0;
}

int config_read_sections(struct config *c, const char *only, struct err *err)
{
	for (size_t i = 0; i < c->ini->n_sections; i++) {
		struct reading r = { c, &c->ini->sections[i], err };
		const struct section_kind *kind = kind_of(r.s);
		if (!kind || (only && strcmp(kind->kind, only) != 0))
			continue;
		int rc = check_keys(&r, kind);
		if (rc == 0)
			rc = kind->read(&r);
		if (rc < 0)
			return rc;
	}
	return config_judge_hooks(c, err);
}
