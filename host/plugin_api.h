/*
 * plugin_api.h - the border between the host and its plugins: types and function tables only.
 *
 * A plugin is a shared object that exports one symbol, `runbook_plugin`, a struct plugin. The host
 * checks `abi` before it reads anything else. open() registers operations and commands through the
 * host_api it is given; what is not registered does not exist in Lua. JSON text crosses the border,
 * never a Lua state: a plugin never sees Lua, and every call passes the host's gate, which numbers
 * it, checks its arguments, applies the rules and records intent and outcome.
 *
 * Append only: fields are added at the end of a struct and `size` says how much is there. A plugin
 * of an older ABI goes on loading:
 *
 *	ABI 1   rows of struct operation end with `context`
 *	ABI 2   rows have `size`; they may grow behind it without another ABI number
 *
 * A field that a row does not have counts as 0. What was appended to struct call_result is read
 * only where a function was called that came with it. Everything runs on the host's loop thread
 * unless said otherwise.
 */
#ifndef HOST_PLUGIN_API_H
#define HOST_PLUGIN_API_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/http.h"

#define RUNBOOK_PLUGIN_ABI 2
#define RUNBOOK_PLUGIN_ABI_OLDEST 1 /* that still loads */

struct host; /* the host's own; first argument of every host_api function */

/* ---- operations ---- */

enum member_type {
	MEMBER_STRING,
	MEMBER_INTEGER, /* a Lua integer, also when the service writes 6.0 */
	MEMBER_NUMBER,  /* a Lua float, also when the service writes 0 */
	MEMBER_BOOLEAN,
	MEMBER_TIMESTAMP, /* seconds since the epoch with a fraction: a Lua float */
	MEMBER_OBJECT,    /* `members` describes it; without members: any JSON object */
	MEMBER_LIST,      /* elements are described by members[0] */
	MEMBER_MAP,       /* free names; values are described by members[0] */
	MEMBER_ANY,       /* any JSON value */
};

enum {
	MEMBER_REQUIRED = 1u << 0,
	MEMBER_SENSITIVE =
	    1u << 1,               /* never recorded or logged: the audit log keeps only its size */
	MEMBER_TOKEN = 1u << 2,    /* idempotency token: the gate fills it in when it is missing */
	MEMBER_RECORDED = 1u << 3, /* in an answer: a key fact, copied into the audit record */
};

/* One member of an object. A list of members ends with a row whose name is NULL. */
struct member {
	const char *name;
	enum member_type type;
	unsigned flags;
	int64_t min, max;    /* length in characters, list length, or value; 0,0: unlimited */
	const char *pattern; /* POSIX extended, matched against the whole string; NULL: any */
	const char *const *choices; /* allowed strings, ends with NULL; NULL: any */
	const struct member *members;
};

enum {
	OP_READS = 1u << 0,
	OP_CHANGES = 1u << 1, /* exactly one of the two */
	OP_SHARED = 1u << 2,  /* changes by several runs on one resource do not collide: they start
			       * something of their own there */
};

/*
 * A call under way: a start, a prepare or a reconcile. The host's; the plugin may keep its own
 * pointer in `plugin` until it has called done. `args` is the argument object as JSON text, already
 * checked against the members, token filled in; borrowed until done.
 */
struct host_call {
	void *plugin;
	struct bytes args;
	int64_t deadline_ms;  /* monotonic; 0: none. End by then; soon after the host stops it. */
	int64_t not_after_ms; /* wall clock; 0: none. Start no further attempt after it. */

	/* For reconcile only; times are wall clock of this host. */
	struct bytes baseline; /* what prepare answered, or empty; borrowed until done */
	int64_t intent_ms; /* when the first intent of the call was recorded: nothing left before */
	int64_t sent_until_ms; /* no byte of any attempt can have left after it: the last attempt's
				* deadline, or earlier if the sender is known to have died earlier */
	int64_t skew_ms;       /* by how much the service's clock may differ from this host's. What
				* happened that close to the call is taken for its effect: keep it small */

