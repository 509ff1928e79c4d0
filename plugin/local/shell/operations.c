#include "local/shell/operations.h"

#include <stdio.h>

#include "base/similar.h"
#include "local/core/engine.h"

enum { NAME_SIZE = 128 };

int operation_check(struct bytes name, const char *what, struct err *err)
{
	char text[NAME_SIZE];
	const char *known;
	(void)snprintf(text, sizeof(text), "%.*s", (int)name.n, name.p);
	struct similar near = similar_to(text);
	for (size_t i = 0; (known = engine_operation(i)) != NULL; i++) {
		if (bytes_eq(name, bytes_str(known)))
			return 0;
		similar_consider(&near, known);
	}
	if (near.best)
		return err_set(err, ERR_INVALID,
			       "%s: there is no operation '%s': did you mean '%s'?", what, text,
			       near.best);
	return err_set(err, ERR_INVALID,
		       "%s: there is no operation '%s'; expected a name such as RedriveExecution, "
		       "or *",
		       what, text);
}
