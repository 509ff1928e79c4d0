/*
 * user_agent.h - the User-Agent header in the form the AWS services count by ("ua/2.1").
 *
 * We do not claim to be an AWS SDK.
 */
#ifndef AWS_USER_AGENT_H
#define AWS_USER_AGENT_H

enum { USER_AGENT_SIZE = 320 };

struct user_agent {           /* borrowed for the call; NULLs are left out */
	const char *version;  /* ours */
	const char *exec_env; /* AWS_EXECUTION_ENV */
	const char *app_id;   /* AWS_SDK_UA_APP_ID, 50 characters of it */
	const char
	    *source_letter; /* where the credentials come from: "g" environment, "n" profile */
	const char *os_release, *machine; /* as uname says */
};

/* Characters that may not stand in a part become '-'. */
void user_agent_format(char out[USER_AGENT_SIZE], const struct user_agent *ua);

#endif
