/*
 * tz_probe.c - says when the local time of zones changes its distance from UTC, for a comparison
 * with another implementation (tests/integration/zones.py).
 *
 *	tz_probe FROM TO STEP < names      "NAME OFFSET TIME OFFSET TIME OFFSET ..." for each
 *
 * Looks every STEP seconds and closes in on a change to the second.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/tz.h"

static int64_t first_with(const struct tz *z, int64_t low, int64_t high)
{
	int32_t offset = tz_offset(z, high);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (tz_offset(z, middle) == offset)
			high = middle;
		else
			low = middle;
	}
	return high;
}

static void probe(const char *name, int64_t from, int64_t to, int64_t step)
{
	struct tz *z = NULL;
	struct err err = { 0 };
	if (tz_open(&z, name, &err) < 0) {
		(void)printf("%s error: %s\n", name, err.message);
		return;
	}
	(void)printf("%s %d", name, (int)tz_offset(z, from));
	for (int64_t at = from; at < to; at += step) {
		if (tz_offset(z, at) == tz_offset(z, at + step))
			continue;
		int64_t change = first_with(z, at, at + step);
		(void)printf(" %" PRId64 " %d", change, (int)tz_offset(z, change));
	}
	(void)printf("\n");
	tz_free(z);
}

static bool read_number(int64_t *out, const char *text)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	bool ok = json_int_token(v, out);
	cJSON_Delete(v);
	return ok;
}

int main(int argc, char **argv)
{
	char name[256];
	int64_t from, to, step;
	if (argc != 4 || !read_number(&from, argv[1]) || !read_number(&to, argv[2]) ||
	    !read_number(&step, argv[3]) || step <= 0)
		return 2;
	while (fgets(name, sizeof(name), stdin)) {
		name[strcspn(name, "\n")] = '\0';
		probe(name, from, to, step);
	}
	return 0;
}
