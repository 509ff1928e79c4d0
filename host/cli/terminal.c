#include "cli/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "audit/print.h"
#include "base/buf.h"
#include "base/clock.h"

enum { BAR_WIDTH = 24, TEXT_MAX = 1 << 20, COLUMNS = 80 };

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

/* How many bytes of the text are its first n characters. */
static size_t characters(const char *text, size_t n)
{
	size_t i = 0;
	for (; text[i]; i++) {
		bool begins = ((unsigned char)text[i] & 0xc0) != 0x80;
		if (begins && n-- == 0)
			break;
	}
	return i;
}

/* A line that is wider than the terminal could not be erased again: only its last row would be. */
static void draw(struct terminal *t)
{
	struct winsize size = { .ws_col = 0 };
	if (!t->live || t->line[0] == '\0')
		return;
	if (ioctl(fileno(t->out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = COLUMNS;
	int n = (int)characters(t->line, (size_t)size.ws_col - 1);
	(void)fprintf(t->out, "\r\033[K%.*s", n, t->line);
	(void)fflush(t->out);
	t->drawn = true;
}

/* Tabs stay, further lines are indented so that none looks like one of ours. */
static void write_text(struct terminal *t, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	size_t whole = strlen(text);
	while (whole > 0 && text[whole - 1] == '\n')
		whole--;
	for (size_t at = 0; at < whole;) {
		size_t n = strcspn(text + at, "\n\t");
		if (n > whole - at)
			n = whole - at;
		print_text(&b, (struct bytes){ text + at, n });
		at += n;
		if (at < whole)
			buf_adds(&b, text[at++] == '\t' ? "\t" : "\n    ");
	}
	buf_adds(&b, "\n");
	(void)fwrite(b.p, 1, b.n, t->out);
	buf_clear(&b);
}

void terminal_say(struct terminal *t, const char *text)
{
	erase(t);
	write_text(t, text);
	draw(t);
	(void)fflush(t->out);
}

void terminal_log(struct terminal *t, enum log_level level, const char *text)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char now[ISO8601_SIZE];
	iso8601_format(now, clock_wall_ms());
	erase(t);
	(void)fprintf(t->out, "%s %-5s ", now, names[level]);
	write_text(t, text);
	draw(t);
	(void)fflush(t->out);
}

/* From 0 to 1, whatever the two are. */
static double fraction(double done, double total)
{
	if (!(total > 0))
		return 1;
	double part = done / total;
	if (part > 1)
		return 1;
	return part > 0 ? part : 0; /* 0 also for what is no number */
}

static void write_bar(char *out, size_t size, double done, double total)
{
	char bar[BAR_WIDTH + 1];
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)(fraction(done, total) * BAR_WIDTH));
	bar[BAR_WIDTH] = '\0';
	(void)snprintf(out, size, "[%s] %.14g/%.14g ", bar, done, total);
}

void terminal_progress(struct terminal *t, double done, double total, const char *text)
{
	char head[96] = "";
	struct buf shown = BUF_INIT(TEXT_MAX);
	bool counted = done >= 0 && total >= 0;
	if (counted)
		write_bar(head, sizeof(head), done, total);
	else if (done >= 0)
		(void)snprintf(head, sizeof(head), "%.14g ", done);
	print_text(&shown, bytes_str(text ? text : ""));
	const char *words = buf_cstr(&shown);
	/* no character has more than four bytes */
	int n = (int)characters(words, (sizeof(t->line) - sizeof(head)) / 4);
	(void)snprintf(t->line, sizeof(t->line), "%s%.*s", head, n, words);
	buf_clear(&shown);
	if (t->live) {
		draw(t);
		return;
	}
	int tenth = counted && total > 0 ? (int)(fraction(done, total) * 10) : -1;
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
