/* http.so without a network: which hosts, which requests, and how a call ends. */
#include "tap.h"

#include "fake_host.h"
#include "http/exchange.h"

struct world {
	struct fake_host fake;
	struct settings settings;
	struct exchange_list list;
	struct host_call call;
};

static void begin(struct world *w, const char *args)
{
	*w = (struct world){ .settings = { .max_answer = 1000 } };
	fake_init(&w->fake);
	w->settings.allow = strdup("a.example *.b.example");
	w->call.args = bytes_str(args);
	w->call.deadline_ms = w->fake.mono_ms + 60000;
	const struct request_spec spec = { &w->fake.api, &w->settings };
	exchange_start(&w->list, &spec, &w->call);
}

static void end(struct world *w)
{
	exchange_stop_all(&w->list);
	settings_clear(&w->settings);
	fake_clear(&w->fake);
}

static int refuse(struct host_call *call, struct err *err)
{
	(void)call;
	return err_named(err, ERR_LIMIT, "PolicyDenied", "held");
}

TEST(a_url_is_read_as_it_will_be_called)
{
	struct address a;

	CHECK_INT(address_read(&a, "https://Hooks.Example.org:8443/a?b", NULL), 0);
	CHECK_STR(a.host, "hooks.example.org");
	CHECK_INT(a.port, 8443);
	CHECK_INT(a.origin, 30);
	CHECK_INT(address_read(&a, "http://[::1]", NULL), 0);
	CHECK(!a.tls && a.port == 80 && address_is_loopback(&a));
}

TEST(a_url_that_can_be_read_in_two_ways_is_refused)
{
	static const char *const bad[] = {
		"",
		"https://",
		"https:///a",
		"HTTPS://a.example",
		"ftp://a.example/",
		"https://a.example@b/",
		"https://u:p@a.example/",
		"https://a.example:/",
		"https://a.example:0/",
		"https://a.example:65536/",
		"https://a.example:80:90/",
		"https://a.example\\@b/",
		"https://a.example#@b/",
		"https://a.example/#x",
		"https://a.example /",
		"https://a.example/\r\nX: y",
		"https://[::1",
		"https://[::1%25lo]/",
		"https://%61.example/",
		"https://\xc3\xa4.example/",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct address a;
		struct err err = { 0 };
		if (!CHECK(address_read(&a, bad[i], &err) == -ERR_INVALID))
			TAP_NOTE("%s", bad[i]);
		CHECK_STR(err.name, "InvalidUrl");
	}
}

