/*
 * data.h - how data flows through a state: the context object, the fields before the work
 * (InputPath, Parameters) and those after it (ResultSelector, ResultPath, OutputPath).
 */
#ifndef LOCAL_DATA_H
#define LOCAL_DATA_H

#include "base/err.h"
#include "local/core/definition.h"
#include "local/core/doc.h"
#include "local/language/path.h"
#include "local/language/template.h"

struct engine;
struct frame;

/* The context object of the frame's state. Owned by the caller. It refers to trees of the frame:
 * short-lived. @param token  of the task, or NULL */
cJSON *data_context(const struct frame *f, const char *token);

/* What expressions of the state see: input, and the context object when the state mentions it. */
struct data_env {
	struct template_env env;
	cJSON *context;
};

void data_env_open(struct data_env *d, const struct frame *f, struct doc *input, const char *token);
void data_env_close(struct data_env *d);

/* Apply an InputPath or OutputPath to in. @param[out] out one count for the caller */
NODISCARD int data_path_field(const struct frame *f, const struct path_field *p, struct doc *in,
			      struct doc **out, struct err *err);

/* The effective input: InputPath. @param[out] out one count for the caller */
NODISCARD int data_input(const struct frame *f, struct doc **out, struct err *err);

/* A template over it: Parameters, ItemSelector. NULL template: the input itself. */
NODISCARD int data_template(const struct frame *f, const cJSON *template, struct doc *input,
			    const char *token, struct doc **out, struct err *err);

/* From the result of the work to the output of the state. result is borrowed. */
NODISCARD int data_output(const struct frame *f, struct doc *result, struct doc **out,
			  struct err *err);

/* Put value at a ResultPath of the state's own input (also for Catch). */
NODISCARD int data_place(struct doc *input, const struct path_field *path, struct doc *value,
			 struct doc **out, struct err *err);

/* {"Key", "Value"}: a member of an object as an item; value is taken over. Owned by the caller. */
cJSON *data_pair(const char *key, cJSON *value);

/* ItemSelector over the items of a Map, one after the other: elements of an array, or members. */
struct data_items {
	struct template_env env;
	const cJSON *template; /* NULL: the item itself */
	cJSON *context, *item;
	bool pairs; /* the items are members of an object; set by the caller */
};

/* @param source  $$.Map.Item.Source, or NULL */
void data_items_open(struct data_items *d, const struct frame *f, struct doc *input,
		     const cJSON *template, const char *source);
NODISCARD int data_items_eval(struct data_items *d, int64_t index, const cJSON *value,
			      struct doc **out, struct err *err);
void data_items_close(struct data_items *d);

/* The value of one path field of the state ("SecondsPath"), a new tree. */
NODISCARD int data_path(const struct frame *f, struct doc *input, const char *path, cJSON **out,
			struct err *err);

/* The number `name` of def, or the positive one that its "...Path" finds; *out 0: def has neither.
 * @return 0; -ERR_REMOTE States.Runtime */
NODISCARD int data_positive(const struct frame *f, struct doc *input, const cJSON *def,
			    const char *name, int64_t *out, struct err *err);

#endif
