/* Keys and checkpoints: the public formats, files, and that nothing changed passes. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/redaction.h"
#include "base/base64.h"
#include "unit/scratch.h"

struct fixture {
	char dir[SCRATCH_SIZE], path[80], public_path[80];
	struct key *key;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	scratch_begin(f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/key", f->dir);
	(void)snprintf(f->public_path, sizeof(f->public_path), "%s/pub", f->dir);
	INVARIANT(audit_key_create(&f->key, f->path, f->public_path, NULL) == 0);
}

static void end(struct fixture *f)
{
	audit_key_free(f->key);
	scratch_end(f->dir);
}

static struct buf note_of(const struct fixture *f, uint64_t size)
{
	struct buf note = BUF_INIT(NOTE_MAX);
	struct checkpoint c = { .size = size };
	memset(c.root.b, 0x5a, sizeof(c.root.b));
	note_write(&note, &c, f->key);
	INVARIANT(note.err == 0);
	return note;
}

TEST(a_signature_of_the_note_format_s_own_example_is_good)
{
	static const char text[] = "If you think cryptography is the answer to your problem,\n"
				   "then you don't know what your problem is.\n";
	struct buf blob = BUF_INIT(128), line = BUF_INIT(256);
	struct public_key key;
	REQUIRE(public_key_read(&key,
				BYTES_LIT("PeterNeumann+c74f20a3+"
					  "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"),
				NULL) == 0);
	REQUIRE(base64_decode(&blob,
			      BYTES_LIT("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2"
					"pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")) == 0);

	CHECK_STR(key.name, "PeterNeumann");
	CHECK(memcmp(blob.p, key.id, KEY_ID_LEN) == 0);
	CHECK(public_key_signed(&key, bytes_str(text), (const uint8_t *)blob.p + KEY_ID_LEN));
	CHECK(!public_key_signed(&key, (struct bytes){ text, sizeof(text) - 2 },
				 (const uint8_t *)blob.p + KEY_ID_LEN));
	public_key_write(&line, &key);
	CHECK_STR(buf_cstr(&line), "PeterNeumann+c74f20a3+"
				   "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n");
	buf_clear(&line);
	buf_clear(&blob);
}

TEST(a_public_key_that_was_changed_anywhere_is_refused)
{
	static const char good[] = "PeterNeumann+c74f20a3+"
				   "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	struct public_key key;
	char line[sizeof(good)];
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		memcpy(line, good, sizeof(good));
		line[i] = line[i] == 'B' ? 'C' : 'B';
		CHECK_INT(public_key_read(&key, bytes_str(line), NULL), -ERR_INVALID);
		CHECK_INT(public_key_read(&key, (struct bytes){ good, i }, NULL), -ERR_INVALID);
	}
}

TEST(a_key_is_made_once_and_read_again)
{
	struct fixture f;
	struct key *again = NULL;
	struct stat st;
	begin(&f);

	REQUIRE(audit_key_read(&again, f.path, NULL) == 0);
	CHECK(memcmp(audit_key_public(again), audit_key_public(f.key), sizeof(struct public_key)) ==
	      0);
	audit_key_free(again);

	CHECK_INT(audit_key_create(&again, f.path, f.public_path, &f.err), -ERR_IO);
	CHECK(strstr(f.err.message, "there is one already"));
	CHECK(stat(f.path, &st) == 0 && (st.st_mode & 0777) == 0600);
	end(&f);
}

/* Of a process that died while it made the file, and had our number: the first in a container has 1. */
static void leave_draft(const char *path)
{
	char draft[128];
	(void)snprintf(draft, sizeof(draft), "%s.%d.new", path, (int)getpid());
	FILE *f = fopen(draft, "we");
	INVARIANT(f && fclose(f) == 0);
}

TEST(what_a_dead_process_left_half_made_is_in_nobodys_way)
{
	struct fixture f;
	struct redaction r;
	struct key *key = NULL;
	char path[80], public_path[80];
	begin(&f);
	(void)snprintf(path, sizeof(path), "%s/another", f.dir);
	(void)snprintf(public_path, sizeof(public_path), "%s/another.pub", f.dir);
	leave_draft(path);
	leave_draft(public_path);

	CHECK_INT(audit_key_create(&key, path, public_path, &f.err), 0);
	audit_key_free(key);
	(void)snprintf(path, sizeof(path), "%s/redaction", f.dir);
	leave_draft(path);
	CHECK_INT(redaction_open(&r, path, &f.err), 0);

	end(&f);
}

