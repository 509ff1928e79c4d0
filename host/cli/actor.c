#include "cli/actor.h"

#include <pwd.h>
#include <stdio.h>
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

/* Of a process, "self" or its number. 4294967295 means: never logged in (a daemon, or cron before it
 * set it). */
static bool read_login_uid(uid_t *uid, const char *process)
{
	char path[64];
	struct buf text = BUF_INIT(NAME_MAX_LEN);
	int64_t number = -1;
	(void)snprintf(path, sizeof(path), "/proc/%s/loginuid", process);
	if (files_read(&text, path, NULL) == 0) {
		cJSON *n = json_parse(buf_bytes(&text), NULL);
		if (!json_int(n, &number) || number == INT64_C(4294967295))
			number = -1;
		cJSON_Delete(n);
	}
	buf_clear(&text);
	*uid = (uid_t)number;
	return number >= 0;
}

static void add_login_uid(cJSON *actor)
{
	uid_t uid;
	if (!read_login_uid(&uid, "self"))
		return;
	json_set_int(actor, "loginUid", (int64_t)uid);
	add_user_name(actor, "loginUser", uid);
}

int actor_of_process(char out[ACTOR_NAME_SIZE], pid_t pid, uid_t uid)
{
	char process[32], space[PASSWD_MAX];
	struct passwd pw, *found = NULL;
	uid_t login;
	(void)snprintf(process, sizeof(process), "%d", (int)pid);
	if (read_login_uid(&login, process))
		uid = login;
	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) != 0 || !found)
		return -ERR_INVALID;
	int n = snprintf(out, ACTOR_NAME_SIZE, "%s", found->pw_name);
	return n > 0 && n < ACTOR_NAME_SIZE ? 0 : -ERR_INVALID;
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
