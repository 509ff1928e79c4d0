/* The configuration reader: what it takes, and how precisely it refuses. */
#include "tap.h"

#include "base/buf.h"
#include "base/ini.h"

static const char *value_of(const struct ini *ini, const char *kind, const char *name,
			    const char *key)
{
	const struct ini_key *k = ini_key(ini_section(ini, kind, name), key);
	return k ? k->value : "(none)";
}

TEST(sections_keys_and_quotes_are_read)
{
	struct ini *ini = NULL;
	REQUIRE(ini_parse(&ini,
			  bytes_str("# c\r\n[host]\r\nstate_dir = /var/lib/x  \r\n ; c\n\n"
				    "[ schedule  every night ]\ncron = */5 * * * *\nempty=\n"
				    "input = \" {\\\"a\\\":\\\\ \\n} \""),
			  "f.conf", NULL) == 0);

	CHECK_INT(ini->n_sections, 2);
	CHECK_STR(value_of(ini, "host", "", "state_dir"), "/var/lib/x");
	CHECK_STR(value_of(ini, "schedule", "every night", "cron"), "*/5 * * * *");
	CHECK_STR(value_of(ini, "schedule", "every night", "empty"), "");
	CHECK_STR(value_of(ini, "schedule", "every night", "input"), " {\"a\":\\ \n} ");
	CHECK_STR(value_of(ini, "host", "", "nothing"), "(none)");
	CHECK_INT(ini_key(ini_section(ini, "schedule", "every night"), "cron")->line, 7);
	ini_free(ini);
}

TEST(an_empty_file_has_no_sections)
{
	struct ini *ini = NULL;
	REQUIRE(ini_parse(&ini, bytes_str("\n# only a comment"), "f.conf", NULL) == 0);
	CHECK_INT(ini->n_sections, 0);
	ini_free(ini);
}

TEST(mistakes_name_file_and_line)
{
	static const char *const cases[][2] = {
		{ "a = 1", "f.conf:1: expected a [section] before the first key: a = 1" },
		{ "[x]\nnothing",
		  "f.conf:2: expected key = value, [section] or a # comment: nothing" },
		{ "[x]\n= 1", "f.conf:2: expected key = value, [section] or a # comment: = 1" },
		{ "[x", "f.conf:1: expected ']' at the end of a section: [x" },
		{ "[]", "f.conf:1: expected [kind] or [kind name]: []" },
		{ "[x]\na=1\na=2", "f.conf:3: key a is there twice, first in line 2" },
		{ "[x]\n[y]\n[x]", "f.conf:3: section x is there twice, first in line 1" },
		{ "[x y]\n\n[x  y]", "f.conf:3: section y is there twice, first in line 1" },
		{ "[x]\na=\"b", "f.conf:2: expected '\"' at the end of a quoted value: \"b" },
		{ "[x]\na=\"b\"c\"", "f.conf:2: text follows the closing quote: \"b\"c\"" },
		{ "[x]\na=\"\\q\"", "f.conf:2: expected \\\" \\\\ or \\n: \"\\q\"" },
		{ "[x]\na=\"\\\"", "f.conf:2: expected \\\" \\\\ or \\n: \"\\\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ini *ini = NULL;
		struct err err = { 0 };
		CHECK(ini_parse(&ini, bytes_str(cases[i][0]), "f.conf", &err) < 0);
		CHECK_STR(err.message, cases[i][1]);
	}
}

TEST(many_keys_keep_their_order)
{
	struct buf text = BUF_INIT(1 << 16);
	struct ini *ini = NULL;
	buf_adds(&text, "[x]\n");
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "k%d=%d\n", i, i);
	REQUIRE(ini_parse(&ini, buf_bytes(&text), "f", NULL) == 0);
	REQUIRE(ini->sections[0].n_keys == 1000);
	CHECK_STR(ini->sections[0].keys[999].value, "999");
	ini_free(ini);
	buf_clear(&text);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(sections_keys_and_quotes_are_read), TAP_CASE(an_empty_file_has_no_sections),
	    TAP_CASE(mistakes_name_file_and_line), TAP_CASE(many_keys_keep_their_order)));
}
