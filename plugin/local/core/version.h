/*
 * version.h - versions and aliases of a state machine, and what a qualified ARN stands for.
 *
 * A version is a published revision: a number that is never used again. An alias routes to one or two
 * versions by weight. Both live and die with their machine.
 */
#ifndef LOCAL_VERSION_H
#define LOCAL_VERSION_H

#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct definition;
struct engine;
struct jsonw;
struct machine;

struct version {
	char *arn;
	int64_t number;
	struct definition *definition; /* the machine's, not counted */
	char *description;             /* NULL: none */
	int64_t created_ms;
};

enum { ALIAS_ROUTES = 2 };

struct route {
	char *version_arn;
	int64_t weight;
};

struct alias {
	char *arn, *name;
	char *description; /* NULL: none */
	struct route routes[ALIAS_ROUTES];
	size_t n_routes;
	int64_t created_ms, updated_ms;
};

struct versions {
	struct version **list; /* oldest first */
	size_t n, cap;
	int64_t next; /* the next number; 0: 1 */
	struct alias **aliases;
	size_t n_aliases, cap_aliases;
};

/* What a state machine ARN of a request stands for. */
struct target {
	struct machine *machine;
	struct version *version; /* NULL: the machine itself */
	struct alias *alias;     /* that led there, or NULL */
};

/* Resolve an ARN, qualified or not; an alias picks its version by weight.
 * @return 0; -ERR_REMOTE InvalidArn, StateMachineDoesNotExist, ResourceNotFound */
NODISCARD int target_find(struct engine *e, const char *arn, struct target *out, struct err *err);

/* Publish the current revision; the version that has it already is returned again. */
struct version *version_publish(struct machine *m, const char *description);
struct version *version_find(const struct machine *m, const char *arn);
void version_delete(struct machine *m, struct version *v);

struct alias *alias_find(const struct machine *m, const char *arn);
struct alias *alias_add(struct machine *m, const char *name);
void alias_set_routes(struct alias *a, const struct route *routes, size_t n); /* copied */
void alias_delete(struct machine *m, struct alias *a);

void versions_clear(struct versions *v);

/* For the store. */
void versions_write(struct jsonw *w, const struct machine *m);
void versions_restore(struct machine *m, const cJSON *j);

#endif
