/* Many runs that wait out of memory, approvals over a restart, and checks of a stored history. */
#include "base/clock.h"
#include "base/crypto.h"
#include "script_world.h"
#include "store/store.h"
#include "tap.h"

#define READ "require 'demo'.read_thing"

static bool ended(const struct world *w)
{
	return w->ends > 0;
}

/* ---- many ---- */

enum { MANY = 3000 };

static bool all_ended(const struct world *w)
{
	return w->ends == MANY;
}

static void hex_of(char out[SHA256_HEX + 1], const char *text)
{
	uint8_t hash[SHA256_LEN];
	INVARIANT(sha256(hash, bytes_str(text)) == 0);
	hex_lower(out, hash, sizeof(hash));
}

/* As another process has left it: asleep at its first step, until then. */
static void leave_sleeper(struct store_batch *b, const char *source, int n, int64_t until_ms)
{
	char id[RUN_ID_SIZE], input[32], sha[SHA256_HEX + 1], asked[SHA256_HEX + 1];
	(void)snprintf(id, sizeof(id), "%08u-0000-7000-8000-000000000000",
		       (unsigned)n % 100000000u);
	(void)snprintf(input, sizeof(input), "{\"n\":%d}", n);
	hex_of(sha, source);
	hex_of(asked, "sleep/1000");
	store_add_source(b, sha, bytes_str(source));
	store_add_run(b, &(struct run_row){ .id = id,
					    .attempt = 1,
					    .state = RUN_STATE_WAITING,
					    .path = "t.lua",
					    .sha256 = sha,
					    .input = input,
					    .actor = "{}",
					    .options = "{}",
					    .created_ms = 1,
					    .started_ms = 1,
					    .wake_ms = until_ms,
					    .waits_for = "sleep" });
	store_add_step(b, &(struct step_row){ .run = id,
					      .attempt = 1,
					      .path = "1",
					      .kind = STEP_SLEEP,
					      .args = "{}",
					      .args_hash = asked,
					      .begun_ms = 1,
					      .until_ms = until_ms });
}

static int number_of(const char *id)
{
	int n = 0;
	for (; *id >= '0' && *id <= '9'; id++)
		n = 10 * n + (*id - '0');
	return n;
}

/* From 0 to MANY - 1, in no order in which runs could be found: 7,919 is a prime. */
static int how_long_due(int n)
{
	return n * 7919 % MANY;
}

TEST(many_sleepers_of_another_process_wake_in_order)
{
	static const char source[] = "log 'again' sleep(1000) log((...).n)";
	struct world w;
	int64_t now = clock_wall_ms();
	world_open_durable(&w);
	for (int i = 0; i < MANY; i++)
		leave_sleeper(world_rows(&w), source, i, now - 1000 - how_long_due(i));
	leave_sleeper(world_rows(&w), source, MANY, now + 3600 * 1000);
	world_turn(&w);

	CHECK_INT(world_carry_on(&w), 0);
	CHECK(world_until(&w, all_ended));

	/* What they log may come in another order: one whose slice is over lets others go on. */
	int last = MANY;
	bool in_order = true;
	for (size_t i = 0; i < world_records(&w); i++) {
		const char *id = strstr(world_record(&w, i), "run.resume") == world_record(&w, i)
				     ? strstr(world_record(&w, i), "\"run\":\"")
				     : NULL;
		if (!id)
			continue;
		int n = number_of(id + strlen("\"run\":\""));
		in_order = in_order && how_long_due(n) == last - 1;
		last = how_long_due(n);
	}
	CHECK(in_order);
	CHECK_INT(last, 0);
	CHECK_INT(runs_alive(w.runs), 1);
	CHECK_INT(runs_asleep(w.runs), 1);
	world_close(&w);
}

/* ---- approvals ---- */

static int vote(struct world *w, const char *who, bool approve)
{
	struct err err = { 0 };
	const struct run_ballot ballot = { .voter = who, .by = "uid", .approve = approve };
	int rc = run_vote(w->runs, w->id, &ballot, NULL, NULL, &err);
	world_turn(w);
	return rc;
}

