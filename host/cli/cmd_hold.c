/* cmd_hold.c - runbook hold and runbook release: the operator's switch (script/hold.h). */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/actor.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/files.h"
#include "cli/host_log.h"
#include "cli/usage.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "script/hold.h"

static const char hold_help[] =
    "usage: runbook hold [--reason TEXT] [--status] [--config FILE]\n"
    "\n"
    "Refuse every changing call of this state directory from now on: of runs that go on, also "
    "while\n"
    "a call waits for its next attempt; of runs to come, by hand or by a trigger; and of what a\n"
    "restarted host would send again. A request that has left is not called back. Reads go on. A\n"
    "call that is refused raises PolicyDenied with the rule \"hold\". `runbook release` ends it.\n"
    "\n"
    "  --reason TEXT   kept with the switch, recorded, and shown to whoever is refused\n"
    "  --status        only say whether it is on; exit status 0 if it is, 1 if not\n"
    "  --config FILE   configuration: its state directory is meant\n"
    "\n"
    "Exit status: 0 held, 2 usage or configuration or it could not be set, 7 held, but not "
    "recorded.\n";

static const char release_help[] =
    "usage: runbook release [--reason TEXT] [--config FILE]\n"
    "\n"
    "End what `runbook hold` began. It is recorded first: without an audit log it stays held.\n"
    "Exit status: 0 not held any more, 2 usage, configuration or I/O, 7 held: it cannot be "
    "recorded.\n";

struct options {
	const char *name, *help; /* of the command */
	const char *config, *reason;
	bool status;
};

enum { ACTOR_MAX = 16 * 1024, MEMBERS_MAX = 64 * 1024 };

/* @return whether to go on; else *status is the exit status */
static bool read_options(struct options *o, int argc, char **argv, int *status)
{
	static const struct option names[] = { { "config", required_argument, NULL, 'c' },
					       { "reason", required_argument, NULL, 'r' },
					       { "status", no_argument, NULL, 's' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	int option;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
		if (option == 'c') {
			o->config = optarg;
		} else if (option == 'r') {
			o->reason = optarg;
		} else if (option == 's' && strcmp(o->name, "hold") == 0) {
			o->status = true;
		} else if (option == 'h') {
			*status = print_help(o->help);
			return false;
		} else {
			*status = usage_error(o->name, "unknown or incomplete option '%s'",
					      argv[optind - 1]);
			return false;
		}
	}
	if (optind == argc)
		return true;
	*status = usage_error(
	    o->name, "unexpected argument '%.60s'; a reason is given with --reason", argv[optind]);
	return false;
}

/* ---- the record, in a segment of its own ---- */

static void write_members(struct buf *out, const struct hold_note *note, const struct buf *actor)
{
	buf_adds(out, "\"actor\":");
	buf_add(out, actor->p, actor->n);
	if (note->reason[0]) {
		buf_adds(out, ",\"reason\":");
		json_write_string(out, bytes_str(note->reason));
	}
}

static int record_in(struct loop *loop, const struct config *config, const char *kind,
		     const struct buf *members, struct err *err)
{
	struct committer *c = NULL;
	struct host_log_names names;
	struct commit_spec spec;
	int rc = host_log_spec(&spec, &names, config, err);
	if (rc < 0)
		return rc;
	spec.loop = loop;
	spec.beside = true;
	rc = commit_open(&c, &spec, err);
	if (rc < 0)
		return rc;
	(void)commit_append(c, kind, buf_bytes(members), NULL, NULL);
	return commit_close(c, err);
}

static int record(const struct config *config, const char *kind, const struct hold_note *note,
		  const struct buf *actor, struct err *err)
{
	struct buf members = BUF_INIT(MEMBERS_MAX);
	struct loop *loop = NULL;
	write_members(&members, note, actor);
	int rc = loop_new(&loop, err);
	if (rc == 0)
		rc = record_in(loop, config, kind, &members, err);
	loop_free(loop);
	buf_clear(&members);
	return rc;
}

/* ---- the commands ---- */

static void fill_note(struct hold_note *note, const struct options *o, const struct buf *actor)
{
	cJSON *v = json_parse(buf_bytes(actor), NULL);
	const char *sudo = json_get_str(v, "sudoUser"), *user = json_get_str(v, "user");
	*note = (struct hold_note){ .at_ms = clock_wall_ms() };
	(void)snprintf(note->by, sizeof(note->by), "%s", sudo ? sudo : user ? user : "");
	(void)snprintf(note->reason, sizeof(note->reason), "%s", o->reason ? o->reason : "");
	cJSON_Delete(v);
}

static int say_status(const char *state_dir)
{
	struct hold_note note;
	char text[HOLD_TEXT_SIZE] = "not held";
	bool held = hold_read(&note, state_dir);
	if (held)
		hold_say(text, &note);
	(void)printf("%s\n", text);
	return held ? EXIT_DONE : EXIT_FAILED;
}

static int hold(const struct options *o, const struct config *config, const struct buf *actor)
{
	const char *state_dir = config->state_dir;
	struct hold_note note;
	struct err err = { 0 };
	bool already = false;
	char text[HOLD_TEXT_SIZE];
	if (o->status)
		return say_status(state_dir);
	fill_note(&note, o, actor);
	int rc = files_make_dir(state_dir, &err);
	if (rc == 0)
		rc = hold_set(state_dir, &note, &already, &err);
	if (rc < 0)
		return usage_error("hold", "%s", err.message);
	hold_say(text, &note);
	(void)printf("%s%s\n", already ? "already " : "", text);
	if (already || record(config, "hold.set", &note, actor, &err) == 0)
		return EXIT_DONE;
	(void)usage_error("hold", "it is held, but not recorded: %s", err.message);
	return EXIT_NO_AUDIT;
}

static int release(const struct options *o, const struct config *config, const struct buf *actor)
{
	const char *state_dir = config->state_dir;
	struct hold_note note;
	struct err err = { 0 };
	fill_note(&note, o, actor);
	if (!hold_is_set(state_dir)) {
		(void)printf("not held\n");
		return EXIT_DONE;
	}
	if (record(config, "hold.release", &note, actor, &err) < 0) {
		(void)usage_error("release", "still held: it cannot be recorded: %s", err.message);
		return EXIT_NO_AUDIT;
	}
	if (hold_release(state_dir, &err) < 0)
		return usage_error("release", "%s", err.message);
	(void)printf("released\n");
	return EXIT_DONE;
}

static int command(struct options *o, int argc, char **argv,
		   int (*fn)(const struct options *o, const struct config *config,
			     const struct buf *actor))
{
	struct config config = { 0 };
	struct buf actor = BUF_INIT(ACTOR_MAX);
	struct err err = { 0 };
	int status;
	if (!read_options(o, argc, argv, &status))
		return status;
	actor_operator(&actor);
	if (config_load(&config, o->config, &err) < 0)
		status = usage_error(o->name, "%s", err.message);
	else
		status = fn(o, &config, &actor);
	buf_clear(&actor);
	config_clear(&config);
	return status;
}

int cmd_hold(int argc, char **argv)
{
	return command(&(struct options){ .name = "hold", .help = hold_help }, argc, argv, hold);
}

int cmd_release(int argc, char **argv)
{
	return command(&(struct options){ .name = "release", .help = release_help }, argc, argv,
		       release);
}
