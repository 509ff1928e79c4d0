#include "cli/duration.h"

#include <string.h>

#include "base/json.h"

static double unit_ms(const char *unit)
{
	static const struct {
		const char *name;
		double ms;
	} units[] = { { "", 1e3 },  { "ms", 1 },     { "s", 1e3 },
		      { "m", 6e4 }, { "h", 3600e3 }, { "d", 86400e3 } };
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ms;
	}
	return 0;
}

int duration_parse(int64_t *out_ms, const char *text, struct err *err)
{
	size_t digits = strspn(text, "0123456789.");
	cJSON *n = json_parse((struct bytes){ text, digits }, NULL);
	double ms = n ? n->valuedouble * unit_ms(text + digits) : 0;
	cJSON_Delete(n);
	if (!(ms >= 1) || ms > 3660 * 86400e3)
		return err_set(err, ERR_INVALID,
			       "'%.40s' is not a duration: expected 500ms, 30s, 15m, 2h or 1d",
			       text);
	*out_ms = (int64_t)ms;
	return 0;
}
