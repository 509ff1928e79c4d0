#include "cli/actor.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/files.h"

enum { NAME_MAX_LEN = 256, PASSWD_MAX = 4096 };

static void add_user_name(cJSON *actor, const char *member, uid_t uid)
{
	char space[PASSWD_MAX];
	struct passwd pw, *found = NULL;
	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found)
		(void)cJSON_AddStringToObject(actor, member, found->pw_name);
}

/* 4294967295 means: never logged in (a daemon, or cron before it set it). */
static void add_login_uid(cJSON *actor)
{
	struct buf text = BUF_INIT(NAME_MAX_LEN);
	int64_t uid;
	if (files_read(&text, "/proc/self/loginuid", NULL) == 0) {
		cJSON *n = json_parse(buf_bytes(&text), NULL);
		if (json_int(n, &uid) && uid != INT64_C(4294967295)) {
			json_set_int(actor, "loginUid", uid);
			add_user_name(actor, "loginUser", (uid_t)uid);
		}
		cJSON_Delete(n);
	}
	buf_clear(&text);
}

void actor_operator(struct buf *out)
{
	cJSON *actor = cJSON_CreateObject();
	if (!actor)
		return;
	(void)cJSON_AddStringToObject(actor, "type", "operator");
	add_user_name(actor, "user", getuid());
	json_set_int(actor, "uid", (int64_t)getuid());
	add_login_uid(actor);
	const char *sudo = getenv("SUDO_USER");
	if (sudo && strlen(sudo) < NAME_MAX_LEN)
		(void)cJSON_AddStringToObject(actor, "sudoUser", sudo);
	char tty[NAME_MAX_LEN];
	if (ttyname_r(STDERR_FILENO, tty, sizeof(tty)) == 0)
		(void)cJSON_AddStringToObject(actor, "tty", tty);
	json_write(out, actor);
	cJSON_Delete(actor);
}
