#include "net/http_screen.h"

#include "base/percent.h"

enum {
	TOKEN = 1 << 0,  /* in a name or a method */
	TARGET = 1 << 1, /* in the other parts of the request line: printable, no blank */
	VALUE = 1 << 2,  /* in a value: printable, blank, tab, beyond ASCII */
};

/* clang-format off */
enum { T = TOKEN | TARGET | VALUE, P = TARGET | VALUE, V = VALUE };

static const unsigned char kinds[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, V, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	V, T, P, T, T, T, T, T, P, P, T, T, P, T, T, P, /*  !"#$%&'()*+,-./ */
	T, T, T, T, T, T, T, T, T, T, P, P, P, P, P, P, /* 0123456789:;<=>? */
	P, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* @ABCDEFGHIJKLMNO */
	T, T, T, T, T, T, T, T, T, T, T, P, P, P, T, T, /* PQRSTUVWXYZ[\]^_ */
	T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* `abcdefghijklmno */
	T, T, T, T, T, T, T, T, T, T, T, P, T, P, T, 0, /* pqrstuvwxyz{|}~  */
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};
/* clang-format on */

static enum http_screen_state refuse(struct http_screen *s, int status, const char *why)
{
	s->status = status;
	s->why = why;
	return SCREEN_REFUSED;
}

void http_screen_init(struct http_screen *s)
{
	*s = (struct http_screen){ .state = SCREEN_METHOD };
}

/* ---- the header block ---- */

/* How many bytes from the start of `in` are of that kind. */
static size_t span(struct bytes in, unsigned kind)
{
	size_t i = 0;
	while (i < in.n && (kinds[(unsigned char)in.p[i]] & kind))
		i++;
	return i;
}

/* What a run of bytes may consist of in this state; 0 where every byte is a step of its own. */
static unsigned run_of(enum http_screen_state state)
{
	if (state == SCREEN_METHOD || state == SCREEN_NAME)
		return TOKEN;
	if (state == SCREEN_TARGET || state == SCREEN_VERSION)
		return TARGET;
	return state == SCREEN_VALUE ? VALUE : 0;
}

static enum http_screen_state request_line_step(struct http_screen *s, char c)
{
	bool printable = kinds[(unsigned char)c] & TARGET;

	if (s->state == SCREEN_METHOD && c == ' ' && s->line > 1)
		return SCREEN_TARGET_START;
	if (s->state == SCREEN_TARGET_START && printable)
		return SCREEN_TARGET;
	if (s->state == SCREEN_TARGET && c == ' ')
		return SCREEN_VERSION_START;
	if (s->state == SCREEN_VERSION_START && printable)
		return SCREEN_VERSION;
	if (s->state == SCREEN_VERSION && c == '\r')
		return SCREEN_REQUEST_LF;
	if (s->state == SCREEN_REQUEST_LF && c == '\n')
		return SCREEN_LINE_START;
	return refuse(s, 400, "malformed request line");
}

static enum http_screen_state line_start(struct http_screen *s, char c)
{
	if (c == '\r')
		return SCREEN_HEAD_LF;
	if (c == ' ' || c == '\t')
		return refuse(s, 400, "folded header line");
	if (!(kinds[(unsigned char)c] & TOKEN))
		return refuse(s, 400, c == ':' ? "header without a name" : "malformed header name");
	if (++s->n_headers > HTTP_HEADERS_MAX)
		return refuse(s, 431, "more than 100 headers");
	return SCREEN_NAME;
}

static enum http_screen_state header_step(struct http_screen *s, char c)
{
	if (s->state == SCREEN_LINE_START)
		return line_start(s, c);
	if (s->state == SCREEN_NAME && c == ':')
		return SCREEN_VALUE;
	if (s->state == SCREEN_NAME)
		return refuse(s, 400,
			      c == ' ' || c == '\t' ? "blank before the colon of a header"
						    : "malformed header name");
	if (s->state == SCREEN_VALUE && c == '\r')
		return SCREEN_VALUE_LF;
	if (s->state == SCREEN_VALUE && c == '\n')
		return refuse(s, 400, "line feed without carriage return");
	if (s->state == SCREEN_VALUE)
		return refuse(s, 400, "control character in a header");
	if (s->state == SCREEN_VALUE_LF && c == '\n')
		return SCREEN_LINE_START;
	if (s->state == SCREEN_HEAD_LF && c == '\n')
		return SCREEN_HEAD_DONE;
	return refuse(s, 400, "carriage return without line feed");
}

static enum http_screen_state check_size(struct http_screen *s, bool request_line)
{
	if (s->line > HTTP_LINE_MAX)
		return request_line ? refuse(s, 414, "request line longer than 8 KiB")
				    : refuse(s, 431, "header line longer than 8 KiB");
	if (s->head > HTTP_HEAD_MAX)
		return refuse(s, 431, "header block larger than 64 KiB");
	return s->state;
}

size_t http_screen_head(struct http_screen *s, struct bytes in)
{
	size_t at = 0;
	while (at < in.n && s->state < SCREEN_HEAD_DONE) {
		bool request_line = s->state < SCREEN_LINE_START;
		size_t n = span((struct bytes){ in.p + at, in.n - at }, run_of(s->state));
		bool step = n == 0;
		n += step;
		s->line += n;
		s->head += n;
		if (step)
			s->state = request_line ? request_line_step(s, in.p[at])
						: header_step(s, in.p[at]);
		if (s->state != SCREEN_REFUSED)
			s->state = check_size(s, request_line);
		if (s->state == SCREEN_LINE_START)
			s->line = 0;
		at += n;
	}
	return at;
}

/* ---- the body ---- */

void http_screen_expect_length(struct http_screen *s, uint64_t length, uint64_t max_body)
{
	s->left = length;
	s->state = length ? SCREEN_BODY : SCREEN_BODY_DONE;
	if (length > max_body)
		s->state = refuse(s, 413, "body too large");
}

void http_screen_expect_chunks(struct http_screen *s, uint64_t max_body)
{
	s->max_body = max_body;
	s->state = SCREEN_CHUNK_START;
}

static enum http_screen_state chunk_size_step(struct http_screen *s, char c)
{
	int digit = hex_digit(c);

	if (s->state == SCREEN_CHUNK_START) {
		s->left = 0;
		s->digits = 0;
	} else if (c == '\r') {
		return SCREEN_CHUNK_SIZE_LF;
	}
	if (digit < 0)
		return refuse(s, 400, "malformed chunk size");
	if (++s->digits > 8)
		return refuse(s, 400, "chunk size of more than 8 digits");
	s->left = s->left * 16 + (uint64_t)digit;
	return SCREEN_CHUNK_SIZE;
}

static enum http_screen_state chunk_begin(struct http_screen *s)
{
	if (s->left == 0)
		return SCREEN_LAST_CR;
	s->body += s->left;
	return s->body > s->max_body ? refuse(s, 413, "body too large") : SCREEN_CHUNK_DATA;
}

static enum http_screen_state chunk_step(struct http_screen *s, char c)
{
	if (s->state == SCREEN_CHUNK_START || s->state == SCREEN_CHUNK_SIZE)
		return chunk_size_step(s, c);
	if (s->state == SCREEN_CHUNK_SIZE_LF && c == '\n')
		return chunk_begin(s);
	if (s->state == SCREEN_CHUNK_CR && c == '\r')
		return SCREEN_CHUNK_LF;
	if (s->state == SCREEN_CHUNK_LF && c == '\n')
		return SCREEN_CHUNK_START;
	if (s->state == SCREEN_LAST_CR && c == '\r')
		return SCREEN_LAST_LF;
	if (s->state == SCREEN_LAST_LF && c == '\n')
		return SCREEN_BODY_DONE;
	return refuse(s, 400, s->state == SCREEN_LAST_CR ? "trailer" : "malformed chunk");
}

size_t http_screen_body(struct http_screen *s, struct bytes in)
{
	size_t at = 0;
	while (at < in.n && s->state < SCREEN_BODY_DONE) {
		if (s->state != SCREEN_BODY && s->state != SCREEN_CHUNK_DATA) {
			s->state = chunk_step(s, in.p[at++]);
			continue;
		}
		size_t n = in.n - at < s->left ? in.n - at : (size_t)s->left;
		at += n;
		s->left -= n;
		if (s->left == 0)
			s->state = s->state == SCREEN_BODY ? SCREEN_BODY_DONE : SCREEN_CHUNK_CR;
	}
	return at;
}
