/* Scripts that try to escape their budgets (tests/lua/hostile.cases), beside one that behaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "script_world.h"
#include "tap.h"

enum { STEPS_MAX = 20000, TURN_MAX_MS = 2500, CASES_MIN = 100 };

/* Computes across several turns of the loop. */
static const char good_script[] =
    "local sum = 0 for turn = 1, 20 do for i = 1, 1000 do sum = sum + i * turn end sleep(0) end "
    "return sum";
static const char good_result[] = "105105000";

struct good {
	int ends;
	char result[64];
};

static void on_good_end(void *arg, const struct run_end *e)
{
	struct good *g = arg;
	g->ends++;
	(void)snprintf(g->result, sizeof(g->result), "%.*s", (int)e->result.n,
		       e->result.n ? e->result.p : e->message);
}

static int64_t cpu_ms(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Modules that a hostile script may require. */
static void write_modules(struct world *w)
{
	struct buf labels = BUF_INIT(4 << 20);
	for (int i = 0; i < 32000; i++)
		buf_addf(&labels, "goto l%d ::l%d::", i, i);
	world_file(w, "labels.lua", buf_cstr(&labels));
	buf_clear(&labels);
	world_file(w, "bad.lua", "local = 1");
	world_file(w, "itself.lua", "return require 'itself'");
	world_file(w, "endless.lua", "while true do end");
}

static void limit(struct run_spec *s)
{
	s->cpu_ms = 60;
	s->memory_max = 4 << 20;
	s->log_max = 64 << 10;
	s->result_max = 128 << 10;
	s->steps_max = 50;
}

/* Returns the longest turn of the loop. */
static int64_t run_both(struct world *w, struct good *g, const char *script)
{
	struct err err;
	char id[RUN_ID_SIZE];
	int64_t longest = 0;
	world_file(w, "good.lua", good_script);
	struct run_spec good = { .path = w->path, .listener = { .on_end = on_good_end, .arg = g } };
	limit(&w->spec);
	if (!CHECK(run_start(id, w->runs, &good, &err) == 0 && world_begin(w, script) == 0))
		return 0;
	for (int i = 0; i < STEPS_MAX; i++) {
		int64_t before = cpu_ms();
		bool fired = world_step(w);
		int64_t ms = cpu_ms() - before;
		longest = ms > longest ? ms : longest;
		if (!fired)
			break;
	}
	return longest;
}

/* One of the texts between '|'. */
static bool is_expected(const char *message, const char *expected)
{
	for (const char *at = expected; *at; at += *at == '|') {
		size_t n = strcspn(at, "|");
		if (memmem(message, strlen(message), at, n))
			return true;
		at += n;
	}
	return false;
}

static void check_case(const char *expected, const char *script)
{
	struct world w;
	struct good g = { 0 };
	world_open(&w);
	if (strstr(script, "require"))
		write_modules(&w);

	int64_t longest = run_both(&w, &g, script);

	bool failed = w.ends == 1 && w.outcome == RUN_FAILED;
	if (!CHECK(failed && is_expected(w.message, expected)))
		TAP_NOTE("wanted '%s', got %d '%.300s' '%.40s' of\n%.300s", expected,
			 (int)w.outcome, w.message, w.result, script);
	if (!CHECK(longest < TURN_MAX_MS))
		TAP_NOTE("a turn of the loop took %lld ms in\n%.300s", (long long)longest, script);
	CHECK_INT(g.ends, 1);
	CHECK_STR(g.result, good_result);
	world_close(&w);
}

static void read_cases(struct buf *out)
{
	char path[4096];
	size_t n;
	const char *root = getenv("SOURCE_ROOT");
	(void)snprintf(path, sizeof(path), "%s/tests/lua/hostile.cases", root ? root : ".");
	FILE *f = fopen(path, "re");
	char chunk[4096];
	while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
	if (f)
		(void)fclose(f);
}

TEST(no_hostile_script_escapes_its_budgets)
{
	static const char mark[] = "--- ";
	struct buf text = BUF_INIT(1 << 20);
	int cases = 0;
	read_cases(&text);
	char *at = text.p;
	while (at && strncmp(at, mark, sizeof(mark) - 1) == 0) {
		char *expected = at + sizeof(mark) - 1;
		char *script = strchr(expected, '\n');
		REQUIRE(script);
		*script++ = '\0';
		char *next = strstr(script, "\n--- ");
		if (next)
			*next = '\0';
		check_case(expected, script);
		at = next ? next + 1 : NULL;
		cases++;
	}
	CHECK(cases >= CASES_MIN);
	buf_clear(&text);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(no_hostile_script_escapes_its_budgets)));
}
