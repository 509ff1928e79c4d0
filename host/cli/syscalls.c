#include "cli/syscalls.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/no_core.h"

bool syscalls_are_confined(void)
{
	return prctl(PR_GET_SECCOMP) == 2; /* a filter */
}

#if defined(WITH_SECCOMP) && !defined(SANITIZED)

#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Those that this kernel's header does not know are left out. */
static const char *const refused[] = {
	/* other programs, other processes */
	"execve",
	"execveat",
	"fork",
	"vfork",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"kcmp",
	"pidfd_getfd",
	"personality",
	"uselib",
	/* namespaces and file systems */
	"unshare",
	"setns",
	"mount",
	"umount",
	"umount2",
	"move_mount",
	"open_tree",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	"pivot_root",
	"chroot",
	"swapon",
	"swapoff",
	"quotactl",
	"quotactl_fd",
	"mknod",
	"mknodat",
	"open_by_handle_at",
	"name_to_handle_at",
	"fanotify_init",
	/* another user */
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setfsuid",
	"setfsgid",
	"setgroups",
	"capset",
	/* the kernel */
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"init_module",
	"finit_module",
	"delete_module",
	"create_module",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"add_key",
	"request_key",
	"keyctl",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"acct",
	"syslog",
	"lookup_dcookie",
	"iopl",
	"ioperm",
	"modify_ldt",
	"vm86",
	"vm86old",
	"nfsservctl",
	"vhangup",
	"_sysctl",
	/* the machine */
	"settimeofday",
	"clock_settime",
	"clock_settime64",
	"clock_adjtime",
	"clock_adjtime64",
	"adjtimex",
	"stime",
	"sethostname",
	"setdomainname",
};

/* Of clone(2): what belongs to a new namespace. CLONE_NEWTIME shares its bit with the exit signal's. */
static const uint64_t namespaces[] = { CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
				       CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET };

enum { FAMILIES = 64, TYPE_MASK = 0xf };

static const uint32_t eperm = SCMP_ACT_ERRNO(EPERM);

static int refuse(scmp_filter_ctx f, const char *name, unsigned n, const struct scmp_arg_cmp *args)
{
	int call = seccomp_syscall_resolve_name(name);
	return call == __NR_SCMP_ERROR ? 0 : seccomp_rule_add_array(f, eperm, call, n, args);
}

static int refuse_names(scmp_filter_ctx f)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
		rc = refuse(f, refused[i], 0, NULL);
	return rc;
}

/* Threads are started, processes are not. clone3's flags lie in memory, where a filter does not see them:
 * without it libc takes clone. */
static int refuse_processes(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	int rc = refuse(f, "clone", 1, &process);
	for (size_t i = 0; rc == 0 && i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		const struct scmp_arg_cmp one =
		    SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]);
		rc = refuse(f, "clone", 1, &one);
	}
	int clone3 = seccomp_syscall_resolve_name("clone3");
	if (rc == 0 && clone3 != __NR_SCMP_ERROR)
		rc = seccomp_rule_add_array(f, SCMP_ACT_ERRNO(ENOSYS), clone3, 0, NULL);
	return rc;
}

static bool is_used(int family)
{
	return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

static int refuse_raw(scmp_filter_ctx f, uint64_t family, uint64_t type)
{
	const struct scmp_arg_cmp raw[] = { SCMP_A0(SCMP_CMP_EQ, family),
					    SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, type) };
	return refuse(f, "socket", 2, raw);
}

/* A family is an int: what is beyond 32 bits is refused although the kernel would not look at it. */
static int refuse_sockets(scmp_filter_ctx f)
{
	static const uint64_t raw[] = { SOCK_RAW, 10 /* SOCK_PACKET */ };
	const struct scmp_arg_cmp beyond = SCMP_A0(SCMP_CMP_GE, FAMILIES);
	const struct scmp_arg_cmp netlink[] = { SCMP_A0(SCMP_CMP_EQ, AF_NETLINK),
						SCMP_A2(SCMP_CMP_NE, 0) }; /* NETLINK_ROUTE */
	int rc = refuse(f, "socket", 1, &beyond);
	for (int family = 0; rc == 0 && family < FAMILIES; family++) {
		const struct scmp_arg_cmp one = SCMP_A0(SCMP_CMP_EQ, (uint64_t)family);
		if (!is_used(family))
			rc = refuse(f, "socket", 1, &one);
	}
	for (size_t i = 0; rc == 0 && i < sizeof(raw) / sizeof(raw[0]); i++) {
		rc = refuse_raw(f, AF_INET, raw[i]);
		if (rc == 0)
			rc = refuse_raw(f, AF_INET6, raw[i]);
	}
	return rc < 0 ? rc : refuse(f, "socket", 2, netlink);
}

static int refuse_typing(scmp_filter_ctx f)
{
	static const uint64_t requests[] = { TIOCSTI, 0x541c /* TIOCLINUX */ };
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct scmp_arg_cmp one =
		    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, requests[i]);
		rc = refuse(f, "ioctl", 1, &one);
	}
	return rc;
}

static int fill(scmp_filter_ctx f)
{
	int rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0) /* calls of another architecture, 32 bits: as if there were none */
		rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (rc == 0)
		rc = refuse_names(f);
	if (rc == 0)
		rc = refuse_processes(f);
	if (rc == 0)
		rc = refuse_sockets(f);
	return rc < 0 ? rc : refuse_typing(f);
}

bool syscalls_can_be_confined(void)
{
	return true;
}

int syscalls_confine(struct err *err)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return err_set(err, ERR_NOMEM, "no memory for the filter of system calls");
	int rc = fill(f);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc == 0 ? 0 : err_set(err, ERR_IO, "seccomp: %s", strerror(-rc));
}

#else

bool syscalls_can_be_confined(void)
{
	return false;
}

int syscalls_confine(struct err *err)
{
	return err_set(err, ERR_INVALID, "this program was built without seccomp");
}

#endif
