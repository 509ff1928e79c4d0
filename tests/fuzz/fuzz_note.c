/* fuzz_note.c - any bytes as checkpoints one behind the other, and as a public key. What is read has
 * the form that is documented; nothing that this key did not sign is accepted. */
#include <stdint.h>
#include <string.h>

#include "audit/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { (const char *)data, size }, note;
	struct public_key key, again;
	struct checkpoint c;
	struct buf line = BUF_INIT(1024);
	int rc = public_key_read(&key,
				 BYTES_LIT("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVk"
					   "mqq/LDE4izWy10TW"),
				 NULL);
	INVARIANT(rc == 0);
	while (note_next(&note, &rest, NULL) == 1) {
		INVARIANT(note.n > 0 && note.n <= NOTE_MAX && note.p[note.n - 1] == '\n');
		INVARIANT(note_read(&c, note, &key, NULL) == -ERR_INVALID);
	}
	if (public_key_read(&again, (struct bytes){ (const char *)data, size }, NULL) == 0) {
		public_key_write(&line, &again);
		INVARIANT(public_key_read(&key, buf_bytes(&line), NULL) == 0);
		INVARIANT(memcmp(&key, &again, sizeof(key)) == 0);
	}
	buf_clear(&line);
	return 0;
}
