/* Lines of the audit log and their chain. */
#include "tap.h"

#include "audit/chain.h"
#include "audit/intents.h"

enum { NOON = 1795262400 }; /* 2026-11-21T12:00:00Z */
static const int64_t noon_ms = (int64_t)NOON * 1000;

static const struct chain_writer ops1 = { .host = "ops1", .pid = 4711 };

static uint64_t add(struct chain *c, struct buf *out, int64_t ms, const char *kind,
		    const char *members)
{
	return chain_append(c, out, &ops1, noon_ms + ms, kind, bytes_str(members), NULL);
}

static struct bytes first_line(const struct buf *b)
{
	const char *end = memchr(b->p, '\n', b->n);
	return (struct bytes){ b->p, (size_t)(end - b->p) };
}

/* The digests come from sha256sum, not from this program. */
TEST(the_bytes_of_a_record_are_fixed)
{
	struct buf b = BUF_INIT(4096);
	struct chain c;
	chain_init(&c);

	CHECK_INT(add(&c, &b, 42, "log.open", "\"segment\":\"x\""), 1);
	CHECK_INT(add(&c, &b, 43, "log.close", ""), 2);

	CHECK_STR(buf_cstr(&b),
		  "{\"v\":1,\"seq\":1,\"time\":\"2026-11-21T12:00:00.042Z\",\"host\":\"op"
		  "s1\",\"pid\":4711,\"kind\":\"log.open\",\"segment\":\"x\",\"prev\":\"0"
		  "000000000000000000000000000000000000000000000000000000000000000\",\"su"
		  "m\":\"3b9a8631de8973db\"}\n{\"v\":1,\"seq\":2,\"time\":\"2026-11-21T12"
		  ":00:00.043Z\",\"host\":\"ops1\",\"pid\":4711,\"kind\":\"log.close\",\""
		  "prev\":\"71c63bdbdf9f8ebc1239f0dfb8d6f8f16175e15a290c64e2f8dca85c89adf"
		  "0bb\",\"sum\":\"12563ad9fba181c9\"}\n");
	buf_clear(&b);
}

TEST(what_was_written_can_be_followed)
{
	struct buf b = BUF_INIT(4096);
	struct chain w, r;
	struct record rec;
	chain_init(&w);
	chain_init(&r);
	(void)add(&w, &b, 0, "log.open", "\"segment\":\"x\"");
	struct bytes line = first_line(&b);

	REQUIRE(chain_follow(&r, &rec, line, NULL) == 0);

	CHECK_INT(rec.head.seq, 1);
	CHECK_INT(rec.head.time_ms, noon_ms);
	CHECK_STR(rec.head.host, "ops1");
	CHECK_INT(rec.head.pid, 4711);
	CHECK_STR(json_get_str(rec.tree, "segment"), "x");
	CHECK_STR(r.prev, w.prev);
	record_clear(&rec);
	struct err err = { 0 };
	CHECK(chain_follow(&r, &rec, line, &err) < 0);
	CHECK_STR(err.message, "its sequence number is 1, 2 was expected");
	buf_clear(&b);
}

TEST(a_clock_that_was_set_back_is_recorded)
{
	struct buf b = BUF_INIT(4096);
	struct chain w, r;
	struct record rec;
	chain_init(&w);
	chain_init(&r);
	(void)add(&w, &b, 5000, "log.open", "");

	CHECK_INT(add(&w, &b, 1000, "run.start", "\"run\":\"a\""), 3);

	CHECK(strstr(buf_cstr(&b), "\"kind\":\"log.clock\",\"back_ms\":4000,\"prev\""));
	struct bytes rest = buf_bytes(&b);
	for (int i = 0; i < 3; i++) {
		const char *end = memchr(rest.p, '\n', rest.n);
		REQUIRE(end);
		size_t n = (size_t)(end - rest.p);
		REQUIRE(chain_follow(&r, &rec, (struct bytes){ rest.p, n }, NULL) == 0);
		record_clear(&rec);
		rest.p += n + 1;
		rest.n -= n + 1;
	}
	CHECK_INT(rest.n, 0);
	buf_clear(&b);
}

TEST(a_time_that_goes_back_without_a_word_is_bad)
{
	struct buf first = BUF_INIT(4096), second = BUF_INIT(4096);
	struct chain w, r;
	struct record rec;
	struct err err = { 0 };
	chain_init(&w);
	chain_init(&r);
	(void)add(&w, &first, 5000, "log.open", "");
	w.time_ms = 0; /* a writer that does not look */
	(void)add(&w, &second, 1000, "run.start", "");

	REQUIRE(chain_follow(&r, &rec, first_line(&first), NULL) == 0);
	record_clear(&rec);
	CHECK(chain_follow(&r, &rec, first_line(&second), &err) < 0);

	CHECK_STR(err.message, "its time is 4000 ms before that of the record before it");
	buf_clear(&first);
	buf_clear(&second);
}

