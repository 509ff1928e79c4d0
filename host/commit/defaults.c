#include "commit/defaults.h"

enum {
	CHECKPOINT_RECORDS = 1000,
	CHECKPOINT_MS = 60 * 1000,
	ROTATE_BYTES = 64 << 20,
	ROTATE_MS = 24 * 60 * 60 * 1000,
};

void commit_fill_defaults(struct commit_spec *s)
{
	if (s->checkpoint_records == 0)
		s->checkpoint_records = CHECKPOINT_RECORDS;
	if (s->checkpoint_ms == 0)
		s->checkpoint_ms = CHECKPOINT_MS;
	if (s->rotate_bytes == 0)
		s->rotate_bytes = ROTATE_BYTES;
	if (s->rotate_ms == 0)
		s->rotate_ms = ROTATE_MS;
}
