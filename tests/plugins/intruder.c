/* intruder.c - a plugin for the tests: intruder.try does what somebody would who has broken into the host,
 * and answers with the errno of each try, 0 where it worked. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin_api.h"

enum { ANSWER_SIZE = 2048 };

struct intruder {
	const struct host_api *api;
};

struct attempt {
	const struct host_api *api;
	struct host_call *call;
	struct timer *timer;
	char answer[ANSWER_SIZE];
};

/* A process of one's own, and whatever comes of it. */
static long try_fork(long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		(void)raise(SIGKILL);
	if (pid > 0)
		(void)waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);
	if (fd >= 0)
		(void)close(fd);
	return fd;
}

static void add(struct attempt *a, const char *name, long result)
{
	size_t n = strlen(a->answer);
	(void)snprintf(a->answer + n, sizeof(a->answer) - n, "%s\"%s\":%d", n > 1 ? "," : "", name,
		       result < 0 ? errno : 0);
}

static void try_all(struct attempt *a)
{
	char name[] = "false", *const argv[] = { name, NULL };
	char letter = 'x';
	/* what would end or replace this process if it worked is given what cannot work: EPERM comes first */
	add(a, "execve", syscall(SYS_execve, "/nonexistent", argv, NULL));
	add(a, "execveat", syscall(SYS_execveat, AT_FDCWD, "/nonexistent", argv, NULL, 0));
	add(a, "fork", try_fork(0));
	add(a, "namespace", try_fork(CLONE_NEWUSER));
	add(a, "clone3", syscall(SYS_clone3, NULL, 0));
	add(a, "unshare", unshare(CLONE_NEWUSER));
	add(a, "ptrace", syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, 0, 0, 0));
	add(a, "process_vm_readv", syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
	add(a, "mount", syscall(SYS_mount, NULL, "/nonexistent", NULL, 0, NULL));
	add(a, "bpf", syscall(SYS_bpf, 0, NULL, 0));
	add(a, "perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	add(a, "keyctl", syscall(SYS_keyctl, 0, 0, 0));
	add(a, "userfaultfd", syscall(SYS_userfaultfd, 0));
	add(a, "init_module", syscall(SYS_init_module, NULL, 0, NULL));
	add(a, "kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	add(a, "personality", syscall(SYS_personality, 0xffffffff));
	add(a, "setuid", syscall(SYS_setuid, getuid()));
	add(a, "io_uring_setup", syscall(SYS_io_uring_setup, 0, NULL));
	add(a, "typing", ioctl(STDIN_FILENO, TIOCSTI, &letter));
	add(a, "raw", try_socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1));
	add(a, "packet", try_socket(AF_PACKET, SOCK_DGRAM, 0));
	add(a, "alg", try_socket(AF_ALG, SOCK_SEQPACKET, 0));
	add(a, "vsock", try_socket(AF_VSOCK, SOCK_STREAM, 0));
	add(a, "netlink", try_socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */));
	add(a, "routes", try_socket(AF_NETLINK, SOCK_RAW, 0));
	add(a, "tcp", try_socket(AF_INET6, SOCK_STREAM, 0));
	add(a, "unix", try_socket(AF_UNIX, SOCK_STREAM, 0));
}

static void on_time(void *arg)
{
	struct attempt *a = (struct attempt *)arg;
	a->api->call_done(a->api->host, a->call,
			  &(struct call_result){ .answer = bytes_str(a->answer), .attempts = 1 });
	free(a);
}

static void try_start(void *state, struct host_call *call)
{
	struct attempt *a = (struct attempt *)calloc(1, sizeof(*a));
	if (!a)
		abort();
	a->api = ((const struct intruder *)state)->api;
	a->call = call;
	a->answer[0] = '{';
	try_all(a);
	size_t n = strlen(a->answer);
	(void)snprintf(a->answer + n, sizeof(a->answer) - n, "}");
	a->timer = a->api->timer_start(a->api->host, 0, on_time, a);
	call->plugin = a;
}

static void try_stop(void *state, struct host_call *call)
{
	struct attempt *a = (struct attempt *)call->plugin;
	(void)state;
	a->api->timer_stop(a->api->host, a->timer);
	free(a);
}

static const struct operation try = {
	.size = sizeof(struct operation),
	.name = "try",
	.wire_name = "Try",
	.flags = OP_READS,
	.doc = "what is refused to whoever has broken in",
	.start = try_start,
	.stop = try_stop,
};

static int intruder_open(const struct host_api *api, struct bytes config, void **state,
			 struct err *err)
{
	(void)config;
	struct intruder *i = (struct intruder *)calloc(1, sizeof(*i));
	*state = i;
	if (!i)
		abort();
	i->api = api;
	return api->register_operation(api->host, "intruder", &try, i, err);
}

static void intruder_close(void *state)
{
	free(state);
}

__attribute__((visibility("default"))) extern const struct plugin runbook_plugin;
const struct plugin runbook_plugin = {
	.abi = RUNBOOK_PLUGIN_ABI,
	.size = sizeof(struct plugin),
	.name = "intruder",
	.version = "1",
	.open = intruder_open,
	.close = intruder_close,
};