TEST(a_record_that_does_not_fit_leaves_no_trace)
{
	struct buf b = BUF_INIT(300);
	struct chain c;
	struct err err = { 0 };
	char big[301];
	chain_init(&c);
	REQUIRE(add(&c, &b, 0, "log.open", "") == 1);
	struct chain before = c;
	size_t n = b.n;
	memset(big, ' ', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';

	CHECK_INT(chain_append(&c, &b, &ops1, noon_ms, "run.start", bytes_str(big), &err), 0);

	CHECK_INT(err.code, ERR_LIMIT);
	CHECK_INT(b.n, n);
	CHECK_STR(c.prev, before.prev);
	CHECK_INT(c.seq, 1);
	buf_clear(&b);
}

static int settle(struct intents *in, uint64_t seq, const char *members, struct err *err)
{
	struct buf b = BUF_INIT(4096);
	struct chain c;
	struct record r;
	chain_init(&c);
	record_write(&b,
		     &(struct record_head){ .seq = seq,
					    .time_ms = noon_ms,
					    .host = "h",
					    .pid = 1,
					    .kind = strstr(members, "outcome") ? "call.outcome"
									       : "call.intent" },
		     bytes_str(members), c.prev);
	int rc = record_parse(&r, buf_bytes(&b), err);
	if (rc == 0) {
		rc = intents_follow(in, &r, err);
		record_clear(&r);
	}
	buf_clear(&b);
	return rc;
}

TEST(every_outcome_names_one_open_intent)
{
	struct intents in = INTENTS_INIT(false);
	struct err err = { 0 };
	CHECK_INT(settle(&in, 2, "\"run\":\"a\"", NULL), 0);
	CHECK_INT(settle(&in, 3, "\"run\":\"b\"", NULL), 0);
	CHECK_INT(intents_open(&in), 2);

	CHECK_INT(settle(&in, 4, "\"intent\":2,\"outcome\":\"ok\"", NULL), 0);
	CHECK(settle(&in, 5, "\"intent\":2,\"outcome\":\"ok\"", &err) < 0);
	CHECK_STR(err.message,
		  "an outcome names intent 2, which was never recorded here or has its outcome "
		  "already");
	CHECK(settle(&in, 5, "\"intent\":7,\"outcome\":\"ok\"", NULL) < 0);
	CHECK(settle(&in, 5, "\"outcome\":\"ok\"", NULL) < 0);
	CHECK(settle(&in, 5, "\"intent\":3,\"outcome\":\"fine\"", NULL) < 0);
	CHECK_INT(settle(&in, 5, "\"intent\":3,\"outcome\":\"unknown\"", NULL), 0);

	CHECK_INT(intents_open(&in), 0);
	CHECK_INT(in.seen, 2);
	CHECK_INT(in.unknown, 1);
	intents_clear(&in);
}

TEST(memory_follows_the_open_calls_not_the_log)
{
	struct intents in = INTENTS_INIT(true);
	char members[64];
	REQUIRE(settle(&in, 1, "\"run\":\"stays open\",\"step\":\"3\",\"x\":1", NULL) == 0);
	for (uint64_t seq = 2; seq < 4000; seq += 2) {
		REQUIRE(settle(&in, seq, "\"run\":\"a\"", NULL) == 0);
		(void)snprintf(members, sizeof(members), "\"intent\":%d,\"outcome\":\"ok\"",
			       (int)seq);
		REQUIRE(settle(&in, seq + 1, members, NULL) == 0);
	}
	CHECK_INT(intents_open(&in), 1);
	CHECK_INT(in.v[0].seq, 1);
	CHECK_STR(in.v[0].members, ",\"run\":\"stays open\",\"step\":\"3\"");
	CHECK(in.cap <= 64);
	intents_clear(&in);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(the_bytes_of_a_record_are_fixed),
				 TAP_CASE(what_was_written_can_be_followed),
				 TAP_CASE(a_clock_that_was_set_back_is_recorded),
				 TAP_CASE(a_time_that_goes_back_without_a_word_is_bad),
				 TAP_CASE(a_record_that_does_not_fit_leaves_no_trace),
				 TAP_CASE(every_outcome_names_one_open_intent),
				 TAP_CASE(memory_follows_the_open_calls_not_the_log)));
}
