/* Pages of very much: they have an end. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/pages.h"

enum { QUOTES = 16 * 1024, MESSAGE = 256 * 1024 };

static char *many(char c, size_t n)
{
	char *text = calloc(n + 1, 1);
	if (text)
		memset(text, c, n);
	return text;
}

/* A run whose steps were given, and answered, what escaping makes longer, and failed. */
static cJSON *long_run(const char *value, const char *message)
{
	cJSON *run =
	    json_parse(BYTES_LIT("{\"id\":\"r1\",\"state\":\"done\",\"path\":\"a.lua\"}"), NULL);
	cJSON *steps = cJSON_AddArrayToObject(run, "steps");
	for (int i = 1; i <= PAGE_STEPS; i++) {
		char path[16];
		cJSON *step = cJSON_CreateObject();
		(void)snprintf(path, sizeof(path), "%d", i);
		CHECK(cJSON_AddStringToObject(step, "path", path) &&
		      cJSON_AddStringToObject(step, "operation", "test.echo") &&
		      cJSON_AddStringToObject(step, "args", value) &&
		      cJSON_AddStringToObject(step, "answer", value) &&
		      cJSON_AddStringToObject(cJSON_AddObjectToObject(step, "error"), "message",
					      message) &&
		      cJSON_AddItemToArray(steps, step));
	}
	return run;
}

static int count(const struct html *h, const char *what)
{
	int n = 0;
	for (const char *at = buf_cstr(&h->out); (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void check_run(const char *value, const char *message, int cut_of_each)
{
	const struct page_view v = { .person = "ann", .token = "t" };
	struct html h = HTML_INIT;
	cJSON *run = long_run(value, message);
	page_run(&h, &v, run, 0);
	CHECK_INT(h.out.err, 0);
	CHECK_INT(count(&h, "test.echo"), PAGE_STEPS);
	CHECK_INT(count(&h, "<summary>Answer</summary>"), PAGE_STEPS);
	CHECK_INT(count(&h, "\u2026 (cut)"), cut_of_each * PAGE_STEPS);
	CHECK_INT(count(&h, "</html>"), 1);
	html_clear(&h);
	cJSON_Delete(run);
}

TEST(long_values_and_messages_do_not_keep_a_page_from_its_end)
{
	char *quotes = many('"', QUOTES), *message = many('<', MESSAGE);
	CHECK(quotes && message);
	check_run(quotes, "no", 2);
	check_run("", message, 2); /* it stands in the row, and in the error behind it */
	free(message);
	free(quotes);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(long_values_and_messages_do_not_keep_a_page_from_its_end)));
}
