/* utf8.h - validity and encoding of UTF-8 (RFC 3629: no overlong forms, no surrogates). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length 1..4 of the valid sequence that starts at s, of which n bytes are there; 0 if none. */
size_t utf8_valid_at(const char *s, size_t n);

bool utf8_valid(const char *s, size_t n);

/* Decode one code point; s must hold a valid sequence. */
uint32_t utf8_decode(const char *s, size_t len);

/* Write code point cp, up to 4 bytes; returns how many. */
size_t utf8_encode(char *out, uint32_t cp);

/* Controls (C0, DEL, C1) and what reorders or hides text: not for a terminal, nor for people's eyes. */
bool utf8_is_trick(uint32_t cp);

#endif