	/* NULL: nothing forbids. Else ask right before each attempt is sent, the first as well: the
	 * operator's rules may have changed since the call was let through. -ERR_LIMIT: send
	 * nothing; end with err->name and err->message, unknown if an attempt before this one may
	 * have taken effect. */
	int (*may_send)(struct host_call *call, struct err *err);
};

/* What a reconcile found out about a changing call whose end nobody heard. */
enum verdict {
	VERDICT_UNKNOWN,  /* cannot tell, or someone else's doing: never to be sent again */
	VERDICT_NOT_DONE, /* it had no effect and will have none: a new intent may be made */
	VERDICT_DONE,     /* it had its effect, once, and it was this call's */
};

/* How a call ended. Everything is borrowed for the length of done. */
struct call_result {
	struct bytes answer; /* the answer as a JSON object; ignored when code is set */
	const char *code; /* NULL: success. Else the error's name, e.g. "ExecutionNotRedrivable" */
	const char *message;
	struct bytes
	    extra;  /* JSON object of further error members (reason, resourceName); or empty */
	int status; /* HTTP status of the last answer, 0 if there was none */
	const char *request_id; /* NULL if unknown */
	int attempts;
	bool retryable;
	bool unknown; /* a changing call that may have taken effect: outcome "unknown" */
	struct bytes
	    context; /* JSON object merged into the outcome record (identity, ...); or empty */
	enum verdict verdict; /* of a reconcile; read nowhere else */
};

/* What an answer says about progress, for the host's bars. */
struct op_progress {
	char label[64]; /* "Map Run RUNNING" */
	int64_t done;   /* of total: have ended well */
	int64_t failed; /* of total: have ended badly */
	int64_t total;  /* 0: not known yet */
};

/* How often a changing call may be intended, of all runs together. */
struct op_budget {
	int calls; /* 0 ends a list */
	enum { BUDGET_RESOURCE, BUDGET_GROUP } of;
	int64_t window_ms; /* at most a day */
};

/* A kind of call that an operation makes besides that of its row, told by the arguments. */
struct op_variant {
	unsigned flags;    /* as in struct operation; 0 ends a list */
	int64_t resend_ms; /* likewise */
};

/* The service's token bucket that calls draw from: what keeps them from coming too fast. */
struct op_bucket {
	/* Which one, where there are several of the operation: account, region, endpoint. It is
	 * shown, and ends up beside the operation's name. "": there is one */
	char name[256];
	double burst; /* tokens in it when it is full; 0: not known, calls do not wait */
	double per_s; /* how many come back a second */
};

/* One row of an operation table. The row itself is copied when it is registered; what it points to
 * is borrowed until the plugin's close. */
struct operation {
	const char *name;      /* "describe_map_run": its name in Lua */
	const char *wire_name; /* "DescribeMapRun" */
	unsigned flags;
	int max_calls; /* of a run on one resource unless the configuration says more; 0: any */
	const struct member *members; /* of the arguments */
	const struct member *answer;  /* of the answer, as far as typed; others pass through */
	const char *resource;         /* the argument that names what is acted on, "executionArn" */
	const char *iam_action;       /* "states:DescribeMapRun" */
	const char *iam_resource;     /* the form of ARN it needs */
	const char *doc;              /* one line */
	const char *tell; /* command that shows what became of it, with {member}s of arguments or
			   * context, never inside quotes; NULL: none */

	/* Begin. Never completes inside the call; ends in exactly one host_api.call_done. */
	void (*start)(void *state, struct host_call *call);
	/* Forget it, a prepare or a reconcile too: call_done must not be called any more. */
	void (*stop)(void *state, struct host_call *call);
	/* Append a JSON object for the intent record: account, region, endpoint, identity. */
	void (*context)(void *state, struct bytes args, struct buf *out);

	/* ---- ABI 2; all but size may be missing ---- */

	uint32_t size; /* sizeof(struct operation) */

	/* For so long after its first intent a changing call may be sent again with the same
	 * arguments, token included, and will have its effect at most once: no longer than the
	 * service surely knows the token. 0: it must not be sent a second time. */
	int64_t resend_ms;

