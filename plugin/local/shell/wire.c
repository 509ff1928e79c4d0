/* wire.c - reading requests and writing errors. */
#include "local/shell/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char target_prefix[] = "AWSStepFunctions.";
static const char algorithm[] = "AWS4-HMAC-SHA256";

/* The parts of an Authorization header. */
struct authorization {
	struct bytes credential, signed_headers, signature;
};

int wire_error(struct err *err, const char *name, int status, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	int rc = err_set(err, ERR_REMOTE, "%s", text);
	if (err) {
		(void)snprintf(err->name, sizeof(err->name), "%s", name);
		err->status = status;
	}
	return rc;
}

static const char *header(const struct http_received *req, const char *name)
{
	return http_header_get(req->headers, req->n_headers, name);
}

static int unknown_operation(struct err *err, int status, const char *why)
{
	return wire_error(err, "UnknownOperationException", status, "%s", why);
}

static bool is_json_1_0(const char *type)
{
	static const char want[] = "application/x-amz-json-1.0";
	size_t n = sizeof(want) - 1;
	return type && strncasecmp(type, want, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

/* A word of letters, as all are: other names are the engine's own (engine_request). */
static bool is_operation(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	return n > 0 && name[n] == '\0';
}

static int read_target(struct wire_request *out, const struct http_received *req, struct err *err)
{
	size_t prefix = sizeof(target_prefix) - 1;
	const char *target = header(req, "x-amz-target");
	if (strcmp(req->method, "POST") != 0 || strcmp(req->path, "/") != 0)
		return unknown_operation(err, 404, "the API is served by POST / only");
	if (!target || strncmp(target, target_prefix, prefix) != 0 ||
	    !is_operation(target + prefix) || strlen(target + prefix) >= sizeof(out->op))
		return unknown_operation(err, 400,
					 "X-Amz-Target must be AWSStepFunctions.<Operation>");
	(void)snprintf(out->op, sizeof(out->op), "%s", target + prefix);
	if (!is_json_1_0(header(req, "content-type")))
		return unknown_operation(err, 400,
					 "Content-Type must be application/x-amz-json-1.0");
	return 0;
}

/* ---- Authorization ---- */

static bool starts(struct bytes s, const char *with)
{
	size_t n = strlen(with);
	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* "Credential=...": the part's value, when it is the one of that name. */
static void take_part(struct bytes *value, struct bytes part, const char *name)
{
	size_t n = strlen(name);
	if (starts(part, name) && part.n > n)
		*value = (struct bytes){ part.p + n, part.n - n };
}

static void split_authorization(struct authorization *a, const char *text)
{
	const char *p = text + strlen(algorithm);
	*a = (struct authorization){ 0 };
	while (*p) {
		struct bytes part = { p, strcspn(p, ", ") };
		take_part(&a->credential, part, "Credential=");
		take_part(&a->signed_headers, part, "SignedHeaders=");
		take_part(&a->signature, part, "Signature=");
		p += part.n + (p[part.n] != '\0');
	}
}

/* The service names everything that is missing in one message. */
static int check_complete(const struct authorization *a, const struct http_received *req,
			  struct err *err)
{
	struct buf what = BUF_INIT(1024);
	int rc = 0;
	if (!a->credential.n)
		buf_adds(&what, "Authorization header requires 'Credential' parameter. ");
	if (!a->signature.n)
		buf_adds(&what, "Authorization header requires 'Signature' parameter. ");
	if (!a->signed_headers.n)
		buf_adds(&what, "Authorization header requires 'SignedHeaders' parameter. ");
	if (!header(req, "x-amz-date") && !header(req, "date"))
		buf_adds(&what, "Authorization header requires existence of either a 'X-Amz-Date' "
				"or a 'Date' header. ");
	if (what.n)
		rc = wire_error(err, "IncompleteSignatureException", 400, "%sAuthorization=%s",
				buf_cstr(&what), algorithm);
	buf_clear(&what);
	return rc;
}

static bool is_region(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return s.n > 0 && s.n < WIRE_REGION_SIZE;
}

enum { ELEMENT_KEY, ELEMENT_DATE, ELEMENT_REGION, ELEMENT_SERVICE, ELEMENT_TERM, ELEMENTS };

/* keyid/date/region/service/term; the key id may hold slashes of its own. */
static bool split_credential(struct bytes element[ELEMENTS], struct bytes credential)
{
	size_t end = credential.n;
	for (int i = ELEMENT_TERM; i > ELEMENT_KEY; i--) {
		size_t at = end;
		while (at > 0 && credential.p[at - 1] != '/')
			at--;
		if (at == 0)
			return false;
		element[i] = (struct bytes){ credential.p + at, end - at };
		end = at - 1;
	}
	element[ELEMENT_KEY] = (struct bytes){ credential.p, end };
	return end > 0;
}

static int read_scope(struct wire_request *out, struct bytes credential, struct err *err)
{
	struct bytes e[ELEMENTS];
	if (!split_credential(e, credential))
		return wire_error(err, "IncompleteSignatureException", 400,
				  "Credential must have exactly 5 slash-delimited elements, e.g. "
				  "keyid/date/region/service/term, got '%.*s'",
				  (int)credential.n, credential.p);
	if (!bytes_eq(e[ELEMENT_TERM], bytes_str("aws4_request")))
		return wire_error(err, "InvalidSignatureException", 400,
				  "Credential should be scoped with a valid terminator: "
				  "'aws4_request', not '%.*s'.",
				  (int)e[ELEMENT_TERM].n, e[ELEMENT_TERM].p);
	if (!bytes_eq(e[ELEMENT_SERVICE], bytes_str("states")))
		return wire_error(err, "InvalidSignatureException", 400,
				  "Credential should be scoped to correct service: 'states'.");
	if (!is_region(e[ELEMENT_REGION]))
		return wire_error(err, "InvalidSignatureException", 400,
				  "Credential should be scoped to a valid region.");
	(void)snprintf(out->region, sizeof(out->region), "%.*s", (int)e[ELEMENT_REGION].n,
		       e[ELEMENT_REGION].p);
	return 0;
}

static int read_authorization(struct wire_request *out, const struct http_received *req,
			      struct err *err)
{
	struct authorization a;
	const char *text = header(req, "authorization");
	if (!text || !*text)
		return wire_error(err, "MissingAuthenticationTokenException", 400,
				  "Missing Authentication Token");
	if (strncmp(text, algorithm, sizeof(algorithm) - 1) != 0)
		return wire_error(err, "IncompleteSignatureException", 400,
				  "Unsupported AWS 'algorithm': '%.*s'.", (int)strcspn(text, " "),
				  text);
	split_authorization(&a, text);
	int rc = check_complete(&a, req, err);
	return rc ? rc : read_scope(out, a.credential, err);
}

static int read_body(struct wire_request *out, struct bytes body, struct err *err)
{
	struct err why = { 0 };
	out->args = json_parse(body, &why);
	if (!out->args)
		return wire_error(err, "SerializationException", 400, "%s", why.message);
	if (!cJSON_IsObject(out->args))
		return wire_error(err, "SerializationException", 400,
				  "the body must be a JSON object");
	return 0;
}

int wire_read(struct wire_request *out, const struct http_received *req, struct err *err)
{
	*out = (struct wire_request){ 0 };
	int rc = read_target(out, req, err);
	if (!rc)
		rc = read_authorization(out, req, err);
	return rc ? rc : read_body(out, req->body, err);
}

void wire_request_clear(struct wire_request *r)
{
	cJSON_Delete(r->args);
	*r = (struct wire_request){ 0 };
}

/* ---- errors ---- */

/* Errors of the service's model have its namespace, those of the layer in front have coral's. A
 * ValidationException is the model's when it has a reason. */
static const char *namespace_of(const char *name, const cJSON *members)
{
	static const char *const front[] = {
		"AccessDeniedException",
		"IncompleteSignatureException",
		"InternalFailure",
		"InvalidSignatureException",
		"MissingAuthenticationTokenException",
		"SerializationException",
		"ServiceUnavailable",
		"UnknownOperationException",
		"UnrecognizedClientException",
	};
	for (size_t i = 0; i < sizeof(front) / sizeof(front[0]); i++) {
		if (strcmp(name, front[i]) == 0)
			return "com.amazon.coral.service";
	}
	if (strcmp(name, "ThrottlingException") == 0)
		return "com.amazon.coral.availability";
	if (strcmp(name, "ValidationException") == 0 && !json_get(members, "reason"))
		return "com.amazon.coral.validate";
	return "com.amazonaws.swf.service.v2.model";
}

void wire_write_error(struct buf *out, const struct err *e, struct bytes extra)
{
	bool denied = strcmp(e->name, "AccessDeniedException") == 0;
	cJSON *members = extra.n ? json_parse(extra, NULL) : NULL;
	const char *longer = json_get_str(members, "message");
	buf_addf(out, "{\"__type\":\"%s#%s\",\"%s\":", namespace_of(e->name, members), e->name,
		 denied ? "Message" : "message");
	json_write_string(out, bytes_str(longer ? longer : e->message));
	for (const cJSON *m = members ? members->child : NULL; m; m = m->next) {
		if (strcmp(m->string, "message") == 0)
			continue;
		buf_adds(out, ",");
		json_write_string(out, bytes_str(m->string));
		buf_adds(out, ":");
		json_write(out, m);
	}
	buf_adds(out, "}");
	cJSON_Delete(members);
}