TEST(a_key_that_is_missing_open_to_others_or_none_is_refused)
{
	struct fixture f;
	struct key *key;
	begin(&f);

	CHECK(chmod(f.path, 0640) == 0);
	CHECK_INT(audit_key_read(&key, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "others can read it (mode 640)"));
	CHECK(chmod(f.path, 0600) == 0 && truncate(f.path, 60) == 0);
	CHECK_INT(audit_key_read(&key, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "expected an Ed25519 private key"));
	CHECK(unlink(f.path) == 0);
	CHECK_INT(audit_key_read(&key, f.path, &f.err), -ERR_IO);
	CHECK_STR(f.err.name, "NoKey");
	end(&f);
}

TEST(a_note_reads_as_it_was_written)
{
	struct fixture f;
	struct checkpoint c;
	begin(&f);
	struct buf note = note_of(&f, 1042);

	CHECK_INT(note_read(&c, buf_bytes(&note), audit_key_public(f.key), &f.err), 0);

	CHECK_INT(c.size, 1042);
	CHECK_INT(c.root.b[31], 0x5a);
	buf_clear(&note);
	end(&f);
}

TEST(every_flipped_bit_and_every_cut_of_a_note_is_found)
{
	struct fixture f;
	struct checkpoint c;
	begin(&f);
	struct buf note = note_of(&f, 7);
	for (size_t i = 0; i < note.n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			note.p[i] = (char)(note.p[i] ^ (1 << bit));
			CHECK_INT(note_read(&c, buf_bytes(&note), audit_key_public(f.key), &f.err),
				  -ERR_INVALID);
			note.p[i] = (char)(note.p[i] ^ (1 << bit));
		}
		CHECK_INT(
		    note_read(&c, (struct bytes){ note.p, i }, audit_key_public(f.key), &f.err),
		    -ERR_INVALID);
	}
	buf_clear(&note);
	end(&f);
}

TEST(another_key_s_note_is_refused_and_its_signature_beside_ours_is_not)
{
	struct fixture f, g;
	struct checkpoint c;
	begin(&f);
	begin(&g);
	struct buf ours = note_of(&f, 7), theirs = note_of(&g, 7);

	CHECK_INT(note_read(&c, buf_bytes(&theirs), audit_key_public(f.key), &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "is not signed by the key"));

	const char *witness = strstr(buf_cstr(&theirs), "\xe2\x80\x94");
	buf_adds(&ours, witness);
	CHECK_INT(note_read(&c, buf_bytes(&ours), audit_key_public(f.key), &f.err), 0);
	buf_clear(&ours);
	buf_clear(&theirs);
	end(&f);
	end(&g);
}

TEST(notes_that_follow_one_another_are_taken_apart)
{
	struct fixture f;
	struct checkpoint c;
	struct bytes note, rest;
	begin(&f);
	struct buf all = note_of(&f, 1), second = note_of(&f, 2);
	buf_add(&all, second.p, second.n);
	buf_adds(&all, "\n");
	rest = buf_bytes(&all);

	for (uint64_t i = 1; i <= 2; i++) {
		REQUIRE(note_next(&note, &rest, &f.err) == 1);
		CHECK_INT(note_read(&c, note, audit_key_public(f.key), &f.err), 0);
		CHECK_INT(c.size, i);
	}
	CHECK_INT(note_next(&note, &rest, &f.err), 0);
	rest = BYTES_LIT("runbook\n1\n");
	CHECK_INT(note_next(&note, &rest, &f.err), -ERR_INVALID);
	buf_clear(&all);
	buf_clear(&second);
	end(&f);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_signature_of_the_note_format_s_own_example_is_good),
		      TAP_CASE(a_public_key_that_was_changed_anywhere_is_refused),
		      TAP_CASE(a_key_is_made_once_and_read_again),
		      TAP_CASE(what_a_dead_process_left_half_made_is_in_nobodys_way),
		      TAP_CASE(a_key_that_is_missing_open_to_others_or_none_is_refused),
		      TAP_CASE(a_note_reads_as_it_was_written),
		      TAP_CASE(every_flipped_bit_and_every_cut_of_a_note_is_found),
		      TAP_CASE(another_key_s_note_is_refused_and_its_signature_beside_ours_is_not),
		      TAP_CASE(notes_that_follow_one_another_are_taken_apart)));
}
