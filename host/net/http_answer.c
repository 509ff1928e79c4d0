#include "net/http_answer.h"

#include <http_parser.h>
#include <stdio.h>

#include "base/clock.h"

const char *http_date(struct http_date *d, int64_t wall_ms)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t second = floor_div(wall_ms, 1000);
	if (d->text[0] && d->second == second)
		return d->text;
	char iso[ISO8601_SIZE];
	iso8601_format(iso, wall_ms);
	int64_t day = floor_div(second, 86400);
	int month = (iso[5] - '0') * 10 + (iso[6] - '0');
	(void)snprintf(d->text, sizeof(d->text), "%s, %.2s %s %.4s %.8s GMT",
		       days[day - floor_div(day, 7) * 7], iso + 8, months[month - 1], iso,
		       iso + 11);
	d->second = second;
	return d->text;
}

bool http_headers_valid(const struct http_header *headers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!http_is_token(bytes_str(headers[i].name)) ||
		    !http_is_value(bytes_str(headers[i].value)))
			return false;
	}
	return true;
}

bool http_status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static const char *reason(int status)
{
	const char *text = http_status_str((enum http_status)status);
	return text[0] == '<' ? "" : text; /* "<unknown>" */
}

void http_answer_write(struct buf *out, const struct http_answer_head *a, const char *date)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", a->status, reason(a->status), date);
	if (http_status_has_body(a->status) && !a->feed)
		buf_addf(out, "Content-Length: %zu\r\n", a->body_length);
	if (!a->keep_alive)
		buf_adds(out, "Connection: close\r\n");
	else if (a->old)
		buf_adds(out, "Connection: keep-alive\r\n");
	for (size_t i = 0; i < a->n_headers; i++) {
		buf_adds(out, a->headers[i].name);
		buf_adds(out, ": ");
		buf_adds(out, a->headers[i].value);
		buf_adds(out, "\r\n");
	}
	buf_adds(out, "\r\n");
}
