/*
 * many_runs.c - thousands of runs in one process that wait for answers or sleep. Prints TAP.
 *
 *	many_runs [WAITING SLEEPING [SECONDS]]     10,000 100,000 60
 *
 * A first process starts them, says what each costs in memory, wakes those whose time has come and is
 * killed with SIGKILL when a tenth has woken. A second one carries on. The server is an operation that
 * answers when it is told to; loop, committer, log and store are the real ones.
 */
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "script/registry.h"
#include "script/run.h"
#include "store/store.h"
#include "unit/scratch.h"

enum {
	PASSIVE_MS = 100,
	TICK_MS = 5,
	AT_ONCE = 50,                  /* runs started, or calls answered, in one tick */
	AWAKE_ROOM = 500,              /* sleepers that are not asleep yet */
	WAITING_BYTES_MAX = 30 * 1000, /* of a run that waits for an answer */
	SLEEPING_BYTES_MAX = 600,
	FIXED_BYTES = 4 << 20, /* what does not grow with them: buffers, readers */
	LIMIT_S = 600,
	IDS_ROOM = 2, /* whose end the disk did not hear before the kill wakes once more */
};

/* What outlives the processes. */
struct shared {
	size_t woken; /* ids so far */
	char ids[][RUN_ID_SIZE];
};

struct world {
	struct loop *loop;
	struct committer *committer;
	struct registry *registry;
	struct runs *runs;
	struct shared *shared;
	char dir[SCRATCH_SIZE], store[SCRATCH_SIZE + 16];
	size_t n_waiting, n_sleeping, started, answered, kill_at;
	struct host_call **calls;
	size_t n_calls;
	int64_t due_ms;                    /* the first sleeper */
	int64_t last_tick_ms, worst_ms;    /* between two ticks, */
	int64_t last_cpu_ms, worst_cpu_ms; /* of which computing */
	bool (*until)(const struct world *w);
	void (*each_tick)(struct world *w);
	int told;
};

static void die(const char *what, const struct err *err)
{
	printf("Bail out! %s: %s\n", what, err->message);
	(void)fflush(stdout);
	_exit(1);
}

/* ---- the operation ---- */

static void op_start(void *state, struct host_call *call)
{
	struct world *w = state;
	w->calls[w->n_calls++] = call;
}

static void op_stop(void *state, struct host_call *call)
{
	(void)state, (void)call;
}

static const struct member no_members[] = { { 0 } };
static const struct operation op_wait = {
	.size = sizeof(op_wait),
	.name = "wait",
	.wire_name = "Wait",
	.flags = OP_READS,
	.members = no_members,
	.doc = "answers when it is told to",
	.start = op_start,
	.stop = op_stop,
};
static const struct plugin slow = { .abi = RUNBOOK_PLUGIN_ABI, .name = "slow", .version = "1" };

/* ---- listeners ---- */

/* A sleeper has woken: it is the only one that logs. */
static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct world *w = arg;
	struct shared *s = w->shared;
	(void)level, (void)text;
	if (s->woken < w->n_sleeping * IDS_ROOM)
		(void)snprintf(s->ids[s->woken], RUN_ID_SIZE, "%s", id);
	s->woken++;
	if (s->woken == w->kill_at)
		(void)kill(getpid(), SIGKILL);
}

static void on_end(void *arg, const struct run_end *end)
{
	struct world *w = arg;
	if (end->outcome == RUN_SUSPENDED || end->outcome == RUN_CANCELLED)
		return;
	if (end->outcome != RUN_DONE)
		printf("# run %s: %s\n", end->id, end->message);
	w->answered++;
}

/* ---- one process ---- */

