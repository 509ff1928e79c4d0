/* Links with which people approve: what is signed, and that any other part kills them. */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "admin/approval_page.h"
#include "trigger/approval_link.h"

enum { URL_SIZE = 4096, UNTIL = 1000000 };
#define KEY BYTES_LIT("0123456789abcdef0123456789abcdef")
#define BASE "https://ops.example/base"

static struct approval_link link_of(const char *person)
{
	struct approval_link l = { .attempt = 2, .approve = true, .until_ms = UNTIL };
	CHECK(approval_link_fill(&l, "0199aaaa-0000-7000-8000-000000000000", "4.2.1", person));
	return l;
}

static void write_link(char out[URL_SIZE], const struct approval_link *l)
{
	struct buf url = BUF_INIT(URL_SIZE);
	CHECK_INT(approval_link_write(&url, BASE, KEY, l), 0);
	(void)snprintf(out, URL_SIZE, "%s", buf_cstr(&url));
	buf_clear(&url);
}

static enum approval_link_state read_url(struct approval_link *out, const char *url,
					 struct bytes key, int64_t now_ms)
{
	char path[URL_SIZE];
	(void)snprintf(path, sizeof(path), "%s", url + strlen(BASE));
	char *query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	return approval_link_read(out, path, query ? query : "", key, now_ms);
}

TEST(a_link_is_read_as_it_was_written)
{
	char url[URL_SIZE];
	struct approval_link got, l = link_of("J\xC3\xBCrgen&by=x+%/");
	write_link(url, &l);
	CHECK(strncmp(url, BASE "/approvals/0199aaaa-0000-7000-8000-000000000000/4.2.1?attempt=2&",
		      strlen(BASE) + 64) == 0);
	CHECK(strstr(url, "&by=J%C3%BCrgen%26by%3Dx%2B%25%2F&do=approve&until=1000000&sig="));

	CHECK_INT(read_url(&got, url, KEY, UNTIL - 1), APPROVAL_LINK_GOOD);
	CHECK_STR(got.run, l.run);
	CHECK_STR(got.step, "4.2.1");
	CHECK_STR(got.person, l.person);
	CHECK_INT(got.attempt, 2);
	CHECK(got.approve);
	CHECK_INT(got.until_ms, UNTIL);
	CHECK_INT(read_url(&got, url, KEY, UNTIL), APPROVAL_LINK_LATE);
	CHECK_INT(read_url(&got, url, BYTES_LIT("another key of some length......"), 0),
		  APPROVAL_LINK_WRONG);
}

TEST(the_signature_is_of_a_text_that_others_can_make_too)
{
	char url[URL_SIZE];
	struct approval_link l = link_of("ann");
	write_link(url, &l);
	/* printf 'runbook-approval-v1\n0199aaaa-...\n2\n4.2.1\nann\napprove\n1000000' |
	 *	openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef */
	CHECK_STR(strstr(url, "&sig=") + 5,
		  "ed10db963a886e79c47464a809ef943ee2e37f3b4e44e27db9b61a1796f7f626");
}

TEST(every_character_of_a_link_counts)
{
	char url[URL_SIZE];
	struct approval_link got, l = link_of("ann");
	write_link(url, &l);
	for (char *at = url + strlen(BASE); *at; at++) {
		static const char others[] = "0a&?=/.%";
		char was = *at;
		for (const char *o = others; *o; o++) {
			if (*o == was)
				continue;
			*at = *o;
			if (!CHECK(read_url(&got, url, KEY, 0) == APPROVAL_LINK_WRONG))
				TAP_NOTE("%s", url);
		}
		*at = was;
	}
	CHECK_INT(read_url(&got, url, KEY, 0), APPROVAL_LINK_GOOD);
}

TEST(parts_that_lack_or_come_twice_are_wrong)
{
	static const char *const more[] = {
		"&by=ann", "&x=1", "&sig=", "&", "&&", "0", "%00", "&by"
	};
	char url[URL_SIZE], changed[URL_SIZE + 16];
	struct approval_link got, l = link_of("ann");
	write_link(url, &l);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		(void)snprintf(changed, sizeof(changed), "%s%s", url, more[i]);
		bool same = strcmp(more[i], "&") == 0; /* an end without a part says nothing */
		CHECK_INT(read_url(&got, changed, KEY, 0),
			  same ? APPROVAL_LINK_GOOD : APPROVAL_LINK_WRONG);
	}
	for (size_t n = strlen(BASE); n < strlen(url); n++) {
		(void)snprintf(changed, sizeof(changed), "%.*s", (int)n, url);
		CHECK_INT(read_url(&got, changed, KEY, 0), APPROVAL_LINK_WRONG);
	}
}

