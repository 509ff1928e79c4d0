/*
 * task_token.h - task tokens: random, and able to say whose they are.
 *
 * A token names the resource of its task, so that one whose task is long gone is still answered with
 * the service's words: TaskTimedOut for a token of this engine's, InvalidToken for anything else.
 */
#ifndef LOCAL_TASK_TOKEN_H
#define LOCAL_TASK_TOKEN_H

struct engine;

char *task_token_make(struct engine *e, const char *resource); /* free() it */

/* The resource of a token, free() it; NULL when it is none of ours. */
char *task_token_resource(const struct engine *e, const char *token);

#endif
