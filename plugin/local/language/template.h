/*
 * template.h - payload templates (Parameters, ItemSelector, ResultSelector, ...) and intrinsic functions.
 *
 * In a template a member "name.$" holds a path or an intrinsic function and becomes "name" with its
 * value; everything else is copied. Intrinsics: States.Array, ArrayContains, ArrayGetItem, ArrayLength,
 * ArrayPartition, ArrayRange, ArrayUnique, Base64Decode, Base64Encode, Format, Hash, JsonMerge,
 * JsonToString, MathAdd, MathRandom, StringSplit, StringToJson, UUID; nested up to ten deep.
 * Arguments: paths, 'strings' (\' \\ \{ \} escape), numbers, true, false, null, functions.
 *
 * Pure: randomness is injected. Errors: -ERR_INVALID with err->name
 *  - States.Runtime: a path of the template finds nothing
 *  - States.IntrinsicFailure: a function was given arguments it cannot work on
 * and err->message the service's text without the words about the state; -ERR_NOMEM.
 */
#ifndef LOCAL_TEMPLATE_H
#define LOCAL_TEMPLATE_H

#include "local/language/path.h"

struct template_env {
	struct path_scope scope;
	void (*random)(void *arg, void *out, size_t n); /* fill out with n random bytes */
	void *arg;
};

/* Fill in a template. @param[out] out a new tree, owned by the caller */
NODISCARD int template_eval(cJSON **out, const cJSON *template, const struct template_env *env,
			    struct err *err);

/*
 * The value of one expression: a path or an intrinsic function, as ErrorPath, CausePath and the
 * members "name.$" hold it.
 *
 * @param field    named in errors: "value.$"
 * @param[out] out a new tree, owned by the caller
 */
NODISCARD int template_expr(cJSON **out, const char *field, const char *text,
			    const struct template_env *env, struct err *err);

/* Is every expression of the template well-formed? err->message names the first that is not. */
NODISCARD int template_check(const cJSON *template, struct err *err);

/* Is text one well-formed path or intrinsic function? */
NODISCARD int template_check_expr(const char *text, struct err *err);

#endif
