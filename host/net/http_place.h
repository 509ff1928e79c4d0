/*
 * http_place.h - sockets that listen; for net/, and for who binds before it gives up its rights.
 */
#ifndef NET_HTTP_PLACE_H
#define NET_HTTP_PLACE_H

#include "base/err.h"
#include "net/http_listen.h"

/*
 * Bind and listen, or take over the socket that was handed in, whatever it is bound to.
 *
 * The mode of a Unix socket is 0660; one that nobody listens at is replaced.
 *
 * @param[out] fd owned by the caller
 * @param[out] port of an IP socket, else 0
 * @return 0; -ERR_INVALID: no such address, or no listening socket; -ERR_IO: it cannot be had
 */
NODISCARD int http_place_open(int *fd, uint16_t *port, const struct http_place *p, struct err *err);

#endif
