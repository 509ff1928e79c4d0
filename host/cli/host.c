#include "cli/host.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/dashboard.h"
#include "cli/files.h"
#include "cli/host_api.h"
#include "cli/host_log.h"
#include "cli/metrics.h"
#include "cli/recovery.h"
#include "cli/rules_load.h"
#include "cli/secrets.h"
#include "cli/watchdog.h"
#include "commit/commit.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "plugins.h"
#include "script/culprit.h"
#include "script/hold.h"
#include "script/registry.h"
#include "script/rules.h"
#include "script/run.h"
#include "store/store.h"

enum { SECTION_MAX = 1 << 20, NAME_SIZE = 256, OWNER_WAIT_MS = 10 * 1000, COMPLAINT_SIZE = 8192 };

static int load_plugin(struct host *h, const char *name, struct err *err)
{
	struct buf section = BUF_INIT(SECTION_MAX);
	config_plugin(h->config, name, &section);
	int rc = plugins_load(h->plugins, name, buf_bytes(&section), err);
	buf_clear(&section);
	return rc;
}

static bool plugin_file_exists(const struct config *c, const char *name)
{
	for (size_t i = 0; c->plugin_dirs[i]; i++) {
		char path[4096];
		int n = snprintf(path, sizeof(path), "%s/%s.so", c->plugin_dirs[i], name);
		if (n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* What is shipped with the program, where it lies beside it. */
static int load_shipped(struct host *h, struct err *err)
{
	static const char *const shipped[] = { "sfn", "http", "sns" };
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(shipped) / sizeof(shipped[0]); i++)
		if (plugin_file_exists(h->config, shipped[i]))
			rc = load_plugin(h, shipped[i], err);
	return rc;
}

/* Those the configuration names; without a word of it those that are shipped. */
static int load_plugins(struct host *h, struct err *err)
{
	const char *names = h->config->plugins;
	if (!names)
		return load_shipped(h, err);
	while (*(names += strspn(names, " ,\t"))) {
		char name[NAME_SIZE];
		size_t n = strcspn(names, " ,\t");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, names);
		int rc = load_plugin(h, name, err);
		if (rc < 0)
			return rc;
		names += n;
	}
	return 0;
}

static bool is_loaded(const void *arg, const char *name)
{
	const struct host *h = arg;
	for (size_t i = 0; i < plugins_count(h->plugins); i++) {
		if (strcmp(plugins_at(h->plugins, i)->name, name) == 0)
			return true;
	}
	return false;
}

static int check_operation(const struct host *h, const struct config *c, const char *section,
			   const char *name, struct err *err)
{
	if (registry_find_full(h->registry, name))
		return 0;
	return err_set(err, ERR_INVALID,
		       "%s: [%s] %.80s: no plugin has this operation; 'runbook ops' lists all",
		       c->file, section, name);
}

/* A rule with a misspelt name would let pass what it was written to forbid. */
static int check_rules(const struct host *h, const struct config *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n_rules; i++)
		rc = check_operation(h, c, "rules", c->rules[i].operation, err);
	for (size_t i = 0; rc == 0 && i < c->n_rates; i++)
		rc = check_operation(h, c, "rate", c->rates[i].operation, err);
	return rc;
}

int host_judge_config(const struct host *h, const struct config *c, struct err *err)
{
	int rc = config_check_sections(c, is_loaded, h, err);
	return rc < 0 ? rc : check_rules(h, c, err);
}

struct rules_spec host_rules_spec(const struct host *h, const struct config *c)
{
	return (struct rules_spec){ .state_dir = c->state_dir,
				    .policy = c->policy,
				    .policy_file = c->policy_file,
				    .limits = c->rules,
				    .n_limits = c->n_rules,
				    .lua_dir = c->lua_dir,
				    .registry = h->registry };
}

int host_open(struct host *h, struct config *config, struct err *err)
{
	*h = (struct host){ .config = config, .lock = { .fd = -1 } };
	terminal_init(&h->terminal, STDERR_FILENO);
	h->terminal.format = config->log_format;
	host_api_fill(h);
	int n = snprintf(h->store, sizeof(h->store), "%s/runs.db", config->state_dir);
	if (n < 0 || (size_t)n >= sizeof(h->store))
		return err_set(err, ERR_INVALID, "[host] state_dir is too long");
	int rc = loop_new(&h->loop, err);
	if (rc == 0)
		terminal_attend(&h->terminal, h->loop);
	if (rc == 0)
		rc = worker_new(&h->worker, h->loop, err);
	if (rc == 0)
		rc = http_client_new(&h->http, h->loop, err);
	if (rc == 0)
		rc = registry_new(&h->registry, err);
	if (rc == 0)
		rc = plugins_new(
		    &h->plugins,
		    &(struct plugins_spec){ .api = &h->api,
					    .registry = h->registry,
					    .dirs = (const char *const *)config->plugin_dirs },
		    err);
	if (rc == 0)
		rc = load_plugins(h, err);
	if (rc == 0)
		rc = host_judge_config(h, config, err);
	if (rc < 0)
		return rc;
	const struct rules_spec rules = host_rules_spec(h, config);
	return rules_new(&h->rules, &rules, err);
}

