/* no_core.h - no file of this process's memory is ever written: it holds keys and secrets. */
#ifndef CLI_NO_CORE_H
#define CLI_NO_CORE_H

/* Is this a build with the address sanitizer? */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

/* No core, and no other process of the user may attach to this one. Not in a build with the address
 * sanitizer, whose search for leaks attaches to itself. Best effort. */
void no_core(void);

#endif
