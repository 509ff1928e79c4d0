/* run_leave.c - a run whose waits are long leaves memory, once all that is known of it is in the store. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "script/rows.h"
#include "script/run_wake.h"
#include "script/runs_private.h"

/* When the first of its branches goes on by itself; 0: one waits for something else. */
static int64_t wakes_at(const struct run *r, const char **waits_for)
{
	int64_t first = INT64_MAX;
	*waits_for = NULL;
	for (const struct branch *b = r->branches; b; b = b->next) {
		if (b->wait.kind == WAIT_BRANCHES)
			continue;
		if (b->wait.came || (b->wait.kind != WAIT_SLEEP && b->wait.kind != WAIT_APPROVAL))
			return 0;
		if (!*waits_for || b->wait.kind == WAIT_APPROVAL)
			*waits_for = b->wait.kind == WAIT_APPROVAL ? "approval" : "sleep";
		if (b->wait.until_ms < first)
			first = b->wait.until_ms;
	}
	return first;
}

struct leaving {
	struct runs_handle *handle;
	uint64_t number, moved;
};

static struct run *find_unmoved(const struct leaving *l)
{
	struct runs *runs = l->handle->runs;
	struct run_key *k = runs ? run_index_by_number(&runs->index, l->number) : NULL;
	struct run *r = k && !k->asleep ? CONTAINER_OF(k, struct run, key) : NULL;
	return r && r->moved == l->moved && !runs->suspending && r->sm.now == RUN_M_WAITING ? r
											    : NULL;
}

/* All that is known of it is in the store. */
static void on_leave_durable(void *arg, const struct err *err)
{
	struct leaving *l = arg;
	struct run *r = err->code == 0 ? find_unmoved(l) : NULL;
	if (r) {
		struct runs *runs = r->runs;
		const char *waits_for;
		char id[RUN_ID_SIZE];
		struct run_listener listener = r->listener;
		int64_t wake_ms = wakes_at(r, &waits_for);
		if (r->facts.deadline_ms > 0 && r->facts.deadline_ms < wake_ms)
			wake_ms = r->facts.deadline_ms;
		memcpy(id, r->facts.id, sizeof(id));
		run_drop(r);
		sleepers_add(runs->sleepers, id, wake_ms, &listener, SLEEP_PLAIN);
		runs_made_room(runs);
	}
	runs_handle_release(l->handle);
	free(l);
}

void run_consider_leaving(struct run *r)
{
	struct runs *runs = r->runs;
	const char *waits_for = NULL;
	journal_free(r->replayed);
	r->replayed = NULL;
	int64_t wake_ms = runs->store_path && !r->check ? wakes_at(r, &waits_for) : 0;
	/* without a log its journal is not whole (rows.c), and only memory knows where it is */
	if (wake_ms == 0 || !waits_for || commit_failed(runs->committer, NULL))
		return;
	bool far = wake_ms - clock_wall_ms() > runs->passive_ms;
	if (far || strcmp(waits_for, "approval") == 0)
		rows_run_waits(r, wake_ms, waits_for);
	struct leaving *l = far ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return;
	*l = (struct leaving){ runs->handle, r->key.number, r->moved };
	runs->handle->refs++;
	commit_flush(runs->committer, on_leave_durable, l);
}
