/* Who is logged in at the dashboard. */
#include "tap.h"

#include "admin/sessions.h"

static struct sessions *new_sessions(void)
{
	struct sessions *s = NULL;
	CHECK(sessions_new(&s, NULL) == 0);
	return s;
}

static const struct session *log_in(struct sessions *s, int64_t now, char key[SESSION_KEY_SIZE])
{
	char code[SESSION_KEY_SIZE];
	sessions_offer(s, "ann", "loginuid", now, code);
	return sessions_enter(s, code, now, key);
}

TEST(a_code_is_good_once_and_for_a_minute)
{
	struct sessions *s = new_sessions();
	char code[SESSION_KEY_SIZE], key[SESSION_KEY_SIZE];
	sessions_offer(s, "ann", "loginuid", 1000, code);
	const struct session *a = sessions_enter(s, code, 1000 + SESSION_CODE_MS, key);
	CHECK(a != NULL);
	CHECK_STR(a->person, "ann");
	CHECK_STR(a->by, "loginuid");
	CHECK(sessions_enter(s, code, 1000, key) == NULL);
	sessions_offer(s, "bob", "uid", 1000, code);
	CHECK(sessions_enter(s, code, 1001 + SESSION_CODE_MS, key) == NULL);
	CHECK(sessions_enter(s, code, 1000, key) == NULL); /* nor any more */
	sessions_free(s);
}

TEST(only_the_key_opens_it)
{
	struct sessions *s = new_sessions();
	char key[SESSION_KEY_SIZE], other[SESSION_KEY_SIZE], code[SESSION_KEY_SIZE];
	const struct session *a = log_in(s, 0, key);
	CHECK(sessions_find(s, key, 1) == a);
	(void)snprintf(other, sizeof(other), "%s", key);
	other[10] = other[10] == 'a' ? 'b' : 'a';
	CHECK(sessions_find(s, other, 1) == NULL);
	CHECK(sessions_find(s, "", 1) == NULL);
	CHECK(sessions_find(s, a->token, 1) == NULL);
	sessions_offer(s, "bob", "uid", 1, code);
	CHECK(sessions_find(s, code, 1) == NULL);
	(void)snprintf(code, sizeof(code), "%s", key);
	CHECK(sessions_enter(s, code, 1, other) == NULL);
	sessions_free(s);
}

TEST(each_has_a_token_of_its_own)
{
	struct sessions *s = new_sessions();
	char key[SESSION_KEY_SIZE];
	const struct session *a = log_in(s, 0, key), *b = log_in(s, 0, key);
	CHECK(session_token_is(a, a->token) && !session_token_is(a, b->token));
	CHECK(!session_token_is(a, "") && !session_token_is(a, key));
	sessions_free(s);
}

TEST(it_ends_unused_in_all_and_when_it_is_left)
{
	struct sessions *s = new_sessions();
	char key[SESSION_KEY_SIZE];
	int64_t now = 0;
	CHECK(log_in(s, now, key) != NULL);
	for (; now <= SESSION_MAX_MS; now += SESSION_IDLE_MS)
		CHECK(sessions_find(s, key, now) != NULL);
	CHECK(sessions_find(s, key, now) == NULL);
	CHECK(log_in(s, 0, key) != NULL);
	CHECK(sessions_find(s, key, SESSION_IDLE_MS + 1) == NULL);
	CHECK(sessions_find(s, key, 1) == NULL);
	const struct session *a = log_in(s, 0, key);
	sessions_leave(s, a);
	CHECK(sessions_find(s, key, 1) == NULL);
	sessions_free(s);
}

TEST(one_too_many_takes_the_oldest_place)
{
	struct sessions *s = new_sessions();
	char first[SESSION_KEY_SIZE], second[SESSION_KEY_SIZE], key[SESSION_KEY_SIZE];
	CHECK(log_in(s, 0, first) != NULL);
	CHECK(log_in(s, 1, second) != NULL);
	for (int i = 2; i <= SESSIONS_MAX; i++)
		CHECK(log_in(s, i, key) != NULL);
	CHECK(sessions_find(s, first, SESSIONS_MAX) == NULL);
	CHECK(sessions_find(s, second, SESSIONS_MAX) != NULL);
	sessions_free(s);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_code_is_good_once_and_for_a_minute),
				 TAP_CASE(only_the_key_opens_it),
				 TAP_CASE(each_has_a_token_of_its_own),
				 TAP_CASE(it_ends_unused_in_all_and_when_it_is_left),
				 TAP_CASE(one_too_many_takes_the_oldest_place)));
}
