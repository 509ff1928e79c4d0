/* assets.h - the static files of the dashboard, from admin/assets/; assets.c is made at build. */
#ifndef ADMIN_ASSETS_H
#define ADMIN_ASSETS_H

#include <stddef.h>

struct asset {
	const char *name;    /* "dashboard.css"; NULL ends the list */
	const char *type;    /* for Content-Type */
	const char *version; /* stands in its address, and changes with its bytes */
	const unsigned char *p;
	size_t n;
};

extern const struct asset assets[];

#endif