	/* The member of the answer, a timestamp, that tells when the call took effect:
	 * "redriveDate". An answer that is older than its own intent is that of an older call with
	 * the same token, and the host marks it `replayed = true`. */
	const char *answer_date;

	/*
	 * Look at what a changing call is about to change, before its intent is recorded. Ends like
	 * start, in one call_done; its answer, the *baseline*, is recorded with the intent and
	 * handed to reconcile. A prepare that fails does not keep the call from being made: the
	 * host records the error in the baseline's place, and reconcile will have to do without.
	 */
	void (*prepare)(void *state, struct host_call *call);

	/*
	 * Find out what became of a changing call whose end nobody heard. Reads only; may be asked
	 * as often as wanted, also right after the last attempt. Ends like start, in one call_done:
	 *
	 *	code set    the service could not be asked (retryable: perhaps later); proves nothing
	 *	otherwise   verdict; message: why, in words; context: the facts it rests on, for the
	 *	            record; with VERDICT_DONE answer: what start would have answered
	 *
	 * VERDICT_DONE and VERDICT_NOT_DONE are proofs, within what the header of the plugin says
	 * about its operations. Whatever someone else may have done is VERDICT_UNKNOWN. So is what
	 * cannot be told yet, since reads lag behind: with retryable, if a later look may tell.
	 */
	void (*reconcile)(void *state, struct host_call *call);

	/* May this call, begun with start and not yet done, have taken effect as things stand now?
	 * False while nothing has left, and when all that left was answered with a refusal: it may
	 * be stopped then, and surely had no effect. Missing: a changing call always may. */
	bool (*in_doubt)(void *state, const struct host_call *call);

	/* What does an answer say about progress? False: nothing. */
	bool (*progress)(void *state, struct bytes answer, struct op_progress *out);

	/* Append the name of what the call's resource belongs to, which budgets count as well: of an
	 * execution its state machine. Nothing: it belongs to nothing. args as in start. */
	void (*group)(void *state, struct bytes args, struct buf *out);

	/* Unless the configuration says otherwise; NULL: any number. */
	const struct op_budget *budgets;

	/* Names of errors, ends with NULL. By these the service says that a call which is sent again
	 * within resend_ms has not had its effect before either: it would have known its token. Any
	 * other error leaves that open: no permission, say, is found out earlier. NULL: none. */
	const char *const *undone;

	/*
	 * For operations whose calls are not all of one kind: a GET only reads, a POST changes. The
	 * flags and resend_ms of variants[variant(state, args)] hold for a call instead of the row's;
	 * where variant answers a negative number, the row's do. Both or neither. It must be a pure
	 * function of the arguments: it is asked before they are checked, so they may be any JSON
	 * object, and again when a call of a process that died is settled.
	 */
	const struct op_variant *variants;
	int (*variant)(void *state, struct bytes args);

	/* Which bucket a call draws from. The host makes calls wait in front of it, those of all runs
	 * in turn, before their intent is recorded: start is called when one may leave. False: none.
	 * *out is zeros before. Arguments have been checked */
	bool (*bucket)(void *state, struct bytes args, struct op_bucket *out);
};

/* ---- commands ---- */

/* A command of the program, `runbook NAME ...`. start reads its arguments (argv[0] is NAME), sets
 * things going and returns; the loop then runs until the plugin calls host_api.exit or a signal
 * arrives, after which stop is called once. The loop does not run any more then. Usage errors:
 * return -ERR_INVALID. */
struct command {
	const char *name;
	const char *synopsis; /* "[--port N] [--data DIR]" */
	const char *doc;      /* what --help prints; several lines */
	int (*start)(void *state, int argc, char **argv, struct err *err);
	void (*stop)(void *state);
};

/* ---- what the host offers ---- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct timer;
struct http_transfer;
struct http_server;
struct lua_functions; /* a Lua file whose functions C may call */
typedef void host_fn(void *arg);

struct host_api {
	uint32_t abi;
	uint32_t size;
	struct host *host;

