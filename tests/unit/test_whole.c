/* Files that have their name only once they are whole. */
#include "base/whole.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "unit/scratch.h"

static int entries(const char *dir)
{
	int n = 0;
	DIR *d = opendir(dir);
	INVARIANT(d != NULL);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2; /* . and .. */
}

static void read_text(char out[16], const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(out, 1, 15, f) : 0;
	out[n] = '\0';
	INVARIANT(f && fclose(f) == 0);
}

TEST(the_first_of_two_stays_and_nothing_else_is_left)
{
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 8], text[16];
	struct stat st;
	scratch_begin(dir);
	(void)snprintf(path, sizeof(path), "%s/file", dir);

	CHECK_INT(create_whole(path, BYTES_LIT("first"), 0600, NULL), 0);
	CHECK_INT(create_whole(path, BYTES_LIT("second"), 0644, NULL), 1);

	read_text(text, path);
	CHECK_STR(text, "first");
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK_INT(entries(dir), 1);
	scratch_end(dir);
}

TEST(what_cannot_be_created_is_named)
{
	char path[8192];
	struct err err = { 0 };
	CHECK_INT(create_whole("no/such/file", BYTES_LIT(""), 0600, &err), -ERR_IO);
	CHECK_STR(err.message, "no/such/file: cannot create it: No such file or directory");
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(create_whole(path, BYTES_LIT(""), 0600, &err), -ERR_INVALID);
	CHECK_INT(sync_folder_of("no/such/file", &err), -ERR_IO);
	CHECK(strstr(err.message, "no/such/file"));
}

/* Each way in which a path says where it is. */
TEST(the_folder_of_a_path_is_found)
{
	CHECK_INT(sync_folder_of("here", NULL), 0);
	CHECK_INT(sync_folder_of("./here", NULL), 0);
	CHECK_INT(sync_folder_of("/here", NULL), 0);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(the_first_of_two_stays_and_nothing_else_is_left),
				 TAP_CASE(what_cannot_be_created_is_named),
				 TAP_CASE(the_folder_of_a_path_is_found)));
}
