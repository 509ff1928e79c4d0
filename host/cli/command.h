/*
 * command.h - the program's own commands, one file each (cmd_NAME.c).
 *
 * A command reads its own arguments (argv[0] is its name), prints its own errors and returns the
 * exit status. Commands offered by plugins come after these (cmd_plugin.c).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Exit statuses of the program. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* the runbook failed */
	EXIT_USAGE = 2,  /* command line or configuration */
	EXIT_CANCELLED = 3,
	EXIT_TIMED_OUT = 4,
	EXIT_UNKNOWN = 5,  /* the outcome of a change is unknown, or the run is parked */
	EXIT_REFUSED = 6,  /* by a rule */
	EXIT_NO_AUDIT = 7, /* the audit log cannot be written */
};

int cmd_run(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_retry(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_approve(int argc, char **argv);
int cmd_reject(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_ops(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_cron(int argc, char **argv);
int cmd_schedules(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_dashboard(int argc, char **argv);
int cmd_plugin(int argc, char **argv); /* any other name: a command of a plugin */

#endif
