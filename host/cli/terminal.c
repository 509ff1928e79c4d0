#include "cli/terminal.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 24 };

void terminal_init(struct terminal *t, FILE *out)
{
	*t = (struct terminal){ .out = out, .live = isatty(fileno(out)) == 1, .last_tenth = -1 };
}

static void erase(struct terminal *t)
{
	if (t->drawn)
		(void)fputs("\r\033[K", t->out);
	t->drawn = false;
}

static void draw(struct terminal *t)
{
	if (!t->live || t->line[0] == '\0')
		return;
	(void)fprintf(t->out, "\r\033[K%s", t->line);
	(void)fflush(t->out);
	t->drawn = true;
}

void terminal_log(struct terminal *t, enum log_level level, const char *text)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char now[ISO8601_SIZE];
	iso8601_format(now, clock_wall_ms());
	erase(t);
	(void)fprintf(t->out, "%s %-5s %s\n", now, names[level], text);
	draw(t);
	(void)fflush(t->out);
}

static void write_bar(char *out, size_t size, double done, double total)
{
	char bar[BAR_WIDTH + 1];
	double part = total > 0 ? done / total : 1;
	int full = (int)((part > 1 ? 1 : part < 0 ? 0 : part) * BAR_WIDTH);
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)full);
	bar[BAR_WIDTH] = '\0';
	(void)snprintf(out, size, "[%s] %.14g/%.14g ", bar, done, total);
}

void terminal_progress(struct terminal *t, double done, double total, const char *text)
{
	char head[96] = "";
	bool counted = done >= 0 && total >= 0;
	if (counted)
		write_bar(head, sizeof(head), done, total);
	else if (done >= 0)
		(void)snprintf(head, sizeof(head), "%.14g ", done);
	(void)snprintf(t->line, sizeof(t->line), "%s%.140s", head, text ? text : "");
	for (char *p = t->line; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	}
	if (t->live) {
		draw(t);
		return;
	}
	int tenth = counted && total > 0 ? (int)(done * 10 / total) : -1;
	if (tenth == t->last_tenth && strncmp(t->text, text ? text : "", sizeof(t->text) - 1) == 0)
		return;
	t->last_tenth = tenth;
	(void)snprintf(t->text, sizeof(t->text), "%s", text ? text : "");
	terminal_log(t, LOG_INFO, t->line);
}

void terminal_end(struct terminal *t)
{
	erase(t);
	t->line[0] = '\0';
	(void)fflush(t->out);
}
