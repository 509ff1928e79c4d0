/* random.h - unpredictable bytes and version 4 UUIDs, from the operating system. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { UUID_LEN = 36, UUID_SIZE = 37 };

void random_bytes(void *out, size_t n); /* aborts if the system has no randomness */
double random_unit(void);               /* uniform on [0, 1) */
void uuid_v4(char out[UUID_SIZE]);
/* Version 7 of RFC 9562, milliseconds first: sorts by time of creation. */
void uuid_v7(char out[UUID_SIZE], int64_t wall_ms);

/* Write 16 bytes as UUID text after setting version (1..8) and variant bits. */
void uuid_format(char out[UUID_SIZE], const uint8_t bytes[16], int version);

#endif