static void write_script(const struct world *w, const char *name, const char *text)
{
	char path[SCRATCH_SIZE + 16];
	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	FILE *f = fopen(path, "w");
	INVARIANT(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void open_world(struct world *w)
{
	char audit[SCRATCH_SIZE + 16];
	struct err err;
	(void)snprintf(audit, sizeof(audit), "%s/audit", w->dir);
	int rc = loop_new(&w->loop, &err);
	if (rc == 0)
		rc = registry_new(&w->registry, &err);
	if (rc == 0) {
		registry_set_plugin(w->registry, &slow);
		rc = registry_add_operation(w->registry, "slow", &op_wait, w, &err);
	}
	if (rc == 0)
		rc = commit_open(&w->committer,
				 &(struct commit_spec){ .loop = w->loop,
							.audit_dir = audit,
							.host = "bench",
							.store_path = w->store },
				 &err);
	if (rc == 0)
		rc = runs_new(&w->runs,
			      &(struct runs_spec){ .loop = w->loop,
						   .committer = w->committer,
						   .registry = w->registry,
						   .store_path = w->store,
						   .passive_ms = PASSIVE_MS,
						   .carried = { on_log, NULL, on_end, w } },
			      &err);
	if (rc < 0)
		die("no world", &err);
}

/* Of this thread: what others take of a busy machine is not in it. */
static int64_t cpu_now_ms(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void note_cpu(struct world *w)
{
	int64_t now = cpu_now_ms();
	if (now - w->last_cpu_ms > w->worst_cpu_ms)
		w->worst_cpu_ms = now - w->last_cpu_ms;
	w->last_cpu_ms = now;
}

static void on_tick(void *arg)
{
	struct world *w = arg;
	note_cpu(w);
	int64_t now = clock_mono_ms(), late = now - w->last_tick_ms - TICK_MS;
	if (late > w->worst_ms)
		w->worst_ms = late;
	w->last_tick_ms = now;
	if (w->each_tick)
		w->each_tick(w);
	if (w->until(w)) {
		loop_quit(w->loop);
		return;
	}
	(void)timer_start(w->loop, TICK_MS, on_tick, w);
}

/* Turn the loop until it is so. Says how long that took, and for how long the loop stood at most. */
static void turn(struct world *w, const char *what, void (*each_tick)(struct world *w),
		 bool (*until)(const struct world *w))
{
	int64_t begun = clock_mono_ms();
	w->each_tick = each_tick;
	w->until = until;
	w->worst_ms = w->worst_cpu_ms = 0;
	w->last_cpu_ms = cpu_now_ms();
	w->last_tick_ms = begun;
	(void)timer_start(w->loop, TICK_MS, on_tick, w);
	loop_run(w->loop);
	printf("# %s: %" PRId64 " ms; the loop stood %" PRId64 " ms at most, computed %" PRId64
	       " ms\n",
	       what, clock_mono_ms() - begun, w->worst_ms, w->worst_cpu_ms);
}

static void start(struct world *w, const char *name, const char *input)
{
	char id[RUN_ID_SIZE], path[SCRATCH_SIZE + 16];
	struct err err;
	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	const struct run_spec spec = { .path = path,
				       .input = bytes_str(input),
				       .listener = { on_log, NULL, on_end, w } };
	if (run_start(id, w->runs, &spec, &err) < 0)
		die(name, &err);
	w->started++;
}

/* ---- memory ---- */

struct memory {
	int64_t resident, used;
};

static struct memory memory_now(void)
{
	struct memory m = { 0 };
	struct mallinfo2 heap = mallinfo2();
	char line[128] = "";
	FILE *f = fopen("/proc/self/statm", "r");
	if (f && fgets(line, sizeof(line), f)) {
		const char *second = strchr(line, ' ') + 1;
		cJSON *pages =
		    json_parse((struct bytes){ second, strspn(second, "0123456789") }, NULL);
		int64_t n = 0;
		(void)json_int(pages, &n);
		m.resident = n * sysconf(_SC_PAGESIZE);
		cJSON_Delete(pages);
	}
	if (f)
		(void)fclose(f);
	m.used = (int64_t)heap.uordblks + (int64_t)heap.hblkhd;
	return m;
}

static void check(struct world *w, bool ok, const char *what)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++w->told, what);
	(void)fflush(stdout);
}

static bool is_sanitized(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#else
	return false;
#endif
}

static void check_memory(struct world *w, const struct memory *before, size_t n, int64_t max,
			 const char *what)
{
	char line[200];
	struct memory now = memory_now();
	int64_t used = (now.used - before->used) / (int64_t)n;
	printf("# memory of one that %s: %" PRId64 " bytes resident, %" PRId64 " in use\n", what,
	       (now.resident - before->resident) / (int64_t)n, used);
	(void)snprintf(line, sizeof(line),
		       "one that %s takes at most %" PRId64 " bytes, besides 4 MiB for all", what,
		       max);
	check(w, is_sanitized() || now.used - before->used <= max * (int64_t)n + FIXED_BYTES, line);
}

/* ---- the first process ---- */

static bool all_called(const struct world *w)
{
	return w->n_calls == w->n_waiting;
}

static void start_waiting(struct world *w)
{
	for (int i = 0; i < AT_ONCE && w->started < w->n_waiting; i++)
		start(w, "wait.lua", "{}");
}

static bool all_answered(const struct world *w)
{
	return w->answered == w->n_waiting;
}

static void answer_some(struct world *w)
{
	for (int i = 0; i < AT_ONCE && w->n_calls > 0; i++)
		run_call_done(w->calls[--w->n_calls],
			      &(struct call_result){ .answer = bytes_str("{\"ok\":true}"),
						     .status = 200,
						     .attempts = 1 });
}

static bool all_sleep(const struct world *w)
{
	return runs_asleep(w->runs) == w->n_sleeping;
}

/* Each at a time of its own, in no order: 7,919 is a prime. */
static void start_sleeping(struct world *w)
{
	for (int i = 0; i < AT_ONCE && w->started < w->n_sleeping; i++) {
		char input[64];
		if (runs_alive(w->runs) - runs_asleep(w->runs) >= AWAKE_ROOM)
			return;
		int64_t at = w->due_ms + (int64_t)(w->started * 7919 % w->n_sleeping / 10);
		(void)snprintf(input, sizeof(input), "{\"at\":%" PRId64 ".%03" PRId64 "}",
			       at / 1000, at % 1000);
		start(w, "sleep.lua", input);
	}
}

static bool never(const struct world *w)
{
	(void)w;
	return false;
}

static void first_process(struct world *w, int seconds)
{
	open_world(w);
	struct memory before = memory_now();
	turn(w, "runs started that wait for answers", start_waiting, all_called);
	check_memory(w, &before, w->n_waiting, WAITING_BYTES_MAX, "waits for an answer");
	turn(w, "answered", answer_some, all_answered);
	check(w, runs_alive(w->runs) == 0, "all of them end");

	w->started = 0;
	(void)malloc_trim(0);
	before = memory_now();
	w->due_ms = clock_wall_ms() + (int64_t)seconds * 1000;
	turn(w, "sleepers started", start_sleeping, all_sleep);
	check_memory(w, &before, w->n_sleeping, SLEEPING_BYTES_MAX, "sleeps");
	check(w, w->shared->woken == 0, "none has woken before all slept");
	(void)fflush(stdout);
	w->kill_at = w->n_sleeping / 10;
	turn(w, "woken", NULL, never);
}

/* ---- the second process ---- */

static bool all_woken(const struct world *w)
{
	return w->shared->woken >= w->n_sleeping && runs_alive(w->runs) == 0;
}

static void second_process(struct world *w)
{
	struct err err;
	int64_t begun = clock_mono_ms();
	open_world(w);
	struct memory before = memory_now();
	int64_t opened = clock_mono_ms();
	if (runs_carry_on(w->runs, &err) < 0)
		die("nothing is carried on", &err);
	size_t n = runs_alive(w->runs);
	printf("# after the kill: log and store opened in %" PRId64
	       " ms, %zu sleepers found in %" PRId64 " ms, %" PRId64 " bytes resident each\n",
	       opened - begun, n, clock_mono_ms() - opened,
	       (memory_now().resident - before.resident) / (int64_t)(n ? n : 1));
	turn(w, "all others woken", NULL, all_woken);
	runs_free(w->runs);
	if (commit_close(w->committer, &err) < 0)
		die("the log", &err);
	registry_free(w->registry);
	loop_free(w->loop);
}

/* ---- the order ---- */

static int take_until(void *arg, const struct step_row *s)
{
	*(int64_t *)arg = s->until_ms;
	return 0;
}

static size_t misplaced(struct store_reader *reader, const struct shared *s, size_t from, size_t to)
{
	int64_t last = 0;
	size_t n = 0;
	struct err err;
	for (size_t i = from; i < to; i++) {
		int64_t until = 0;
		if (store_steps(reader, s->ids[i], 1, take_until, &until, &err) < 0)
			die("no sleep is recorded", &err);
		n += until < last;
		last = until;
	}
	if (n > 0)
		printf("# %zu of %zu woke behind a later one\n", n, to - from);
	return n;
}

static void check_order(struct world *w, size_t killed_at)
{
	struct store_reader *reader = NULL;
	struct err err;
	struct shared *s = w->shared;
	if (store_reader_open(&reader, w->store, &err) < 0)
		die("no store", &err);
	/* Those that ran when they were killed go on first, in the order in which they were started. */
	size_t again = s->woken - w->n_sleeping;
	printf("# killed after %zu had woken, of which %zu had not ended for the disk\n", killed_at,
	       again);
	check(w, misplaced(reader, s, 0, killed_at) == 0, "woken in the order of their times");
	check(w, misplaced(reader, s, killed_at + again, s->woken) == 0, "in the next process too");
	store_reader_close(reader);
}

static void in_a_child(struct world *w, int seconds, int expected)
{
	int status = 0;
	(void)fflush(stdout);
	pid_t pid = fork();
	INVARIANT(pid >= 0);
	if (pid == 0) {
		(void)alarm(LIMIT_S);
		if (expected == SIGKILL)
			first_process(w, seconds);
		else
			second_process(w);
		(void)fflush(stdout);
		_exit(0);
	}
	INVARIANT(waitpid(pid, &status, 0) == pid);
	int how = WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
	if (how != expected)
		printf("Bail out! a process ended by %d, not by %d\n", how, expected);
	if (how != expected)
		exit(1);
}

static size_t count_of(const char *text)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	int64_t n = 0;
	bool ok = json_int(v, &n) && n >= 10;
	cJSON_Delete(v);
	if (!ok) {
		(void)fprintf(stderr, "many_runs: '%s': expected a number from 10\n", text);
		exit(2);
	}
	return (size_t)n;
}

