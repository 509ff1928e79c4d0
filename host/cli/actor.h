/* actor.h - who started a run, for the audit log. */
#ifndef CLI_ACTOR_H
#define CLI_ACTOR_H

#include "base/buf.h"

/* Append {"type":"operator","user":...,"uid":N,"loginUid":N,"sudoUser":...,"tty":...}: members that
 * are not known are left out. The login uid survives su and sudo (proc(5), loginuid). */
void actor_operator(struct buf *out);

#endif
