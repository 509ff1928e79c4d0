#include "local/core/policy.h"

#include <string.h>
#include <strings.h>

/* Does a statement, or a part of it, speak about the request? */
enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

typedef bool same_fn(char a, char b);

static bool same_letter(char a, char b)
{
	return strncasecmp(&a, &b, 1) == 0;
}

static bool same_byte(char a, char b)
{
	return a == b;
}

/* The last star takes one more byte whenever what follows it does not fit: never exponential. */
static bool fits(const char *pattern, const char *text, same_fn *same)
{
	const char *star = NULL, *taken = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			taken = text;
		} else if (*pattern && (*pattern == '?' || same(*pattern, *text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++taken;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static enum match match_one(const cJSON *pattern, const char *text, same_fn *same)
{
	if (!cJSON_IsString(pattern))
		return MATCH_NO;
	if (strstr(pattern->valuestring, "${"))
		return MATCH_UNKNOWN;
	return fits(pattern->valuestring, text, same) ? MATCH_YES : MATCH_NO;
}

/* One pattern, or a list of them. */
static enum match match_any(const cJSON *patterns, const char *text, same_fn *same)
{
	enum match found = MATCH_NO;
	if (!cJSON_IsArray(patterns))
		return match_one(patterns, text, same);
	for (const cJSON *p = patterns->child; p && found != MATCH_YES; p = p->next) {
		enum match m = match_one(p, text, same);
		found = m == MATCH_NO ? found : m;
	}
	return found;
}

/* An element that has an opposite: "Action" and "NotAction". A statement has one of the two. */
static enum match match_element(const cJSON *statement, const char *const names[2],
				const char *text, same_fn *same)
{
	const cJSON *is = json_get(statement, names[0]), *is_not = json_get(statement, names[1]);
	if (!is == !is_not)
		return MATCH_NO;
	enum match m = match_any(is ? is : is_not, text, same);
	if (is || m == MATCH_UNKNOWN)
		return m;
	return m == MATCH_NO ? MATCH_YES : MATCH_NO;
}

static enum match match_condition(const cJSON *statement)
{
	const cJSON *condition = json_get(statement, "Condition");
	return condition && condition->child ? MATCH_UNKNOWN : MATCH_YES;
}

static enum match match_statement(const cJSON *statement, const char *action, const char *resource)
{
	static const char *const actions[2] = { "Action", "NotAction" };
	static const char *const resources[2] = { "Resource", "NotResource" };
	enum match a = match_element(statement, actions, action, same_letter);
	enum match r = match_element(statement, resources, resource, same_byte);
	if (a == MATCH_NO || r == MATCH_NO)
		return MATCH_NO;
	return a == MATCH_YES && r == MATCH_YES ? match_condition(statement) : MATCH_UNKNOWN;
}

static enum policy_verdict judge_statement(const cJSON *statement, const char *action,
					   const char *resource)
{
	const char *effect = json_get_str(statement, "Effect");
	enum match m = match_statement(statement, action, resource);
	if (effect && strcmp(effect, "Deny") == 0 && m != MATCH_NO)
		return POLICY_DENIED;
	if (effect && strcmp(effect, "Allow") == 0 && m == MATCH_YES)
		return POLICY_ALLOWED;
	return POLICY_NOT_ALLOWED;
}

static enum policy_verdict stronger(enum policy_verdict a, enum policy_verdict b)
{
	if (a == POLICY_DENIED || b == POLICY_DENIED)
		return POLICY_DENIED;
	return a == POLICY_ALLOWED ? a : b;
}

/* Its Statement is one, or a list of them. */
static enum policy_verdict judge_document(const cJSON *document, const char *action,
					  const char *resource)
{
	enum policy_verdict verdict = POLICY_NOT_ALLOWED;
	const cJSON *statement = json_get(document, "Statement");
	if (!cJSON_IsArray(statement))
		return judge_statement(statement, action, resource);
	for (const cJSON *s = statement->child; s; s = s->next)
		verdict = stronger(verdict, judge_statement(s, action, resource));
	return verdict;
}

enum policy_verdict policy_judge(const cJSON *policies, const char *action, const char *resource)
{
	enum policy_verdict verdict = POLICY_NOT_ALLOWED;
	for (const cJSON *p = policies->child; p; p = p->next)
		verdict = stronger(verdict, judge_document(p, action, resource));
	return verdict;
}
