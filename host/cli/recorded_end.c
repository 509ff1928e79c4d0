#include "cli/recorded_end.h"

#include <string.h>

#include "store/store.h"

struct reading {
	void (*on_end)(void *arg, const struct run_end *end);
	void *arg;
};

static const char *text(const char *s)
{
	return s ? s : "";
}

static int tell(void *arg, const struct run_row *row)
{
	const struct reading *r = arg;
	if (!run_state_over(row->state))
		return -ERR_INVALID;
	struct run_end end = { .id = row->id,
			       .outcome = run_outcome_of(text(row->outcome)),
			       .message = text(row->message),
			       .traceback = text(row->traceback) };
	if (row->result)
		end.result = bytes_str(row->result);
	r->on_end(r->arg, &end);
	return 0;
}

int recorded_end(const struct host *h, const char *id,
		 void (*on_end)(void *arg, const struct run_end *end), void *arg, struct err *err)
{
	struct reading r = { on_end, arg };
	struct store_reader *reader = NULL;
	int rc = store_reader_open(&reader, h->store, err);
	if (rc == 0)
		rc = store_run(reader, id, tell, &r, err);
	store_reader_close(reader);
	return rc;
}
