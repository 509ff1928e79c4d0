#include "cli/look.h"

#include <stdio.h>
#include <string.h>

#include "admin/query.h"
#include "cli/command.h"
#include "cli/host.h"
#include "cli/owner.h"
#include "cli/shown_args.h"
#include "script/hold.h"
#include "store/store.h"

/* An owner that is silent for so long is not waited for: the store can be read beside it. */
enum { OWNER_ANSWER_MS = 3000 };

static int read_store(struct host *h, const cJSON *request, cJSON **answer, struct err *err)
{
	struct query q = { .redact = shown_args, .arg = h };
	struct state_lock lock;
	int rc = host_find_store(h, err);
	q.unowned = state_lock_keep_free(&lock, h->config->state_dir);
	if (rc == 0)
		rc = store_reader_open(&q.reader, h->store, err);
	if (rc == 0)
		rc = query_request(&q, request, answer, err);
	store_reader_close(q.reader);
	state_lock_release(&lock);
	return rc;
}

int look_read(struct config *config, const cJSON *request, cJSON **answer, struct err *err)
{
	struct host h;
	int rc = host_open(&h, config, err);
	if (rc == 0)
		rc = read_store(&h, request, answer, err);
	return host_close(&h, EXIT_DONE) == EXIT_DONE || rc < 0
		   ? rc
		   : err_set(err, ERR_IO, "the program could not be ended in order");
}

static void tell_hold(const char *state_dir)
{
	struct hold_note note;
	char text[HOLD_TEXT_SIZE];
	if (!hold_read(&note, state_dir))
		return;
	hold_say(text, &note);
	(void)fprintf(stderr, "every change is %s\n", text);
}

static int fetch(struct config *config, const cJSON *request, cJSON **answer, struct err *err)
{
	int rc = owner_ask(config, request, OWNER_ANSWER_MS, answer, err);
	bool silent = rc == 1 || rc == -ERR_TIMEOUT || rc == -ERR_IO; /* not there, stopped, gone */
	return silent ? look_read(config, request, answer, err) : rc;
}

int look_fetch(const char *file, cJSON *request, cJSON **answer, struct err *err)
{
	struct config config = { 0 };
	int rc =
	    request ? config_load(&config, file, err) : err_set(err, ERR_NOMEM, "out of memory");
	if (rc == 0)
		tell_hold(config.state_dir);
	if (rc == 0)
		rc = fetch(&config, request, answer, err);
	config_clear(&config);
	cJSON_Delete(request);
	return rc;
}

int look_find(char id[RUN_ID_SIZE], const char *file, const char *run, struct err *err)
{
	struct config config = { 0 };
	cJSON *request = look_request("find"), *answer = NULL;
	if (strlen(run) == RUN_ID_SIZE - 1) { /* it may be so new that it is not on record */
		cJSON_Delete(request);
		(void)snprintf(id, RUN_ID_SIZE, "%s", run);
		return 0;
	}
	int rc = request && cJSON_AddStringToObject(request, "run", run)
		     ? config_load(&config, file, err)
		     : err_set(err, ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = fetch(&config, request, &answer, err);
	if (rc == 0)
		(void)snprintf(id, RUN_ID_SIZE, "%s", json_get_str(answer, "run"));
	config_clear(&config);
	cJSON_Delete(request);
	cJSON_Delete(answer);
	return rc;
}

cJSON *look_request(const char *op)
{
	cJSON *o = cJSON_CreateObject();
	if (o)
		(void)cJSON_AddStringToObject(o, "op", op);
	return o;
}
