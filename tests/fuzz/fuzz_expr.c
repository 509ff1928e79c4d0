/*
 * fuzz_expr.c - paths, intrinsic functions and choice rules, on any text and any document.
 *
 * The input is a line with an expression (valid UTF-8: it comes out of JSON), then the document. What is accepted must give the same value
 * twice, and a value that can be written and read back; what is refused must say so by name. What is
 * put at a reference path must be found there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#include "local/language/choice.h"
#include "local/language/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_random(void *arg, void *out, size_t n)
{
	(void)arg;
	memset(out, 7, n);
}

static void check_value(const char *text, const struct template_env *env)
{
	struct buf json = BUF_INIT(SIZE_MAX / 2);
	struct err err = { 0 };
	cJSON *once = NULL, *again = NULL;
	int rc = template_expr(&once, "x.$", text, env, &err);
	INVARIANT(rc == template_expr(&again, "x.$", text, env, NULL));
	INVARIANT((rc == 0) == (once != NULL));
	INVARIANT(rc != -ERR_INVALID || strncmp(err.name, "States.", 7) == 0);
	if (rc == 0) {
		INVARIANT(json_equal(once, again));
		json_write(&json, once);
		cJSON *back = json_parse(buf_bytes(&json), NULL);
		INVARIANT(!back || json_equal(once, back)); /* NULL: nested too deeply */
		cJSON_Delete(back);
	}
	cJSON_Delete(once);
	cJSON_Delete(again);
	buf_clear(&json);
}

static void check_put(const char *text, const cJSON *document)
{
	cJSON *tree = cJSON_Duplicate(document, true);
	cJSON *found = NULL;
	if (path_put(&tree, text, cJSON_CreateString("put"), NULL) == 0) {
		const struct path_scope scope = { .input = tree };
		INVARIANT(path_get(&found, text, &scope, NULL) == 0);
		INVARIANT(cJSON_IsString(found) && strcmp(found->valuestring, "put") == 0);
		cJSON_Delete(found);
	} else {
		INVARIANT(!cJSON_IsObject(document) || cJSON_IsObject(tree));
	}
	cJSON_Delete(tree);
}

static void check_choice(const cJSON *document)
{
	const struct path_scope scope = { .input = document };
	const cJSON *picked = NULL;
	for (const cJSON *rule = document->child; rule; rule = rule->next) {
		if (cJSON_IsObject(rule) && choice_check(rule, true, NULL) == 0) {
			cJSON *rules = cJSON_CreateArrayReference(rule);
			int rc = choice_pick(&picked, rules, &scope, NULL);
			INVARIANT(rc == 0 || rc == -ERR_INVALID || rc == -ERR_LIMIT);
			cJSON_Delete(rules);
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	const char *line_end = size ? memchr(p, '\n', size) : NULL;
	if (!line_end)
		return 0;
	size_t n = (size_t)(line_end - p);
	char *text = strndup(p, n);
	cJSON *document = json_parse((struct bytes){ line_end + 1, size - n - 1 }, NULL);
	if (text && document && strlen(text) == n && utf8_valid(text, n)) {
		const struct template_env env = { .scope = { document, document, document },
						  .random = no_random };
		check_value(text, &env);
		check_put(text, document);
		check_choice(document);
	}
	cJSON_Delete(document);
	free(text);
	return 0;
}