int host_find_store(const struct host *h, struct err *err)
{
	if (access(h->store, R_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return err_set(err, ERR_IO, "%s cannot be read: %s", h->store, strerror(errno));
	return err_set(err, ERR_INVALID, "no runbook has been run in %s", h->config->state_dir);
}

static void record_start(struct host *h, const char *command)
{
	struct buf members = BUF_INIT(SECTION_MAX);
	buf_adds(&members, "\"command\":");
	json_write_string(&members, bytes_str(command));
	buf_adds(&members, ",\"version\":\"" RUNBOOK_VERSION "\"");
	if (h->config->hash[0]) {
		buf_adds(&members, ",\"config\":{\"file\":");
		json_write_string(&members, bytes_str(h->config->file));
		buf_addf(&members, ",\"sha256\":\"%s\"}", h->config->hash);
	}
	buf_adds(&members, ",\"plugins\":[");
	for (size_t i = 0; i < plugins_count(h->plugins); i++) {
		const struct plugin *p = plugins_at(h->plugins, i);
		buf_addf(&members, "%s{\"name\":", i ? "," : "");
		json_write_string(&members, bytes_str(p->name));
		buf_adds(&members, ",\"version\":");
		json_write_string(&members, bytes_str(p->version));
		buf_adds(&members, "}");
	}
	buf_adds(&members, "]");
	(void)commit_append(h->committer, "host.start", buf_bytes(&members), NULL, NULL);
	buf_clear(&members);
}

/* In the row, whatever this process is for: before the committer opens the store, which must have one
 * connection that writes. */
static int count_death(const struct host *h, const char *run, struct err *err)
{
	struct store *store = NULL;
	struct store_batch *batch = NULL;
	int rc = store_open(&store, h->store, err);
	if (rc == 0)
		rc = store_batch_new(&batch, err);
	if (rc == 0) {
		store_count_death(batch, run);
		rc = store_apply(store, batch, err);
	}
	store_batch_free(batch);
	store_close(store);
	return rc;
}

/* Runs go on without it: a death is then counted to nobody. */
static void open_culprit(struct host *h)
{
	char path[4096], text[300];
	struct err err;
	(void)snprintf(path, sizeof(path), "%s/resuming", h->config->state_dir);
	if (culprit_open(&h->culprit, path, &err) < 0) {
		if (err.code != ERR_LIMIT)
			terminal_log(&h->terminal, LOG_WARN, err.message);
		return;
	}
	if (!culprit_read(h->culprit))
		return;
	(void)snprintf(text, sizeof(text), "run %s was being resumed when the last process died",
		       culprit_read(h->culprit));
	terminal_log(&h->terminal, LOG_WARN, text);
	if (count_death(h, culprit_read(h->culprit), &err) < 0)
		terminal_log(&h->terminal, LOG_WARN, err.message);
}

/* By the configuration of the moment, also of a run that began with another. */
static int read_secret(void *arg, const char *name, struct buf *out, struct err *err)
{
	const struct host *h = arg;
	return secrets_read(h->config, name, out, err);
}

static void on_progressed(void *arg, const char *resource, const struct op_progress *p)
{
	const struct host *h = arg;
	if (h->dashboard)
		dashboard_progressed(h->dashboard, resource, p);
}

/* Where nobody can look, answers are not asked how far they are. */
static const struct run_observer *observer_of(struct host *h, const struct config *c)
{
	const struct run_observer *metrics = metrics_observer(h->metrics);
	if (metrics)
		h->observer = *metrics;
	h->observer.progressed = c->admin.line ? on_progressed : NULL;
	h->observer.progressed_arg = h;
	return &h->observer;
}

struct runs_spec host_runs_spec(struct host *h, const struct config *c)
{
	return (struct runs_spec){ .loop = h->loop,
				   .committer = h->committer,
				   .registry = h->registry,
				   .rules = h->rules,
				   .culprit = h->culprit,
				   .rates = c->rates,
				   .n_rates = c->n_rates,
				   .lua_dir = c->lua_dir,
				   .store_path = h->store,
				   .passive_ms = c->passive_ms,
				   .max_intent_age_ms = c->max_intent_age_ms,
				   .secret = read_secret,
				   .secret_arg = h,
				   .carried = h->carried,
				   .approvers = c->approvals.people,
				   .observer = observer_of(h, c),
				   .on_asked = h->on_asked,
				   .on_asked_arg = h->on_asked_arg };
}

static int own(struct host *h, int64_t wait_ms, struct err *err)
{
	if (h->lock.fd >= 0)
		return 0;
	int rc = files_make_dir(h->config->state_dir, err);
	return rc < 0 ? rc : state_lock_take(&h->lock, h->config->state_dir, wait_ms, err);
}

int host_own(struct host *h, struct err *err)
{
	int rc = own(h, 0, err);
	return rc == -ERR_TIMEOUT ? 1 : rc;
}

int host_open_runs(struct host *h, const char *command, struct err *err)
{
	int rc = own(h, OWNER_WAIT_MS, err);
	if (rc < 0)
		return rc;
	open_culprit(h);
	rc = host_log_open(h, err);
	if (rc < 0)
		return rc;
	record_start(h, command);
	rules_record_to(h->rules, h->committer);
	rc = rules_load(h->rules, h->store, err);
	if (rc < 0)
		return rc;
	const struct runs_spec runs = host_runs_spec(h, h->config);
	return runs_new(&h->runs, &runs, err);
}

int host_close(struct host *h, int status)
{
	if (!h->config) /* it was never opened */
		return status;
	recovery_end(h);
	runs_free(h->runs);
	h->runs = NULL;
	culprit_close(h->culprit);
	h->culprit = NULL;
	rules_free(h->rules);
	h->rules = NULL;
	status = host_log_close(h, status);
	metrics_free(h->metrics);
	h->metrics = NULL;
	state_lock_release(&h->lock);
	plugins_close(h->plugins);
	registry_free(h->registry);
	http_client_free(h->http);
	if (h->worker)
		worker_drain(h->worker);
	worker_free(h->worker);
	terminal_attend(&h->terminal, NULL);
	loop_free(h->loop);
	environment_clear(&h->environment);
	terminal_clear(&h->terminal);
	return status;
}

static bool is_ignored(int signo)
{
	struct sigaction now;
	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int host_on_stop(struct host *h, loop_fn *fn, void *arg, struct err *err)
{
	int rc = loop_on_signal(h->loop, SIGINT, fn, arg, err);
	return rc < 0 ? rc : loop_on_signal(h->loop, SIGTERM, fn, arg, err);
}

int host_on_hangup(struct host *h, loop_fn *fn, void *arg, struct err *err)
{
	return is_ignored(SIGHUP) ? 0 : loop_on_signal(h->loop, SIGHUP, fn, arg, err);
}

void host_loop(struct host *h)
{
	struct watchdog *dog = NULL;
	struct err err;
	int64_t ms = h->config->watchdog_ms ? h->config->watchdog_ms : WATCHDOG_DEFAULT_MS;
	if (h->runs && watchdog_start(&dog, h->loop, ms, h->culprit, &err) < 0)
		terminal_log(&h->terminal, LOG_WARN, err.message);
	loop_run(h->loop);
	watchdog_stop(dog);
}

int host_complain(struct host *h, const char *command, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SECTION_MAX);
	char text[COMPLAINT_SIZE];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (h->terminal.format == LOG_AS_TEXT)
		buf_addf(&b, "runbook %s: ", command);
	buf_adds(&b, text);
	terminal_say(&h->terminal, LOG_ERROR, &(struct log_about){ 0 }, buf_cstr(&b));
	buf_clear(&b);
	return EXIT_USAGE;
}

void host_say_hold(struct host *h)
{
	struct hold_note note;
	char text[HOLD_TEXT_SIZE], line[HOLD_TEXT_SIZE + 80];
	if (!hold_read(&note, h->config->state_dir))
		return;
	hold_say(text, &note);
	(void)snprintf(line, sizeof(line), "every change is %s", text);
	terminal_log(&h->terminal, LOG_WARN, line);
}

struct run_spec host_run_spec(const struct config *c)
{
	return (struct run_spec){
		.config = c->hash[0] ? c->hash : NULL,
		.timeout_ms = c->timeout_ms,
		.call_timeout_ms = c->call_timeout_ms,
		.memory_max = c->memory_max,
		.cpu_ms = c->cpu_ms,
		.log_max = c->log_max,
		.result_max = c->result_max,
		.steps_max = c->steps_max,
		.parallel_max = c->parallel_max,
		.rules = c->rules,
		.n_rules = c->n_rules,
	};
}
