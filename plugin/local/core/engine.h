/*
 * engine.h - the pure core of the local Step Functions engine.
 *
 * No clock, no sockets, no files, no randomness of its own: time is a parameter (wall-clock
 * milliseconds, never going back), everything else is struct engine_world. The same calls with the
 * same world give the same answers, so a year-long wait or a Map of 100,000 items is a fast,
 * reproducible test. Single-threaded, never calls back into the caller except through the world.
 */
#ifndef LOCAL_ENGINE_H
#define LOCAL_ENGINE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

struct engine;

/* A piece of work for the world. Borrowed for the call. */
struct engine_task {
	uint64_t id;           /* names it in engine_task_done; unique for the life of the store */
	const char *resource;  /* the state's Resource */
	const char *function;  /* Lambda function name when the resource is one, else NULL */
	const char *qualifier; /* version or alias of that function, or NULL */
	struct bytes input;    /* JSON */
	struct bytes context;  /* the context object, JSON */
};

/* An operation on a bucket: ItemReader and ResultWriter. Borrowed for the call. */
struct engine_object {
	uint64_t id; /* names it in engine_object_done */
	enum {
		ENGINE_OBJECT_GET,
		ENGINE_OBJECT_PUT,  /* body */
		ENGINE_OBJECT_LIST, /* key is the prefix */
	} what;
	const char *bucket, *key;
	const char *version; /* GET: of the object; NULL: the latest */
	struct bytes body;
};

/* What IAM says of a role. Borrowed for the call. */
struct engine_role {
	bool missing;          /* there is no such role: it cannot be assumed */
	const char *error;     /* why IAM could not tell; NULL: it could */
	struct bytes policies; /* JSON array of its policy documents, inline and attached ones */
};

/* Durable records: the engine names what changed, the shell writes it. */
struct engine_record {
	const char *kind;  /* "machine", "execution", "maprun", "event", ... */
	const char *key;   /* unique within the kind */
	struct bytes json; /* .p NULL: delete */
};

/* A Standard execution has begun, begun again or ended. Borrowed for the call. */
struct engine_status_change {
	const char *execution_arn;
	int64_t at_ms;
	struct bytes detail; /* JSON: the `detail` of the service's EventBridge event */
};

struct engine_world {
	void *arg;
	void (*random)(void *arg, void *out, size_t n);
	/* Start a task; its end comes through engine_task_done, never from inside the call. */
	void (*task_start)(void *arg, const struct engine_task *task);
	void (*task_stop)(void *arg, uint64_t id); /* its result is not wanted any more */
	/* Begin an operation on a bucket; its end comes through engine_object_done, never from inside
	 * the call. May be NULL: there are no buckets. */
	void (*object_start)(void *arg, const struct engine_object *o);
	/* What a waiting request waits for has come (see engine_request). May be NULL: then no request
	 * waits. Must not call the engine from inside. */
	void (*ready)(void *arg, const char *key);
	/* Is the machine's role denied this operation ("StartExecution", "RedriveExecution")? Asked for
	 * each child a Map Run starts, and once for each redrive of a Map Run. May be NULL: never. */
	bool (*denied)(void *arg, const char *op);
	/* Begin to read what a role may do; its end comes through engine_role_done, never from inside
	 * the call. Asked each time a Map Run is to start or to start again; nothing is remembered from
	 * one time to the next. May be NULL: every role may do everything. */
	void (*role_start)(void *arg, uint64_t id, const char *role_arn);
	/* May be NULL. Must not call the engine from inside. */
	void (*status_changed)(void *arg, const struct engine_status_change *change);
};

struct engine_config {
	const char *account, *region;
	int64_t max_open_executions; /* 0: 1,000,000 */
	int64_t max_data_bytes;      /* size of a state's output; 0: 262,144, the service's */
};

NODISCARD int engine_new(struct engine **out, const struct engine_config *config,
			 const struct engine_world *world, struct err *err);
void engine_free(struct engine *e);

/*
 * Serve one API request at now_ms.
 *
 * @param op  the wire name, "RedriveExecution"
 * @return 0 with the answer's JSON appended to *answer; -ERR_REMOTE with err->name the AWS error
 *         code (its __type namespace chosen by the server: a ValidationException without a reason
 *         is the front layer's, com.amazon.coral.validate#), err->message its text, err->status
 *         the HTTP status, and in *answer a JSON object of further members (reason, ...) or
 *         nothing. A member `message` there replaces err->message: texts that do not fit.
 *         -ERR_TIMEOUT: the answer is not there yet (GetActivityTask without a task,
 *         StartSyncExecution), and *answer is {"key", "op", "args", "seconds", "otherwise"}: keep
 *         the caller waiting; when world.ready names `key`, ask again with `op` and `args`; after
 *         `seconds` answer `otherwise`. Never without world.ready. `op` may be one that is not
 *         the service's: it is no word of letters, so that no client's request can name it.
 */
NODISCARD int engine_request(struct engine *e, int64_t now_ms, const char *op, const cJSON *args,
			     struct buf *answer, struct err *err);

/* The operations an SDK may ask for, by index; NULL: there are no more. */
const char *engine_operation(size_t i);

/* A task has ended: output JSON, or error and cause. Unknown ids are ignored (stopped meanwhile). */
void engine_task_done(struct engine *e, int64_t now_ms, uint64_t id, struct bytes output,
		      const char *error, const char *cause);

/* An operation on a bucket has ended: its body (PUT: nothing; LIST: a JSON array of objects with Etag,
 * Key, LastModified in seconds, Size and StorageClass), or what went wrong. */
void engine_object_done(struct engine *e, int64_t now_ms, uint64_t id, struct bytes body,
			const char *error);

/* What a role may do has been read, or not. */
void engine_role_done(struct engine *e, int64_t now_ms, uint64_t id, const struct engine_role *r);

/* Do everything due at now_ms, but no more than some 500 transitions, so that a loop thread is not
 * held up. Returns when to call again: now_ms when there is more to do at once, INT64_MAX if nothing
 * waits on time. Call it after every engine_request and engine_task_done too: they only make things
 * ready. */
int64_t engine_step(struct engine *e, int64_t now_ms);

/* Hand out every record that changed since the last call, in an order that may be written as one
 * transaction.
 *
 * @param ticket  the caller's number for this writing: never less than the one before, above 0
 */
void engine_drain(struct engine *e, uint64_t ticket,
		  void (*write)(void *arg, const struct engine_record *r), void *arg);

/*
 * What must be on disk before the answer of the latest engine_request may leave, so that no client
 * sees what a crash could undo: the highest ticket of what the answer tells of; 0: nothing;
 * UINT64_MAX: everything until now. The counters of a running Map Run are told ahead of the disk
 * (the service's lag as well); its status is not, so they are final only when they are stored.
 */
uint64_t engine_tells(const struct engine *e);

/* Before the first request: give back a stored record, kinds in any order; then engine_restored
 * once, which starts again what was under way. */
NODISCARD int engine_restore(struct engine *e, const struct engine_record *r, struct err *err);
NODISCARD int engine_restored(struct engine *e, int64_t now_ms, struct err *err);

#endif
