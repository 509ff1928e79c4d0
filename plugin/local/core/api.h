/*
 * api.h - the operations of the service: one function each, found by its wire name.
 *
 * A function checks its arguments, does its work at e->now and writes the members of the answer.
 */
#ifndef LOCAL_API_H
#define LOCAL_API_H

#include "local/core/args.h"
#include "local/core/jsonw.h"

struct engine;
struct execution;
struct machine;
struct arn;
struct record;
struct target;
struct doc;

struct api_call {
	struct engine *e;
	const cJSON *args;
	struct jsonw *w;   /* the answer's members */
	struct buf *extra; /* on failure: a JSON object of further error members */
	bool may_wait;     /* there is somebody who asks again (api_wait) */
};

/* How a waiting StartSyncExecution asks for its end. No request can be for it: names of letters alone
 * come in from outside (wire.h). */
#define API_COLLECT "StartSyncExecution/end"

typedef int api_fn(const struct api_call *c, struct err *err);

struct api_row {
	const char *name; /* "RedriveExecution" */
	const struct arg *members;
	api_fn *fn;
};

/* Groups of rows, each ends with a NULL name. */
extern const struct api_row api_machine_rows[];
extern const struct api_row api_execution_rows[];
extern const struct api_row api_list_rows[];
extern const struct api_row api_map_run_rows[];
extern const struct api_row api_sync_rows[];
extern const struct api_row api_tag_rows[];
extern const struct api_row api_task_rows[];
extern const struct api_row api_validate_rows[];
extern const struct api_row api_version_rows[];

/* Serve a request at e->now: engine_request without its clock. Also for states that call the service
 * (self_task.h), from inside a transition. */
struct api_request {
	const char *op;
	const cJSON *args;
	bool may_wait;
};
NODISCARD int api_serve(struct engine *e, const struct api_request *q, struct buf *answer,
			struct err *err);
/* The members of an operation that SDKs know; NULL: there is none of that name. */
const struct arg *api_members(const char *op);

/* What an ARN of the request names. -ERR_REMOTE InvalidArn or ...DoesNotExist. */
NODISCARD int api_find_machine(const struct api_call *c, const char *arn, struct machine **out,
			       struct err *err);
NODISCARD int api_find_execution(const struct api_call *c, const char *arn, struct execution **out,
				 struct err *err);
/* The same for operations that refuse Express executions. */
NODISCARD int api_find_standard(const struct api_call *c, const char *arn, struct execution **out,
				struct err *err);

/* The answer of an operation that changes nothing tells of this record's object: see engine_tells. One
 * that calls this for none, or fails, tells of everything. */
void api_tells(const struct api_call *c, const struct record *r);
/* ... of more than can be named. */
void api_tells_all(const struct api_call *c);

/* Start an execution of the target with the name, input and traceHeader of the request, or find the one that is
 * just this already. */
NODISCARD int api_start(const struct api_call *c, const struct target *to, struct execution **out,
			struct err *err);
extern const struct arg api_start_args[]; /* of the request */

/* Input or output, and the member that says it is included; NULL: nothing. */
void api_write_data(struct jsonw *w, const char *name, const char *about, struct doc *d);

/* A ValidationException of the service itself, with its reason. */
int api_refuse(const struct api_call *c, struct err *err, const char *reason, const char *text);

/* The answer waits for `key`: op and args are how to ask again. @return -ERR_TIMEOUT */
struct api_wait {
	const char *key, *op;
	struct bytes args;
	int seconds;
};
int api_wait(const struct api_call *c, const struct api_wait *wait, struct err *err);

/* ---- pages ---- */

enum { PAGE_DEFAULT = 100 };

/* maxResults: 0 and absent mean 100. */
size_t page_size(const cJSON *args);
/* Where the page of nextToken starts; 0 without a token. `about` is what the token was made for (the
 * operation and its arguments): a token of something else is InvalidToken. */
NODISCARD int page_start(const cJSON *args, const char *about, int64_t *start, struct err *err);
/* nextToken for a page that starts at `start`. No two are equal. */
void page_next(const struct api_call *c, const char *about, int64_t start);

/* Write row i of a list. @return false: it is not shown */
typedef bool page_row_fn(const struct api_call *c, const void *rows, size_t i);

/* A list whose newest row is the last, and comes first. */
struct page_list {
	const char *about, *member; /* what its tokens are made for; its name in the answer */
	const void *rows;
	size_t n;
	page_row_fn *row;
};

/* The page that is asked for, and nextToken when there are older rows. */
NODISCARD int page_newest_first(const struct api_call *c, const struct page_list *list,
				struct err *err);

#endif