TEST(names_that_could_be_read_otherwise_are_refused)
{
	struct approval_link l = { 0 };
	CHECK(!approval_link_fill(&l, "r", "1", ""));
	CHECK(!approval_link_fill(&l, "r", "1", "ann bob"));
	CHECK(!approval_link_fill(&l, "r", "1", "ann\nbob"));
	CHECK(!approval_link_fill(&l, "r", "1", "ann\xFF"));
	CHECK(!approval_link_fill(&l, "r/1", "1", "ann"));
	CHECK(!approval_link_fill(&l, "r", "1?", "ann"));
	CHECK(!approval_link_fill(&l, "", "1", "ann"));
	CHECK(approval_link_fill(&l, "r", "1", "ann@ops.example"));
}

static void check_comment(const char *body, const char *want)
{
	char got[APPROVAL_COMMENT_SIZE];
	approval_form_comment(got, bytes_str(body));
	CHECK_STR(got, want);
}

TEST(a_comment_comes_as_browsers_send_it)
{
	check_comment("", "");
	check_comment("comment=", "");
	check_comment("comment=fine+by+me%21", "fine by me!");
	check_comment("a=b&comment=x%3D%26y&c", "x=&y");
	check_comment("comment=%zz%4", "%zz%4");
	check_comment("comment=a%00b", "");
	check_comment("comment=%FF", "");
	char body[8 + 2000 + 1] = "comment=", got[APPROVAL_COMMENT_SIZE];
	for (size_t i = 8; i + 2 < sizeof(body); i += 2)
		memcpy(body + i, "\xC3\xA4", 3);
	approval_form_comment(got, bytes_str(body));
	CHECK_INT(strlen(got), 1534); /* not in the middle of a character */
}

/* ---- the page ---- */

static char *page_of(const char *run, int attempt, const char *step)
{
	struct html page = HTML_INIT;
	cJSON *v = json_parse(bytes_str(run), NULL);
	const struct approval_ask_page p = {
		.run = v, .attempt = attempt, .step = step, .person = "ann", .approve = true
	};
	bool asked = approval_page_ask(&page, &p);
	CHECK_INT(asked, page.out.n > 0);
	char *text = asked ? strdup(buf_cstr(&page.out)) : NULL;
	html_clear(&page);
	cJSON_Delete(v);
	return text;
}

TEST(a_page_escapes_what_runs_say)
{
	char *page = page_of(
	    "{\"id\":\"r\",\"attempt\":1,\"path\":\"<b>\",\"reason\":\"\\\"'&\xE2\x80\xAE\","
	    "\"approvals\":[{\"path\":\"1\",\"open\":true,\"needed\":2,"
	    "\"subject\":\"</dd><script>x</script>\\n\",\"details\":{\"args\":{\"a\":\"<\"}},"
	    "\"votes\":[{\"voter\":\"<i>\",\"approve\":true}]}]}",
	    1, "1");
	REQUIRE(page);
	CHECK(strstr(page, "&lt;/dd&gt;&lt;script&gt;x&lt;/script&gt;\n</dd>"));
	CHECK(strstr(page, "&quot;&#39;&amp;\xEF\xBF\xBD")); /* nothing that turns text around */
	CHECK(strstr(page, "{&quot;a&quot;:&quot;&lt;&quot;}"));
	CHECK(strstr(page, "approved by</dt><dd>&lt;i&gt;"));
	CHECK(!strstr(page, "<script") && !strstr(page, "<b>") && !strstr(page, "<i>"));
	free(page);
}

static bool has_page(const char *run, int attempt, const char *step)
{
	char *page = page_of(run, attempt, step);
	bool has = page != NULL;
	free(page);
	return has;
}

TEST(there_is_no_page_for_what_waits_no_more)
{
	static const char run[] = "{\"id\":\"r\",\"attempt\":2,\"approvals\":[{\"path\":\"1\","
				  "\"open\":false},{\"path\":\"2\",\"open\":true}]}";
	CHECK(!has_page(run, 2, "1"));
	CHECK(!has_page(run, 2, "3"));
	CHECK(!has_page(run, 1, "2")); /* of an attempt before */
	CHECK(has_page(run, 2, "2"));
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_link_is_read_as_it_was_written),
				 TAP_CASE(the_signature_is_of_a_text_that_others_can_make_too),
				 TAP_CASE(every_character_of_a_link_counts),
				 TAP_CASE(parts_that_lack_or_come_twice_are_wrong),
				 TAP_CASE(names_that_could_be_read_otherwise_are_refused),
				 TAP_CASE(a_comment_comes_as_browsers_send_it),
				 TAP_CASE(a_page_escapes_what_runs_say),
				 TAP_CASE(there_is_no_page_for_what_waits_no_more)));
}
