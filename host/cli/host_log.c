#include "cli/host_log.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/checkpoint_copy.h"
#include "cli/command.h"
#include "commit/commit.h"

enum { COPY_WAIT_MS = 5000, UNKNOWN_SHOWN = 20 };

/* ---- what it has to tell ---- */

static void warn(void *arg, const char *text)
{
	struct host *h = arg;
	terminal_log(&h->terminal, LOG_WARN, text);
}

static const char *text_of(const cJSON *call, const char *name)
{
	const char *text = json_get_str(call, name);
	return text ? text : "?";
}

static void on_unknown(void *arg, const cJSON *call)
{
	struct host *h = arg;
	char text[1200];
	if (++h->unknown_calls > UNKNOWN_SHOWN)
		return;
	(void)snprintf(text, sizeof(text),
		       "outcome unknown: run %.80s, step %.40s: %.120s on %.600s, token %.64s",
		       text_of(call, "run"), text_of(call, "step"), text_of(call, "operation"),
		       text_of(call, "resource"), text_of(call, "token"));
	warn(h, text);
}

/* Say what processes that died have left behind. */
static void tell_recovered(struct host *h)
{
	struct commit_stats stats;
	char text[300], lost[64] = "";
	commit_stats(h->committer, &stats);
	if (stats.recovered_segments == 0)
		return;
	if (stats.lost_runs > 0)
		(void)snprintf(lost, sizeof(lost), ", runs that had not really begun: %" PRIu64,
			       stats.lost_runs);
	(void)snprintf(
	    text, sizeof(text),
	    "audit log: closed what processes that died left behind (segments: %u%s, calls whose "
	    "outcome is unknown: %" PRIu64 "%s)",
	    stats.recovered_segments, lost, stats.recovered_calls,
	    h->unknown_calls > UNKNOWN_SHOWN ? "; 'runbook audit tail --unknown' lists them all"
					     : "");
	warn(h, text);
}

/* Whoever deleted it, or put another one there, is to know what that means. */
static void tell_other_store(struct host *h)
{
	struct commit_stats stats;
	char text[4500];
	commit_stats(h->committer, &stats);
	if (stats.store_before[0] == '\0')
		return;
	(void)snprintf(text, sizeof(text),
		       "%.4000s is not the store that this audit log went with until now: runs, "
		       "approvals and budgets from before are not known, so nothing of theirs is "
		       "carried on; put it back if it was moved away",
		       h->store);
	warn(h, text);
}

static void on_checkpoint(void *arg, struct bytes note)
{
	struct host *h = arg;
	if (h->copies)
		checkpoint_copy_add(h->copies, note);
}

static void on_disk(void *arg, unsigned percent)
{
	struct host *h = arg;
	char text[200];
	(void)snprintf(text, sizeof(text),
		       "the disk of the audit log is %u %% full: when it is full, changing calls "
		       "are refused",
		       percent);
	warn(h, text);
}

/* ---- open and close ---- */

static int open_copies(struct host *h, struct err *err)
{
	const struct config_audit *a = &h->config->audit;
	if (!a->copy_file && !a->copy_url)
		return 0;
	return checkpoint_copy_new(&h->copies,
				   &(struct checkpoint_copy_spec){ .loop = h->loop,
								   .worker = h->worker,
								   .http = h->http,
								   .file = a->copy_file,
								   .url = a->copy_url,
								   .failed = warn,
								   .arg = h },
				   err);
}

int host_log_spec(struct commit_spec *spec, struct host_log_names *names, const struct config *c,
		  struct err *err)
{
	const struct config_audit *a = &c->audit;
	int n = snprintf(names->audit, sizeof(names->audit), "%s/audit", c->state_dir);
	if (n < 0 || (size_t)n >= sizeof(names->audit))
		return err_set(err, ERR_INVALID, "[host] state_dir is too long");
	names->host[0] = names->host[sizeof(names->host) - 1] = '\0';
	(void)gethostname(names->host, sizeof(names->host) - 1);
	*spec = (struct commit_spec){ .audit_dir = names->audit,
				      .host = names->host,
				      .program = "runbook " RUNBOOK_VERSION,
				      .key_file = a->key_file,
				      .checkpoint_records = a->checkpoint_records,
				      .checkpoint_ms = a->checkpoint_ms,
				      .rotate_bytes = (int64_t)a->rotate_bytes,
				      .rotate_ms = a->rotate_ms,
				      .keep_ms = a->keep_ms };
	return 0;
}

int host_log_open(struct host *h, struct err *err)
{
	struct host_log_names names;
	struct commit_spec spec;
	int rc = host_log_spec(&spec, &names, h->config, err);
	if (rc == 0)
		rc = open_copies(h, err);
	if (rc < 0)
		return rc;
	spec.loop = h->loop;
	spec.store_path = h->store;
	spec.on_unknown = on_unknown;
	spec.on_checkpoint = on_checkpoint;
	spec.on_disk = on_disk;
	spec.arg = h;
	rc = commit_open(&h->committer, &spec, err);
	if (rc == 0)
		tell_recovered(h);
	if (rc == 0)
		tell_other_store(h);
	return rc;
}

/* The handlers of signals reach for runs, which are gone by now. */
static void finish_copies(struct host *h)
{
	sigset_t stop, before;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &stop, &before);
	checkpoint_copy_finish(h->copies, COPY_WAIT_MS);
	checkpoint_copy_free(h->copies);
	h->copies = NULL;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int host_log_close(struct host *h, int status)
{
	struct err err = { 0 };
	if (!h->committer) {
		finish_copies(h);
		return status;
	}
	(void)commit_append(h->committer, "host.stop", bytes_str(""), NULL, NULL);
	int rc = commit_close(h->committer, &err);
	h->committer = NULL;
	finish_copies(h);
	if (rc == 0)
		return status;
	terminal_end(&h->terminal);
	(void)fprintf(stderr, "runbook: the audit log lacks its last records: %s\n", err.message);
	return status == EXIT_DONE ? EXIT_NO_AUDIT : status;
}
