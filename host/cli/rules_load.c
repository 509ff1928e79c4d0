#include "cli/rules_load.h"

#include "base/clock.h"
#include "script/changes.h"
#include "store/store.h"

struct loading {
	struct rules *rules;
	struct err *err;
};

static struct changes_intent intent_of(const struct step_row *s)
{
	return (struct changes_intent){
		.operation = s->operation ? s->operation : "",
		.resource = s->resource,
		.group = s->group,
		.run = s->run,
		.path = s->path,
		.at_ms = s->begun_ms,
	};
}

static int on_intent(void *arg, const struct step_row *s)
{
	struct loading *l = arg;
	const struct changes_intent i = intent_of(s);
	return rules_remember(l->rules, &i, l->err);
}

static int on_unsettled(void *arg, const struct step_row *s)
{
	struct loading *l = arg;
	const struct changes_intent i = intent_of(s);
	return rules_remember_unsettled(l->rules, &i, l->err);
}

int rules_load(struct rules *r, const char *store, struct err *err)
{
	struct store_reader *reader = NULL;
	struct loading l = { r, err };
	int rc = store_reader_open(&reader, store, err);
	if (rc == 0)
		rc = store_intents(reader, clock_wall_ms() - CHANGES_MS, on_intent, &l, err);
	if (rc == 0)
		rc = store_unsettled(reader, on_unsettled, &l, err);
	store_reader_close(reader);
	return rc;
}
