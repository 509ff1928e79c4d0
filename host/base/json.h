/*
 * json.h - cJSON trees with a strict reader and an exact writer.
 *
 * cJSON's own reader and printer lose what we must keep (measured on 1.7.15: integers above 2^52,
 * "\u0000", trailing garbage, invalid UTF-8), so text enters and leaves through these two:
 *
 *  - Reader: RFC 8259 only, valid UTF-8 only, depth and size limits, the last of two equal keys
 *    wins. A number node keeps its token in valuestring next to valuedouble.
 *  - Writer: compact; a number with a token is written as that token, so every integer survives.
 *  - U+0000 lives in the tree as the two bytes C0 80 (never valid UTF-8) and leaves as "\u0000".
 *
 * Look-ups are case-sensitive. Trees are freed with cJSON_Delete.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 128 };

/*
 * Read one JSON text.
 *
 * @return a tree owned by the caller (cJSON_Delete), or NULL with *err saying what is wrong where
 */
NODISCARD cJSON *json_parse(struct bytes text, struct err *err);

/* The same with another limit than JSON_DEPTH_MAX: for text of our own making, which may wrap a value
 * that came in. */
NODISCARD cJSON *json_parse_within(struct bytes text, int depth_max, struct err *err);

/* Append v as compact JSON. Failures stick in out->err. */
void json_write(struct buf *out, const cJSON *v);

/* Append s as a JSON string with quotes. Invalid UTF-8 is replaced by U+FFFD. */
void json_write_string(struct buf *out, struct bytes s);

/* A number node that is written exactly as the integer n. NULL when out of memory. */
cJSON *json_new_int(int64_t n);

/* Add the integer n as obj[name] (replaces an equal name). */
void json_set_int(cJSON *obj, const char *name, int64_t n);

/* Is v a number whose value is an integer in the range of int64? 6, 6.0 and 6E0 all are. */
bool json_int(const cJSON *v, int64_t *out);

/* Was v written as an integer token (no point, no exponent)? Then *out is its exact value. */
bool json_int_token(const cJSON *v, int64_t *out);

/* Members of an object; NULL / fallback when obj is not an object, or the member is missing or of
 * another type. Strings are borrowed from the tree. */
cJSON *json_get(const cJSON *obj, const char *name);
const char *json_get_str(const cJSON *obj, const char *name);
int64_t json_get_int(const cJSON *obj, const char *name, int64_t fallback);
bool json_get_bool(const cJSON *obj, const char *name, bool fallback);

/* Deep equality as JSON values: member order does not matter, 1 equals 1.0. */
bool json_equal(const cJSON *a, const cJSON *b);

#endif
