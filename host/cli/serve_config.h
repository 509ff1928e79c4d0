/* serve_config.h - can serve work with a configuration? Asked at the start and before a reload. */
#ifndef CLI_SERVE_CONFIG_H
#define CLI_SERVE_CONFIG_H

#include "cli/serve.h"

/* Are the runbooks there, now that somebody is looking, rather than at the first trigger? From any
 * thread. -ERR_INVALID names the line */
NODISCARD int serve_judge_files(const struct config *c, struct err *err);

/* Does each section have what it needs of the others, and of the plugins? -ERR_INVALID */
NODISCARD int serve_judge_config(const struct serve *s, const struct config *c, struct err *err);

#endif
