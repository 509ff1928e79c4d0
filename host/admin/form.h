/* form.h - what a browser sends: members of a query or a form, and cookies. Pure. */
#ifndef ADMIN_FORM_H
#define ADMIN_FORM_H

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/http.h"

/*
 * The member of that name, decoded; of "a=1&b=x+y", as queries and forms have it.
 *
 * @return false, and out is "": it is not there, or twice, is empty, does not fit, or is no UTF-8
 */
bool form_get(struct bytes form, const char *name, char *out, size_t size);

/* The value of the cookie of that name in all Cookie headers; as above. */
bool form_cookie(const struct http_received *req, const char *name, char *out, size_t size);

#endif
