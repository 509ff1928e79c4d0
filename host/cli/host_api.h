/* host_api.h - fills the table of functions that plugins get. */
#ifndef CLI_HOST_API_H
#define CLI_HOST_API_H

#include "cli/host.h"

void host_api_fill(struct host *h);

#endif
