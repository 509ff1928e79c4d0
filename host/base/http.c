#include "base/http.h"

#include <string.h>
#include <strings.h>

const char *http_header_get(const struct http_header *headers, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(headers[i].name, name) == 0)
			return headers[i].value;
	}
	return NULL;
}

size_t http_header_count(const struct http_header *headers, size_t n, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += strcasecmp(headers[i].name, name) == 0;
	return count;
}

/* RFC 9110 5.6.2: tchar */
static bool is_token_char(char c)
{
	char lower = (char)(c | 0x20);
	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_is_token(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (!is_token_char(name.p[i]))
			return false;
	}
	return name.n > 0;
}

bool http_is_value(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}
