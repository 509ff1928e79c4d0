/* The operator's switch: a file that is there or not, whole, and read as on when in doubt. */
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script/hold.h"
#include "unit/scratch.h"

struct folder {
	char dir[SCRATCH_SIZE], file[96];
};

static void folder_open(struct folder *f)
{
	scratch_begin(f->dir);
	(void)snprintf(f->file, sizeof(f->file), "%s/hold", f->dir);
}

static void folder_close(struct folder *f)
{
	(void)unlink(f->file);
	INVARIANT(rmdir(f->dir) == 0); /* nothing else is left there */
}

static struct hold_note note_of(const char *by, const char *reason)
{
	struct hold_note n = { .at_ms = INT64_C(1795300000042) };
	(void)snprintf(n.by, sizeof(n.by), "%s", by);
	(void)snprintf(n.reason, sizeof(n.reason), "%s", reason);
	return n;
}

TEST(a_switch_says_by_whom_when_and_why)
{
	struct folder f;
	struct hold_note note = note_of("ann", "\"deploy\" \\ 4711"), read;
	char text[HOLD_TEXT_SIZE];
	bool already = true;
	folder_open(&f);
	CHECK(!hold_is_set(f.dir));
	CHECK(!hold_read(&read, f.dir));

	CHECK_INT(hold_set(f.dir, &note, &already, NULL), 0);

	CHECK(!already);
	CHECK(hold_is_set(f.dir));
	CHECK(hold_read(&read, f.dir));
	hold_say(text, &read);
	CHECK_STR(text, "held since 2026-11-21T22:26:40.042Z by ann: \"deploy\" \\ 4711");
	CHECK_INT(hold_release(f.dir, NULL), 0);
	CHECK(!hold_is_set(f.dir));
	CHECK_INT(hold_release(f.dir, NULL), 0);
	folder_close(&f);
}

TEST(a_reason_is_one_line_of_whole_characters)
{
	struct folder f;
	struct hold_note note = note_of("ann", "a\nb\x1b[31m\xc2\x9b \xc3\xa9 \xff \xc3"), read;
	bool already = true;
	folder_open(&f);
	CHECK_INT(hold_set(f.dir, &note, &already, NULL), 0);
	CHECK_STR(note.reason, "a?b?[31m?? \xc3\xa9 ? ?");
	CHECK(hold_read(&read, f.dir));
	CHECK_STR(read.reason, note.reason);
	folder_close(&f);
}

TEST(the_first_of_two_stays)
{
	struct folder f;
	struct hold_note first = note_of("ann", "one"), second = note_of("bob", "two");
	bool already = false;
	folder_open(&f);
	CHECK_INT(hold_set(f.dir, &first, &already, NULL), 0);

	CHECK_INT(hold_set(f.dir, &second, &already, NULL), 0);

	CHECK(already);
	CHECK_STR(second.by, "ann");
	CHECK_STR(second.reason, "one");
	folder_close(&f);
}

TEST(a_file_that_cannot_be_understood_holds)
{
	static const char *const texts[] = { "", "{", "[]", "{\"at\":1,\"by\":null}" };
	struct folder f;
	folder_open(&f);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hold_note note;
		char text[HOLD_TEXT_SIZE];
		FILE *file = fopen(f.file, "w");
		REQUIRE(file && fputs(texts[i], file) >= 0 && fclose(file) == 0);

		CHECK(hold_is_set(f.dir));
		CHECK(hold_read(&note, f.dir));
		hold_say(text, &note);
		CHECK_STR(text, "held since a time that cannot be read by somebody");
	}
	folder_close(&f);
}

TEST(what_cannot_be_looked_at_holds)
{
	struct folder f;
	char beside[128];
	folder_open(&f);
	CHECK_INT(symlink("hold", f.file), 0); /* ELOOP */

	CHECK(hold_is_set(f.dir));
	CHECK(hold_read(NULL, f.dir));

	CHECK_INT(unlink(f.file), 0);
	CHECK_INT(mkdir(f.file, 0700), 0);
	CHECK(hold_is_set(f.dir));
	struct err err = { 0 };
	CHECK_INT(hold_release(f.dir, &err), -ERR_IO);
	(void)snprintf(beside, sizeof(beside), "%s: Is a directory", f.file);
	CHECK_STR(err.message, beside);
	CHECK_INT(rmdir(f.file), 0);
	folder_close(&f);
}

TEST(a_folder_that_is_missing_is_an_error)
{
	struct hold_note note = note_of("ann", "");
	struct err err = { 0 };
	bool already;
	CHECK_INT(hold_set("/nonexistent/state", &note, &already, &err), -ERR_IO);
	CHECK(strstr(err.message, "/nonexistent/state/hold: cannot create it"));
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_switch_says_by_whom_when_and_why),
				 TAP_CASE(a_reason_is_one_line_of_whole_characters),
				 TAP_CASE(the_first_of_two_stays),
				 TAP_CASE(a_file_that_cannot_be_understood_holds),
				 TAP_CASE(what_cannot_be_looked_at_holds),
				 TAP_CASE(a_folder_that_is_missing_is_an_error)));
}
