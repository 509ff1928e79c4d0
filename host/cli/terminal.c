#include "cli/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/print.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/outlet.h"

/* of a message each byte may become an escape */
enum { BAR_WIDTH = 24, MESSAGE_MAX = 1 << 20, TEXT_MAX = 8 << 20, COLUMNS = 80 };

static const char *const levels[] = { "debug", "info", "warn", "error" };

/* sd-daemon(3): the priority of a line */
static const char *const priorities[] = { "<7>", "<6>", "<4>", "<3>" };

/* systemd says which file the journal's is. */
static bool is_journal(int fd)
{
	struct stat st;
	char is[64];
	const char *said = getenv("JOURNAL_STREAM");
	if (!said || fstat(fd, &st) != 0)
		return false;
	(void)snprintf(is, sizeof(is), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(is, said) == 0;
}

static void on_lost(void *arg, uint64_t lines)
{
	char text[120];
	(void)snprintf(text, sizeof(text),
		       "%" PRIu64 " lines were lost: whoever reads them was too slow", lines);
	terminal_log(arg, LOG_WARN, text);
}

void terminal_init(struct terminal *t, int fd)
{
	*t = (struct terminal){ .out = outlet_new(fd, on_lost, t),
				.columns_fd = fd,
				.is_tty = isatty(fd) == 1,
				.is_journal = is_journal(fd),
				.last_tenth = -1 };
}

void terminal_attend(struct terminal *t, struct loop *loop)
{
	if (t->out)
		outlet_attend(t->out, loop);
}

static bool is_live(const struct terminal *t)
{
	return t->is_tty && t->format == LOG_AS_TEXT;
}

static void put(struct terminal *t, struct buf *b)
{
	if (t->out)
		outlet_write(t->out, buf_bytes(b));
	buf_clear(b);
}

static void erase(struct terminal *t, struct buf *b)
{
	if (t->drawn)
		buf_adds(b, "\r\033[K");
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
	struct buf b = BUF_INIT(TEXT_MAX);
	if (!is_live(t) || t->line[0] == '\0' || !t->out || !outlet_is_clear(t->out))
		return;
	if (ioctl(t->columns_fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = COLUMNS;
	int n = (int)characters(t->line, (size_t)size.ws_col - 1);
	buf_addf(&b, "\r\033[K%.*s", n, t->line);
	put(t, &b);
	t->drawn = true;
}

static void begin_line(const struct terminal *t, struct buf *b, enum log_level level)
{
	if (t->is_journal)
		buf_adds(b, priorities[level]);
}

/* Tabs stay, further lines are indented so that none looks like one of ours. */
static void add_text(const struct terminal *t, struct buf *b, enum log_level level,
		     const char *text)
{
	size_t whole = strnlen(text, MESSAGE_MAX);
	while (whole > 0 && text[whole - 1] == '\n')
		whole--;
	for (size_t at = 0; at < whole;) {
		size_t n = strcspn(text + at, "\n\t");
		if (n > whole - at)
			n = whole - at;
		print_text(b, (struct bytes){ text + at, n });
		at += n;
		if (at == whole)
			break;
		if (text[at++] == '\t') {
			buf_adds(b, "\t");
		} else {
			buf_adds(b, "\n");
			begin_line(t, b, level);
			buf_adds(b, "    ");
		}
	}
	buf_adds(b, "\n");
}

static void write_line(struct terminal *t, enum log_level level, const char *head,
		       const struct log_about *about, const char *text)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	erase(t, &b);
	begin_line(t, &b, level);
	if (t->format == LOG_AS_TEXT) {
		buf_adds(&b, head);
		if (about->label) {
			buf_adds(&b, "[");
			print_text(&b, bytes_str(about->label));
			buf_adds(&b, "] ");
		}
		add_text(t, &b, level, text);
	} else {
		log_line_write(
		    &b, t->format,
		    &(struct log_line){ .at_ms = clock_wall_ms(),
					.level = levels[level],
					.about = *about,
					.message = { text, strnlen(text, MESSAGE_MAX) } });
	}
	put(t, &b);
	draw(t);
}

void terminal_say(struct terminal *t, enum log_level level, const struct log_about *about,
		  const char *text)
{
	struct log_about unlabelled = *about;
	unlabelled.label = NULL;
	write_line(t, level, "", &unlabelled, text);
}

void terminal_log_about(struct terminal *t, enum log_level level, const struct log_about *about,
			const char *text)
{
	char now[ISO8601_SIZE], head[ISO8601_SIZE + 16];
	iso8601_format(now, clock_wall_ms());
	(void)snprintf(head, sizeof(head), "%s %-5s ", now, levels[level]);
	write_line(t, level, head, about, text);
}

void terminal_log(struct terminal *t, enum log_level level, const char *text)
{
	terminal_log_about(t, level, &(struct log_about){ 0 }, text);
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
	if (is_live(t)) {
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
	struct buf b = BUF_INIT(TEXT_MAX);
	erase(t, &b);
	t->line[0] = '\0';
	put(t, &b);
}

void terminal_clear(struct terminal *t)
{
	terminal_end(t);
	outlet_free(t->out);
	t->out = NULL;
}
