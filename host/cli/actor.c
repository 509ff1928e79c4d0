#include "cli/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

enum { NAME_MAX_LEN = 256, PASSWD_MAX = 4096 };

static void add_user_name(cJSON *actor, const char *member, uid_t uid)
{
	char space[PASSWD_MAX];
	struct passwd pw, *found = NULL;
	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found)
		(void)cJSON_AddStringToObject(actor, member, found->pw_name);
}

/* 4294967295 means: never logged in (a daemon, cron before it set it). */
static void add_login_uid(cJSON *actor)
{
	char text[32] = "";
	FILE *f = fopen("/proc/self/loginuid", "re");
	if (!f)
		return;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	char *end;
	unsigned long uid = strtoul(text, &end, 10);
	if (end == text || uid == 4294967295UL)
		return;
	json_set_int(actor, "loginUid", (int64_t)uid);
	add_user_name(actor, "loginUser", (uid_t)uid);
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
