/* serve_hook.h - one hook of serve and what waits there; for serve_hooks*.c only. */
#ifndef CLI_SERVE_HOOK_H
#define CLI_SERVE_HOOK_H

#include "cli/serve.h"
#include "cli/serve_accept.h"
#include "cli/serve_hooks.h"
#include "trigger/deliveries.h"

struct hook {
	struct hooks *all;
	const struct config_hook *c;
	struct deliveries *deliveries;
	struct hook_accept *accept; /* NULL: everything is taken as it is */
	unsigned rows;              /* written since old ones were removed */
	/* Of one that is gone: */
	struct hook *next;
	struct config *held; /* that c is of */
};

struct follows;

struct hooks {
	struct serve *serve;
	struct hook **v; /* as the configuration has them */
	size_t n;
	struct hook *retired; /* gone, and something of theirs waits still */
	bool changing;        /* a reload is under way: these are kept meanwhile */
	struct timer *later;  /* to start what waits */
	int64_t later_ms;     /* when; monotonic */
	bool stopped;
	char key[STORE_KEY_SIZE];
	struct follows *follows;
};

/* Start what waits, and look again when the next window ends. In a later turn of the loop. */
void hooks_start_waiting(struct hooks *hs);

/* Without its accept. @param[out] out owned by the caller; hook_free */
NODISCARD int hook_new(struct hook **out, struct hooks *hs, const struct config_hook *c,
		       struct err *err);
void hook_free(struct hook *h); /* NULL is fine */
struct hook *hooks_find(const struct hooks *hs, const char *name);

/* serve_hooks_stored.c: what the store has of them, of all and of one. */
NODISCARD int hooks_read(struct hooks *hs, struct err *err);
NODISCARD int hook_read(struct hook *h, struct store_reader *reader, struct err *err);
void hook_forget_old(struct hook *h);

#endif
