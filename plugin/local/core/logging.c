#include "local/core/logging.h"

#include <string.h>

#include "local/core/fault.h"
#include "local/core/jsonw.h"
#include "local/core/mem.h"

static bool is_level(const char *text)
{
	static const char *const levels[] = { "ALL", "ERROR", "FATAL", "OFF" };
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i], text) == 0)
			return true;
	return false;
}

static char *write(const cJSON *destinations, bool data, const char *level)
{
	struct buf b = MEM_BUF, list = MEM_BUF;
	struct jsonw w = { &b, false };
	jsonw_open(&w, NULL, '{');
	if (destinations) {
		json_write(&list, destinations);
		jsonw_raw(&w, "destinations", buf_bytes(&list));
	}
	jsonw_bool(&w, "includeExecutionData", data);
	jsonw_str(&w, "level", level);
	jsonw_close(&w, '}');
	buf_clear(&list);
	return mem_take(&b, NULL);
}

int logging_read(const cJSON *given, char **out, struct err *err)
{
	const cJSON *list = json_get(given, "destinations");
	const char *level = json_get_str(given, "level");
	bool data = json_get_bool(given, "includeExecutionData", false);
	int n = cJSON_GetArraySize(list);
	*out = NULL;
	if (level && !is_level(level))
		return fault(err, "ValidationException",
			     "1 validation error detected: Value '%s' at "
			     "'loggingConfiguration.level' failed to satisfy constraint: Member "
			     "must satisfy enum value set: [ALL, ERROR, FATAL, OFF]",
			     level);
	bool off = !level || strcmp(level, "OFF") == 0;
	if (n > 1 || (n == 0 && !off))
		return fault(err, "InvalidLoggingConfiguration",
			     "Invalid Logging Configuration: Must specify exactly one Log "
			     "Destination.");
	if (!off || data || n > 0)
		*out = write(list, data, level ? level : "OFF");
	return 0;
}