	/* Offer an operation as NAMESPACE.NAME. -ERR_INVALID when the name is taken. */
	int (*register_operation)(struct host *h, const char *ns, const struct operation *op,
				  void *state, struct err *err);
	int (*register_command)(struct host *h, const struct command *cmd, void *state,
				struct err *err);

	/* End a call: exactly once, from the loop, not from inside start. */
	void (*call_done)(struct host *h, struct host_call *call, const struct call_result *result);

	/* HTTP; contracts in base/http.h, net/http_client.h and net/http_server.h. */
	struct http_transfer *(*http_start)(struct host *h, const struct http_request *req,
					    http_done_fn *done, void *arg);
	void (*http_stop)(struct host *h, struct http_transfer *t);
	int (*http_serve)(struct host *h, struct http_server **out,
			  const struct http_serve_spec *spec, uint16_t *port, struct err *err);
	void (*http_unserve)(struct host *h, struct http_server *s);
	void (*http_answer)(struct host *h, struct http_exchange *x, int status,
			    const struct http_header *headers, size_t n_headers, struct bytes body);

	/* Time. A timer fires once and is gone when fn runs. */
	int64_t (*now_ms)(struct host *h);  /* wall clock, UTC */
	int64_t (*mono_ms)(struct host *h); /* monotonic */
	struct timer *(*timer_start)(struct host *h, int64_t delay_ms, host_fn *fn, void *arg);
	void (*timer_stop)(struct host *h, struct timer *t);

	/* Blocking work: fn on an ordered worker thread, then done on the loop. Work still queued at
	 * shutdown is finished, its done is not called. */
	void (*work)(struct host *h, host_fn *fn, host_fn *done, void *arg);

	/* Load a Lua file that returns a table of functions, each run in a sandboxed state with a
	 * budget. Owned by the caller; lua_close. */
	int (*lua_open)(struct host *h, struct lua_functions **out, const char *path,
			struct err *err);
	bool (*lua_has)(struct host *h, struct lua_functions *f, const char *name);
	/* Call a function with two JSON values; its result is appended to *out as JSON. A raised table
	 * { error =, cause = } becomes err->name and err->message, anything else name "". */
	int (*lua_call)(struct host *h, struct lua_functions *f, const char *name,
			struct bytes input, struct bytes context, struct buf *out, struct err *err);
	void (*lua_close)(struct host *h, struct lua_functions *f);

	void (*log)(struct host *h, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);
	/* The value of an environment variable, or NULL: plugins do not call getenv. */
	const char *(*env)(struct host *h, const char *name);
	/* End the running command with this exit status. */
	void (*exit)(struct host *h, int status);

	/* Instead of http_answer: close the connection without a byte of an answer. */
	void (*http_drop)(struct host *h, struct http_exchange *x);

	/* May a byte of the request of a transfer under way have reached the peer? */
	bool (*http_maybe_sent)(struct host *h, const struct http_transfer *t);

	/* Append the secret of that name in the configuration, [secrets]. A plain read of a small
	 * local source. It is for what leaves the machine: not for answers, errors, logs or contexts.
	 * -ERR_INVALID: none of that name, or it cannot be read; the message does not hold it */
	int (*secret)(struct host *h, const char *name, struct buf *out, struct err *err);

	/* An attempt of a call under way was refused because calls come too fast: the host slows the
	 * bucket of the call down. Told at once, whether or not another attempt is made. */
	void (*call_throttled)(struct host *h, struct host_call *call);
};

/* ---- the plugin ---- */

struct plugin {
	uint32_t abi; /* RUNBOOK_PLUGIN_ABI of the header it was built with */
	uint32_t size;
	const char *name; /* also the name of its section in the configuration */
	const char *version;
	/*
	 * config: the plugin's section of the configuration as a JSON object of strings.
	 * @param[out] state handed back to every function of the plugin
	 */
	int (*open)(const struct host_api *api, struct bytes config, void **state, struct err *err);
	void (*close)(void *state); /* the loop does not run any more: no callback follows */
};

#define RUNBOOK_PLUGIN_SYMBOL "runbook_plugin"

#endif
