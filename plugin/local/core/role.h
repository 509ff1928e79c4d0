/*
 * role.h - what a Map Run does with the role of its state machine, and may be denied.
 *
 * The engine knows no policies: the world says what the role may not do (engine_world.denied).
 */
#ifndef LOCAL_ROLE_H
#define LOCAL_ROLE_H

struct map_run;

/* The cause of the failure, in the service's words, when the role may not call op on the resource;
 * free() it. NULL: it may. */
char *role_refusal(const struct map_run *run, const char *op, const char *resource);

#endif
