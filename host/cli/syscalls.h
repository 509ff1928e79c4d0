/*
 * syscalls.h - what the process gives up of the kernel, so that whoever breaks into it gets no further.
 *
 * A seccomp filter over all threads: nothing is executed, no process is started (threads are), no other
 * process is looked into, no file system is mounted; no namespaces, keys, kernel modules, BPF, io_uring,
 * userfaultfd or performance counters; no other user, group or capabilities; no sockets but Unix, IPv4 and
 * IPv6 (and netlink's routes, which the resolver asks for), none of them raw; nothing is typed into a
 * terminal. What is refused fails with EPERM, as for a process without rights, rather than ending it. It
 * cannot be undone.
 *
 * What has to start programs is to be forked before (it keeps what it had).
 */
#ifndef CLI_SYSCALLS_H
#define CLI_SYSCALLS_H

#include <stdbool.h>

#include "base/err.h"

/* Was the program built with it (meson option seccomp)? Never in a build with the address sanitizer, which
 * starts a process that looks for leaks. */
bool syscalls_can_be_confined(void);

/* @return 0; -ERR_INVALID: it was built without; -ERR_IO: the kernel does not do it */
NODISCARD int syscalls_confine(struct err *err);

/* Is a filter in force, this one or another (systemd's)? */
bool syscalls_are_confined(void);

#endif
