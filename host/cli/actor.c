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

static bool is_name(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	if (n == 0 || n >= ACTOR_NAME_SIZE)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 127)
			return false;
	return true;
}

int actor_of_client(struct person *out, pid_t pid, uid_t uid, const char *sudo_user)
{
	char process[32], space[PASSWD_MAX];
	struct passwd pw, *found = NULL;
	uid_t login;
	(void)snprintf(process, sizeof(process), "%d", (int)pid);
	bool logged_in = read_login_uid(&login, process);
	out->by = logged_in ? "loginuid" : "uid";
	const char *name = NULL;
	if (!logged_in && uid == 0 && is_name(sudo_user)) {
		out->by = "sudo";
		name = sudo_user;
	} else if (getpwuid_r(logged_in ? login : uid, &pw, space, sizeof(space), &found) == 0 &&
		   found) {
		name = found->pw_name;
	}
	if (!is_name(name))
		return -ERR_INVALID;
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

const char *actor_sudo_user(void)
{
	return geteuid() == 0 ? getenv("SUDO_USER") : NULL;
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
