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

struct person {
	char name[ACTOR_NAME_SIZE];
	const char *by; /* what tells: "loginuid", "sudo" or "uid" */
};

/*
 * The person behind another process that the kernel says has that pid and uid. In this order:
 *
 *	loginuid  of its login uid, which the kernel keeps through su and sudo
 *	sudo      without one (a container), of root: whom its client says sudo ran it for. sudo sets
 *	          SUDO_USER itself and a policy of sudo that allows no more than this program makes it
 *	          certain; a root who may do anything could name anybody, as he could write to the store
 *	uid       of its user. Where several people share one user they are one person
 *
 * @param sudo_user what the client sends of its SUDO_USER, or NULL; believed of root alone
 * @return 0; -ERR_INVALID when there is no such name
 */
NODISCARD int actor_of_client(struct person *out, pid_t pid, uid_t uid, const char *sudo_user);

/* SUDO_USER of this process where it runs as root, for actor_of_client at the other end; or NULL. */
const char *actor_sudo_user(void);

#endif
