#include "lint/known.h"

#include <stddef.h>

const char *const known_globals[] = {
	"_G",           "_VERSION", "approve",  "array",  "assert",   "coroutine", "error",
	"getmetatable", "ipairs",   "iso8601",  "log",    "math",     "next",      "now",
	"null",         "pairs",    "parallel", "pcall",  "print",    "progress",  "random",
	"rawequal",     "rawget",   "rawlen",   "rawset", "require",  "secret",    "select",
	"setmetatable", "sleep",    "string",   "table",  "tonumber", "tostring",  "type",
	"utf8",         "uuid",     "xpcall",   NULL,
};

static const char *const coroutine_fields[] = {
	"close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield", NULL,
};

static const char *const log_fields[] = { "debug", "error", "info", "warn", NULL };

static const char *const math_fields[] = {
	"abs",  "acos",   "asin", "atan", "ceil",       "cos",       "deg",        "exp",  "floor",
	"fmod", "huge",   "log",  "max",  "maxinteger", "min",       "mininteger", "modf", "pi",
	"rad",  "random", "sin",  "sqrt", "tan",        "tointeger", "type",       "ult",  NULL,
};

static const char *const string_fields[] = {
	"byte", "char",     "find", "format",  "gmatch", "gsub",   "len",   "lower", "match",
	"pack", "packsize", "rep",  "reverse", "sub",    "unpack", "upper", NULL,
};

static const char *const table_fields[] = {
	"concat", "insert", "move", "pack", "remove", "sort", "unpack", NULL,
};

static const char *const utf8_fields[] = {
	"char", "charpattern", "codepoint", "codes", "len", "offset", NULL,
};

const struct known_library known_libraries[] = {
	{ "coroutine", coroutine_fields },
	{ "log", log_fields },
	{ "math", math_fields },
	{ "string", string_fields },
	{ "table", table_fields },
	{ "utf8", utf8_fields },
	{ NULL, NULL },
};
