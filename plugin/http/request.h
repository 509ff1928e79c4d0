/*
 * request.h - from the arguments of http.request to what is sent.
 *
 * Secrets. `secrets` lists names of [secrets]; where url, a header's value, body or a string inside json
 * says ${NAME} with a name of that list, the secret takes its place as the request leaves. The records
 * and the journal thus have the name alone, and a secret that was changed is used at once, in a call
 * that is sent again after a crash too. Other ${...} stay as they are.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buf.h"
#include "base/json.h"
#include "http/address.h"
#include "http/settings.h"
#include "plugin_api.h"

struct request {
	cJSON *args;
	const char *method;
	struct address address;
	struct buf url, body;
	struct http_header *headers; /* strings are in args */
	size_t n_headers;
	int64_t timeout_ms;
	bool changes;
	bool resend;
};

/* Its method: as given, else POST with a body and GET without one. */
const char *request_method(const cJSON *args);
bool request_changes(const cJSON *args);
bool request_resends(const cJSON *args);

struct request_spec {
	const struct host_api *api;
	const struct settings *settings;
};

/*
 * Build and judge it. Nothing of it may leave unless this succeeds.
 *
 * @param[out] out to be cleared in any case
 * @return 0; -ERR_INVALID with err->name InvalidUrl, HostNotAllowed, InvalidHeader, InvalidBody,
 *         InvalidTimeout or InvalidSecret
 */
NODISCARD int request_build(struct request *out, const struct request_spec *spec, struct bytes args,
			    struct err *err);
void request_clear(struct request *r);

/* Append scheme, host and port; nothing where the URL is wrong. */
void request_origin(const struct request_spec *spec, struct bytes args, struct buf *out);

#endif