int main(int argc, char **argv)
{
	struct world w = { .n_waiting = argc > 2 ? count_of(argv[1]) : 10000,
			   .n_sleeping = argc > 2 ? count_of(argv[2]) : 100000 };
	int seconds = argc > 3 ? (int)count_of(argv[3]) : 60;
	size_t size = sizeof(struct shared) + w.n_sleeping * IDS_ROOM * RUN_ID_SIZE;
	scratch_begin(w.dir);
	(void)snprintf(w.store, sizeof(w.store), "%s/runs.db", w.dir);
	w.calls = calloc(w.n_waiting, sizeof(struct host_call *));
	w.shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	INVARIANT(w.calls && w.shared != MAP_FAILED);
	write_script(&w, "wait.lua", "return require('slow').wait{}");
	write_script(&w, "sleep.lua", "local at = (...).at\nsleep(at - now())\nlog 'woken'");
	printf("TAP version 13\n1..7\n");

	in_a_child(&w, seconds, SIGKILL);
	w.told = 4;
	size_t killed_at = w.shared->woken;
	in_a_child(&w, seconds, 0);
	check(&w, w.shared->woken >= w.n_sleeping, "none is lost");
	check_order(&w, killed_at);
	scratch_end(w.dir);
	(void)munmap(w.shared, size);
	free((void *)w.calls);
	return 0;
}
