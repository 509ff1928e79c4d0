/* actor.h - who started a run, for the audit log. */
#ifndef CLI_ACTOR_H
#define CLI_ACTOR_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append {"type":"operator","user":...,"uid":N,"loginUid":N,"sudoUser":...,"tty":...}: members that
 * are not known are left out. The login uid survives su and sudo (proc(5), loginuid). */
void actor_operator(struct buf *out);

enum { ACTOR_NAME_SIZE = 256 };

/*
 * The name of the person behind another process: of its login uid, which the kernel keeps through su
 * and sudo; without one (a daemon, a container) that of its user.
 *
 * @return 0; -ERR_INVALID when there is no such name
 */
NODISCARD int actor_of_process(char out[ACTOR_NAME_SIZE], pid_t pid, uid_t uid);

#endif
