/* The descriptor of another ABI: nothing behind its first member means anything to us. */
#include <stdint.h>

extern const uint32_t runbook_plugin;
__attribute__((visibility("default"))) const uint32_t runbook_plugin = 99;
