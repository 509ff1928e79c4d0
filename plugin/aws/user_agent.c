#include "aws/user_agent.h"

#include <stddef.h>
#include <string.h>

enum { APP_ID_MAX = 50 };

struct writer {
	char *out;
	size_t n;
};

static void put(struct writer *w, char c)
{
	if (w->n < USER_AGENT_SIZE - 1)
		w->out[w->n++] = c;
	w->out[w->n] = '\0';
}

static void put_text(struct writer *w, const char *s)
{
	for (; *s; s++)
		put(w, *s);
}

/* A part from outside, at most max characters of it. */
static void put_part(struct writer *w, const char *s, size_t max)
{
	static const char others[] = "!$%&'*+-.^_`|~,";
	for (size_t i = 0; s[i] && i < max; i++) {
		char c = s[i];
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || strchr(others, c) != NULL;
		put(w, (char)(plain ? c : '-'));
	}
}

static void put_pair(struct writer *w, const char *name, const char *value, size_t max)
{
	if (!value || !*value)
		return;
	put_text(w, name);
	put_part(w, value, max);
}

void user_agent_format(char out[USER_AGENT_SIZE], const struct user_agent *ua)
{
	struct writer w = { .out = out };
	put_pair(&w, "runbook-sfn/", ua->version, 32);
	put_text(&w, " ua/2.1");
	put_pair(&w, " os/linux#", ua->os_release, 64);
	put_pair(&w, " md/arch#", ua->machine, 32);
	put_text(&w, " lang/c#11");
	put_pair(&w, " exec-env/", ua->exec_env, 64);
	put_text(&w, " api/sfn#2016-11-23 m/E");
	put_pair(&w, ",", ua->source_letter, 4);
	put_text(&w, " cfg/retry-mode#standard");
	put_pair(&w, " app/", ua->app_id, APP_ID_MAX);
}
