/* What pages are written with: escaping; members of forms and cookies. */
#include "tap.h"

#include <inttypes.h>
#include <string.h>

#include "admin/form.h"
#include "admin/html.h"

static const char *text_of(struct html *h)
{
	static char out[2000];
	(void)snprintf(out, sizeof(out), "%s", buf_cstr(&h->out));
	html_clear(h);
	return out;
}

static const char *escaped(const char *text)
{
	struct html h = HTML_INIT;
	html_add(&h, "%s", text);
	return text_of(&h);
}

TEST(what_comes_in_is_no_markup)
{
	CHECK_STR(escaped("<script>alert('x')</script>"),
		  "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
	CHECK_STR(escaped("\" onclick=\"a&b"), "&quot; onclick=&quot;a&amp;b");
	CHECK_STR(escaped("%s %d &lt; %%"), "%s %d &amp;lt; %%");
	CHECK_STR(escaped(NULL), "");
}

TEST(only_characters_that_are_seen_get_through)
{
	CHECK_STR(escaped("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
		  "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
	CHECK_STR(escaped("a\xff\xc0\xbc"
			  "b"),
		  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		  "b");
	CHECK_STR(escaped("a\x1b[31m\x7f\tb\n"), "a\xef\xbf\xbd[31m\xef\xbf\xbd\tb\n");
	const char turned[] = { (char)0xe2, (char)0x80, (char)0xae, 't', '\0' };
	CHECK_STR(escaped(turned), "\xef\xbf\xbdt");
	CHECK_STR(escaped("dr\xe2\x80\x8bop"), "dr\xef\xbf\xbdop"); /* U+200B has no width */
	CHECK_STR(escaped("\xc3"), "\xef\xbf\xbd");
}

TEST(a_format_has_markup_and_numbers)
{
	struct html h = HTML_INIT;
	html_add(&h, "<b class=\"%s\">%d%% %zu %" PRId64 " %.1f</b>", "a\"b", -1, (size_t)7,
		 INT64_C(9007199254740993), 2.25);
	CHECK_STR(text_of(&h), "<b class=\"a&quot;b\">-1% 7 9007199254740993 2.2</b>");
	html_path(&h, "a/../b?c=d&\"e\"<");
	CHECK_STR(text_of(&h), "a%2F..%2Fb%3Fc%3Dd%26%22e%22%3C");
}

TEST(json_is_shown_escaped)
{
	struct html h = HTML_INIT;
	cJSON *v = json_parse(BYTES_LIT("{\"a\":\"</pre><b>\xc3\xbc\"}"), NULL);
	html_json(&h, v);
	CHECK_STR(text_of(&h), "{&quot;a&quot;:&quot;&lt;/pre&gt;&lt;b&gt;\xc3\xbc&quot;}");
	html_json(&h, NULL);
	CHECK_STR(text_of(&h), "");
	cJSON_Delete(v);
}

/* How many bytes of the text stand there before the mark; -1: there is no mark. */
static int cut_at(const struct html *h)
{
	const char *text = buf_cstr(&h->out), *mark = strstr(text, "\xe2\x80\xa6 (cut)");
	return mark ? (int)(mark - text) : -1;
}

TEST(a_long_text_is_cut_between_characters)
{
	static char text[HTML_TEXT_MAX + 3];
	struct html h = HTML_INIT;
	memset(text, 'x', HTML_TEXT_MAX - 1);
	memcpy(text + HTML_TEXT_MAX - 1, "y", 2);
	html_add(&h, "%s", text);
	CHECK_INT(cut_at(&h), -1);
	html_clear(&h);
	memcpy(text + HTML_TEXT_MAX - 1, "\xc3\xbc", 3); /* its last byte is one too many */
	html_add(&h, "%s", text);
	CHECK_INT(cut_at(&h), HTML_TEXT_MAX - 1);
	html_clear(&h);
	cJSON *v = cJSON_CreateString(text);
	html_json(&h, v);
	CHECK_INT(cut_at(&h), HTML_TEXT_MAX + 5); /* a quote, which is six */
	html_clear(&h);
	cJSON_Delete(v);
}

static const char *member(const char *form, const char *name)
{
	static char out[16];
	return form_get(bytes_str(form), name, out, sizeof(out)) ? out : out[0] ? "left" : "none";
}

TEST(members_of_forms)
{
	CHECK_STR(member("a=1&b=x+y%21&c=", "b"), "x y!");
	CHECK_STR(member("a=1&b=x+y%21&c=", "a"), "1");
	CHECK_STR(member("a=1&b=x+y%21&c=", "c"), "none");
	CHECK_STR(member("%61=1", "a"), "1");
	CHECK_STR(member("ab=1", "a"), "none");
	CHECK_STR(member("", "a"), "none");
	CHECK_STR(member("a", "a"), "none");
}

TEST(a_member_that_is_there_twice_or_odd_is_none)
{
	CHECK_STR(member("a=1&a=2", "a"), "none");
	CHECK_STR(member("a=%00", "a"), "none");
	CHECK_STR(member("a=x%00y", "a"), "none");
	CHECK_STR(member("a=%ff", "a"), "none");
	CHECK_STR(member("a=123456789012345", "a"), "123456789012345");
	CHECK_STR(member("a=1234567890123456", "a"), "none");
}

static const char *cookie(const char *first, const char *second)
{
	static char out[16];
	const struct http_header headers[] = { { "cookie", first }, { "Cookie", second } };
	const struct http_received req = { .headers = headers, .n_headers = second ? 2 : 1 };
	return form_cookie(&req, "key", out, sizeof(out)) ? out : out[0] ? "left" : "none";
}

TEST(cookies)
{
	CHECK_STR(cookie("key=1", NULL), "1");
	CHECK_STR(cookie("other=2; key=1;monkey=3", NULL), "1");
	CHECK_STR(cookie("other=2", "key=a=b"), "a=b");
	CHECK_STR(cookie("key=1", "key=2"), "none");
	CHECK_STR(cookie("key=1; key=1", NULL), "none");
	CHECK_STR(cookie("key", NULL), "none");
	CHECK_STR(cookie("Key=1", NULL), "none");
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(what_comes_in_is_no_markup),
		      TAP_CASE(only_characters_that_are_seen_get_through),
		      TAP_CASE(a_format_has_markup_and_numbers), TAP_CASE(json_is_shown_escaped),
		      TAP_CASE(a_long_text_is_cut_between_characters), TAP_CASE(members_of_forms),
		      TAP_CASE(a_member_that_is_there_twice_or_odd_is_none), TAP_CASE(cookies)));
}
