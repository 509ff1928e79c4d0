/*
 * fuzz_definition.c - any text as a state machine.
 *
 * What is refused is refused by InvalidDefinition with a text. What is accepted runs: an execution
 * goes through a year of its life, is written out, read back by a second engine and written out
 * again, the same. Tasks are never answered; histories end by themselves at 25,000 events.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#include "local/core/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1795300000000)

enum { STEPS = 20, DEFINITION_MAX = 16 * 1024 };

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

static void no_random(void *arg, void *out, size_t n)
{
	unsigned char *count = arg;
	memset(out, ++*count, n);
}

static struct engine *new_engine(unsigned char *seed)
{
	struct engine *e = NULL;
	const struct engine_config config = { .account = "123456789012", .region = "us-east-1" };
	const struct engine_world world = { .arg = seed, .random = no_random };
	INVARIANT(engine_new(&e, &config, &world, NULL) == 0);
	return e;
}

/* One request; its arguments are taken over. */
static int ask(struct engine *e, const char *op, cJSON *args, struct err *err)
{
	struct buf answer = BUF_INIT(1 << 24);
	int rc = engine_request(e, NOW, op, args, &answer, err);
	cJSON_Delete(args);
	buf_clear(&answer);
	return rc;
}

static int create(struct engine *e, const char *definition, struct err *err)
{
	cJSON *args = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(args, "name", "m");
	(void)cJSON_AddStringToObject(args, "roleArn", "arn:aws:iam::123456789012:role/r");
	(void)cJSON_AddStringToObject(args, "definition", definition);
	return ask(e, "CreateStateMachine", args, err);
}

static void run(struct engine *e)
{
	cJSON *args = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(args, "stateMachineArn",
				      "arn:aws:states:us-east-1:123456789012:stateMachine:m");
	(void)cJSON_AddStringToObject(args, "input",
				      "{\"a\":[1,2],\"t\":\"x\",\"b\":{\"c\":true}}");
	INVARIANT(ask(e, "StartExecution", args, NULL) == 0);
	for (int64_t i = 0; i < STEPS; i++)
		(void)engine_step(e, NOW + i * i * day_ms);
}

static void restore_into(void *arg, const struct engine_record *r)
{
	INVARIANT(!r->json.p || engine_restore(arg, r, NULL) == 0);
}

static void run_and_restore(struct engine *e)
{
	unsigned char seed = 0;
	struct engine *again = new_engine(&seed);
	run(e);
	engine_drain(e, 1, restore_into, again);
	INVARIANT(engine_restored(again, NOW + STEPS * STEPS * day_ms, NULL) == 0);
	(void)engine_step(again, NOW + STEPS * STEPS * day_ms);
	engine_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char seed = 0;
	struct err err = { 0 };
	if (size > DEFINITION_MAX || memchr(data, 0, size) || !utf8_valid((const char *)data, size))
		return 0;
	char *text = strndup((const char *)data, size);
	struct engine *e = new_engine(&seed);
	int rc = create(e, text, &err);
	INVARIANT(rc == 0 || (rc == -ERR_REMOTE && err.name[0] && err.message[0]));
	if (rc == 0)
		run_and_restore(e);
	engine_free(e);
	free(text);
	return 0;
}
