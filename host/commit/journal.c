#include "commit/journal.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

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
