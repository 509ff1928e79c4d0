#include "commit/journal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/lines.h"
#include "audit/segment.h"
#include "store/store.h"

enum { LOOK_BACK = 100 };

static int synced(void *arg, const char *writer, uint64_t *seq, struct err *err)
{
	struct journal *j = arg;
	return store_synced(j->reader, writer, seq, err);
}

/* One that was unknown to the process itself tells the next one nothing. */
static int lost(void *arg, const char *segment, const cJSON *record, struct bytes line,
		struct err *err)
{
	struct journal *j = arg;
	const char *run = json_get_str(record, "run"), *step = json_get_str(record, "step");
	const char *outcome = json_get_str(record, "outcome");
	if (!run || !step || !outcome || strcmp(outcome, "unknown") == 0)
		return 0;
	char *text = strndup(line.p, line.n);
	if (!text)
		return err_set(err, ERR_NOMEM, "no memory for an outcome of the audit log");
	store_add_recovered(j->lost, &(struct recovered_row){
					 .run = run,
					 .attempt = (int)json_get_int(record, "attempt", 1),
					 .path = step,
					 .segment = segment,
					 .intent = (uint64_t)json_get_int(record, "intent", 0),
					 .outcome = outcome,
					 .record = text,
				     });
	free(text);
	return 0;
}

static int keep(void *arg, struct err *err)
{
	struct journal *j = arg;
	int rc = store_batch_empty(j->lost) ? 0 : store_apply(j->store, j->lost, err);
	store_batch_clear(j->lost);
	return rc;
}

int journal_open(struct journal *j, struct store *store, const char *path, struct err *err)
{
	*j = (struct journal){ .store = store,
			       .recover = { .id = store_id(store),
					    .synced = synced,
					    .lost = lost,
					    .keep = keep,
					    .arg = j } };
	int rc = store_reader_open(&j->reader, path, err);
	return rc == 0 ? store_batch_new(&j->lost, err) : rc;
}

void journal_close(struct journal *j)
{
	store_reader_close(j->reader);
	store_batch_free(j->lost);
	*j = (struct journal){ 0 };
}

/* ---- which store it was ---- */

static bool take_id(char id[JOURNAL_ID_SIZE], const struct record *r)
{
	const char *store = json_get_str(json_get(r->tree, "journal"), "store");
	if (!store || strlen(store) >= JOURNAL_ID_SIZE ||
	    strspn(store, "0123456789abcdef") != strlen(store)) /* it is written again, as it is */
		return false;
	memcpy(id, store, strlen(store) + 1);
	return true;
}

/* A segment's first record is its log.open. */
static bool names_store(char id[JOURNAL_ID_SIZE], int dir_fd, const char *segment)
{
	struct lines lines;
	struct line line;
	struct record r;
	bool found = false;
	int fd = segment_open(dir_fd, segment, NULL);
	if (fd < 0)
		return false;
	if (lines_open(&lines, fd, 0, NULL) == 0) {
		if (lines_next(&lines, &line, NULL) == 1 &&
		    record_parse(&r, line.text, NULL) == 0) {
			found = take_id(id, &r);
			record_clear(&r);
		}
		lines_close(&lines);
	}
	(void)close(fd);
	return found;
}

static bool search(char id[JOURNAL_ID_SIZE], int dir_fd, struct segment_names *names, int *left)
{
	bool found = false;
	for (size_t i = names->n; i-- > 0 && !found && *left > 0; (*left)--)
		found = names_store(id, dir_fd, names->v[i]);
	segment_names_clear(names);
	return found;
}

void journal_before(char id[JOURNAL_ID_SIZE], int dir_fd, const char *store)
{
	struct segment_names names, days = { 0 };
	int left = LOOK_BACK;
	id[0] = '\0';
	bool found =
	    segment_list_open(&names, dir_fd, NULL) == 0 && search(id, dir_fd, &names, &left);
	if (!found && segment_list_days(&days, dir_fd, NULL) < 0)
		return;
	for (size_t i = days.n; i-- > 0 && !found && left > 0;)
		found = segment_list_day(&names, dir_fd, days.v[i], NULL) == 0 &&
			search(id, dir_fd, &names, &left);
	segment_names_clear(&days);
	if (strcmp(id, store) == 0)
		id[0] = '\0';
}
