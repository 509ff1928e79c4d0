#include "local/core/fault.h"

#include <stdarg.h>
#include <stdio.h>

void fault_fill(struct err *err, const char *code, const char *fmt, ...)
{
	if (!err)
		return;
	*err = (struct err){ .code = ERR_REMOTE, .status = 400 };
	(void)snprintf(err->name, sizeof(err->name), "%s", code);
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
}