TEST(an_approval_lasts_over_restarts_and_costs_no_memory)
{
	struct world w;
	world_open_durable(&w);
	w.spec.actor = bytes_str("{\"user\":\"cyd\"}");
	world_start(&w, "log 'asks' return approve{ subject = 'drop it', n = 2 }");
	CHECK_INT(runs_asleep(w.runs), 1);
	CHECK_INT(vote(&w, "cyd", true), -ERR_INVALID);
	CHECK_INT(vote(&w, "ann", true), 0);
	CHECK_INT(w.ends, 0);

	world_restart(&w);
	CHECK_INT(world_carry_on(&w), 0);
	CHECK_INT(runs_asleep(w.runs), 1);
	CHECK_INT(vote(&w, "ann", true), 0);
	CHECK_INT(w.ends, 0);
	CHECK_INT(vote(&w, "bob", true), 0);

	CHECK_STR(w.result, "{\"approvedBy\":[\"ann\",\"bob\"]}");
	CHECK_STR(buf_cstr(&w.log), "1 asks\n");
	CHECK_INT(vote(&w, "dan", true), -ERR_INVALID);
	world_close(&w);
}

/* ---- checks ---- */

struct found {
	int n;
	bool same;
	unsigned steps;
	char step[64], message[512], place[128];
};

static void on_found(void *arg, const struct replay_check *c)
{
	struct found *f = arg;
	f->n++;
	f->same = c->same;
	f->steps = c->n_steps;
	(void)snprintf(f->step, sizeof(f->step), "%s", c->step);
	(void)snprintf(f->message, sizeof(f->message), "%s", c->message);
	(void)snprintf(f->place, sizeof(f->place), "%s", c->place);
}

static struct found check(struct world *w, const char *script)
{
	struct found f = { 0 };
	struct err err;
	world_file(w, "t.lua", script);
	CHECK_INT(run_check_replay(w->runs, w->id, NULL, on_found, &f, &err), 0);
	world_turn(w);
	CHECK_INT(f.n, 1);
	return f;
}

TEST(a_changed_runbook_is_checked_against_what_was_recorded)
{
	struct world w;
	world_open_durable(&w);
	world_start(&w, "local a = " READ "{ name = 'a' }\n"
			"parallel{ function() sleep(0) end, function() now() end }\n"
			"return a.total");
	world_answer(&w, "{\"total\":1}");
	REQUIRE(world_until(&w, ended));
	size_t records = world_records(&w);

	struct found f = check(&w, "local a = " READ "{ name = 'a' } log 'new'\n"
				   "parallel{ function() sleep(0) end, function() now() end }\n"
				   "" READ "{ name = 'more' }");
	CHECK(f.same);
	CHECK_INT(f.steps, 4);
	CHECK_STR(f.message, "all 4 recorded steps were asked for again");

	f = check(&w, "\n\nlocal a = " READ "{ name = 'other' }");
	CHECK(!f.same);
	CHECK_STR(f.step, "1");
	CHECK(strstr(f.message, "step 1 is recorded as demo.read_thing, but the script asked for "
				"demo.read_thing with other arguments"));
	CHECK(strstr(f.place, "t.lua:3"));

	f = check(&w, "local a = " READ "{ name = 'a' } sleep(5)");
	CHECK_STR(f.step, "2");
	CHECK(strstr(f.message, "step 2 is recorded as parallel, but the script asked for sleep"));
	f = check(&w, "return 1");
	CHECK(
	    strstr(f.message, "step 1 (demo.read_thing) is recorded, but the script ended before"));
	f = check(&w, "return +");
	CHECK(!f.same);
	CHECK(strstr(f.message, "t.lua:1:"));

	CHECK_INT(world_records(&w), records); /* nothing was recorded, nothing called */
	CHECK_INT(w.starts, 1);
	CHECK_INT(runs_alive(w.runs), 0);
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(many_sleepers_of_another_process_wake_in_order),
				 TAP_CASE(an_approval_lasts_over_restarts_and_costs_no_memory),
				 TAP_CASE(a_changed_runbook_is_checked_against_what_was_recorded)));
}
