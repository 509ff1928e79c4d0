/* main.c - picks the command. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/syscalls.h"
#include "cli/usage.h"

static const char help[] =
    "usage: runbook COMMAND [ARGUMENT ...]\n"
    "\n"
    "  run FILE     run a Lua runbook once; its result is printed as JSON\n"
    "  serve        start runs from schedules and webhooks\n"
    "  reload       have serve read its configuration anew\n"
    "  watch ARN    one Map Run until it ends, with its rate and an estimate\n"
    "  status       how the host is: its owner, runs, audit log, schedules, disk\n"
    "  dashboard    print a link that logs a browser in at the dashboard of 'serve'\n"
    "  runs         list the runs of the state directory\n"
    "  show RUN     all of one run: steps, times, arguments, answers, who and why\n"
    "  cancel RUN   end a run\n"
    "  resume RUN   carry on a run that is parked, or that a dead process left\n"
    "  retry RUN    a new attempt of a run that is over\n"
    "  replay RUN   --check: would its runbook still do what the run has done?\n"
    "  approve RUN  say yes to what a run asks for\n"
    "  reject RUN   say no to it\n"
    "  hold         refuse every changing call until 'release'\n"
    "  release      end the hold\n"
    "  check FILE   say what is wrong with runbooks, without running them\n"
    "  schedules    what schedules have done and will do; pause, resume, fire, backfill\n"
    "  cron         when a schedule's expression comes next, and what it means in words\n"
    "  ops          list the operations that runbooks can call\n"
    "  audit        verify, read and prove the audit log\n"
    "  store        back up, check and prune what is known of runs\n"
    "  local        run the local Step Functions engine (from the plugin sfn)\n"
    "  version      print the version\n"
    "\n"
    "'runbook COMMAND --help' tells more. Exit status: 0 done, 1 the runbook failed, 2 usage or\n"
    "configuration, 3 cancelled, 4 timed out, 5 outcome unknown or parked, 6 refused by a rule,\n"
    "7 audit log unavailable.\n";

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", cmd_run },         { "check", cmd_check },   { "serve", cmd_serve },
	{ "runs", cmd_runs },       { "show", cmd_show },     { "cancel", cmd_cancel },
	{ "resume", cmd_resume },   { "retry", cmd_retry },   { "replay", cmd_replay },
	{ "approve", cmd_approve }, { "reject", cmd_reject }, { "hold", cmd_hold },
	{ "release", cmd_release }, { "ops", cmd_ops },       { "audit", cmd_audit },
	{ "cron", cmd_cron },       { "status", cmd_status }, { "schedules", cmd_schedules },
	{ "watch", cmd_watch },     { "store", cmd_store },   { "dashboard", cmd_dashboard },
	{ "reload", cmd_reload },
};

/* Where one of the three was closed, the next file to be opened would get its number: what is printed
 * would end in the audit log. Open to read only, so that printing to it fails and is noticed. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_RDONLY);
	}
}

int main(int argc, char **argv)
{
	/* LC_NUMERIC stays "C": numbers are read and written with a point. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	hold_standard_descriptors();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a write beyond ulimit -f is an error like a full disk */
	if (argc < 2) {
		(void)fputs(help, stderr);
		return EXIT_USAGE;
	}
	const char *name = argv[1];
	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return print_help(help);
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0)
		return print_help(syscalls_can_be_confined()
				      ? "runbook " RUNBOOK_VERSION "\nwith seccomp\n"
				      : "runbook " RUNBOOK_VERSION "\nwithout seccomp\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	return cmd_plugin(argc - 1, argv + 1);
}