TEST(a_list_means_hosts_and_not_what_looks_like_them)
{
	static const struct {
		const char *url, *list;
		bool listed;
	} cases[] = {
		{ "https://a.example/", "a.example", true },
		{ "https://a.example:8443/", "a.example", true },
		{ "https://a.example:8443/", "a.example:443", false },
		{ "https://a.example/", "x, A.EXAMPLE:443", true },
		{ "https://b.a.example/", "a.example", false },
		{ "https://b.a.example/", "*.a.example", true },
		{ "https://a.example/", "*.a.example", false },
		{ "https://xa.example/", "*.a.example", false },
		{ "https://a.example.evil/", "a.example *.a.example", false },
		{ "https://a.example./", "a.example", false },
		{ "https://a.example/", "", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address a;
		CHECK_INT(address_read(&a, cases[i].url, NULL), 0);
		if (!CHECK(address_listed(&a, cases[i].list) == cases[i].listed))
			TAP_NOTE("%s in '%s'", cases[i].url, cases[i].list);
	}
	CHECK_INT(address_check_list("* a.example", NULL), -ERR_INVALID);
	CHECK_INT(address_check_list("https://a.example", NULL), -ERR_INVALID);
	CHECK_INT(address_check_list("a.example:0", NULL), -ERR_INVALID);
}

TEST(a_request_is_sent_with_its_secrets)
{
	struct world w;
	begin(&w, "{\"url\":\"https://a.example/${one}\",\"secrets\":[\"one\"],"
		  "\"headers\":{\"X\":\"${one}${two}\"},\"json\":[\"${one}\",{\"a\":\"${\"}]}");

	CHECK_INT(w.fake.sends, 0);
	CHECK(fake_fire(&w.fake));

	CHECK_STR(buf_cstr(&w.fake.url), "https://a.example/ONE");
	CHECK_STR(buf_cstr(&w.fake.body), "[\"ONE\",{\"a\":\"${\"}]");
	CHECK(strstr(buf_cstr(&w.fake.headers), "X: ONE${two}\n"));
	CHECK(strstr(buf_cstr(&w.fake.headers), "Content-Type: application/json\n"));
	CHECK_INT(w.fake.flags, HTTP_ONCE);
	CHECK(fake_answer(&w.fake, 500, "x", NULL));
	CHECK_INT(w.fake.dones, 1);
	CHECK_STR(buf_cstr(&w.fake.answer), "{\"status\":500,\"headers\":{},\"body\":\"x\"}");
	CHECK(!w.call.plugin);
	end(&w);
}

TEST(what_is_not_allowed_ends_without_a_byte)
{
	struct world w;
	begin(&w, "{\"url\":\"https://c.example/\"}");
	CHECK(fake_fire(&w.fake));
	CHECK_STR(buf_cstr(&w.fake.code), "HostNotAllowed");
	CHECK_INT(w.fake.sends, 0);
	end(&w);

	begin(&w, "{\"url\":\"https://a.example/\"}");
	w.call.may_send = refuse;
	CHECK(fake_fire(&w.fake));
	CHECK_STR(buf_cstr(&w.fake.code), "PolicyDenied");
	CHECK_INT(w.fake.sends, 0);
	end(&w);
}

/* @return whether it ended as unknown */
static bool lost(const char *more, bool maybe_sent)
{
	struct world w;
	char args[200];
	(void)snprintf(args, sizeof(args), "{\"url\":\"https://a.example/\"%s}", more);
	begin(&w, args);
	CHECK(fake_fire(&w.fake));
	w.fake.maybe_sent = maybe_sent;
	bool doubt = exchange_in_doubt(&w.call);
	struct http_answer a = { .maybe_sent = maybe_sent };
	(void)err_set(&a.err, ERR_IO, "reset");
	CHECK(fake_end(&w.fake, &a));
	CHECK_STR(buf_cstr(&w.fake.code), "ConnectionError");
	CHECK_INT(w.fake.unknown, doubt);
	end(&w);
	return doubt;
}

TEST(a_lost_answer_is_unknown_where_it_matters)
{
	CHECK(!lost("", true));
	CHECK(lost(",\"body\":\"x\"", true));
	CHECK(!lost(",\"body\":\"x\"", false));
	CHECK(lost(",\"method\":\"DELETE\"", true));
	CHECK(!lost(",\"body\":\"x\",\"resend\":true", true));
}

TEST(a_call_may_be_stopped_at_any_time)
{
	struct world w;
	begin(&w, "{\"url\":\"https://a.example/\"}");
	exchange_stop(&w.call);
	CHECK(!w.fake.timer_fn);
	exchange_stop(&w.call);
	end(&w);

	begin(&w, "{\"url\":\"https://a.example/\"}");
	CHECK(fake_fire(&w.fake));
	exchange_stop(&w.call);
	CHECK(!w.fake.http_done);
	CHECK_INT(w.fake.dones, 0);
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_url_is_read_as_it_will_be_called),
				 TAP_CASE(a_url_that_can_be_read_in_two_ways_is_refused),
				 TAP_CASE(a_list_means_hosts_and_not_what_looks_like_them),
				 TAP_CASE(a_request_is_sent_with_its_secrets),
				 TAP_CASE(what_is_not_allowed_ends_without_a_byte),
				 TAP_CASE(a_lost_answer_is_unknown_where_it_matters),
				 TAP_CASE(a_call_may_be_stopped_at_any_time)));
}
