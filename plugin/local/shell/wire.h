/*
 * wire.h - the AWS JSON 1.0 protocol as the service speaks it: requests read, errors written.
 *
 * Pure. What a client may get wrong, in the order in which it is found:
 *
 *	not POST /, X-Amz-Target or Content-Type unknown  UnknownOperationException
 *	no Authorization header                           MissingAuthenticationTokenException
 *	Authorization not a whole SigV4 header            IncompleteSignatureException
 *	scope not DATE/REGION/states/aws4_request         InvalidSignatureException
 *	body not a JSON object                            SerializationException
 *
 * The signature itself is verified by signature.h, when that is asked for: else any key is accepted.
 */
#ifndef LOCAL_WIRE_H
#define LOCAL_WIRE_H

#include "base/http.h"
#include "base/json.h"

enum { WIRE_OP_SIZE = 64, WIRE_REGION_SIZE = 32 };

struct wire_request {
	char op[WIRE_OP_SIZE];         /* "RedriveExecution"; "" when there is no target */
	char region[WIRE_REGION_SIZE]; /* of the signature's scope */
	cJSON *args;                   /* an object */
};

/*
 * Read a request. @param[out] out owned by the caller, also on failure; wire_request_clear
 * @return 0; -ERR_REMOTE with err->name, status and message as the client is to see them
 */
NODISCARD int wire_read(struct wire_request *out, const struct http_received *req, struct err *err);
void wire_request_clear(struct wire_request *r);

/*
 * Append the body of an error answer: __type with the namespace the service uses for that name,
 * message, and the members of extra (a JSON object, or empty). A `message` there replaces that of e,
 * for texts that do not fit.
 */
void wire_write_error(struct buf *out, const struct err *e, struct bytes extra);

/* Fill *err with an error of the service; returns -ERR_REMOTE. */
int wire_error(struct err *err, const char *name, int status, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

#endif
