/*
 * plugins.h - loads plugins: NAME.so from configured directories, and nothing else.
 *
 * The ABI number of the descriptor is checked before anything else in it is read. A failure says
 * which of three things is wrong: there is no such file, the file has no entry symbol, or it was
 * built for another ABI. Shared objects are opened RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE: libraries
 * that a plugin pulled in may have started things that outlive dlclose.
 */
#ifndef HOST_PLUGINS_H
#define HOST_PLUGINS_H

#include "plugin_api.h"

struct plugins;
struct registry;

struct plugins_spec {
	const struct host_api *api; /* borrowed; handed to every plugin's open */
	struct registry *registry;  /* borrowed; where their operations and commands go */
	const char *const *dirs;    /* searched in this order, ends with NULL; copied */
};

/* @param[out] out owned by the caller; plugins_close */
NODISCARD int plugins_new(struct plugins **out, const struct plugins_spec *spec, struct err *err);

/*
 * Find NAME.so, check it and call its open.
 *
 * @param name    a plain identifier: letters, digits, '_' and '-'; a path is refused
 * @param config  its section of the configuration as a JSON object of strings; borrowed
 * @return 0; -ERR_INVALID (bad name, already loaded, no such file, no entry symbol, other ABI) or
 *         what its open returned
 */
NODISCARD int plugins_load(struct plugins *p, const char *name, struct bytes config,
			   struct err *err);

/* The same for a plugin linked into the program (tests). d is borrowed for good. */
NODISCARD int plugins_add(struct plugins *p, const struct plugin *d, struct bytes config,
			  struct err *err);

size_t plugins_count(const struct plugins *p);
const struct plugin *plugins_at(const struct plugins *p, size_t i); /* in load order */
const char *plugins_path(const struct plugins *p, size_t i); /* of the file; "" if linked in */

/* Close every plugin, the last one first, and free p. No call may be in flight. NULL is fine. */
void plugins_close(struct plugins *p);

#endif
