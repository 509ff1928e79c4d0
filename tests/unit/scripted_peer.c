#include "scripted_peer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

struct peer {
	pthread_t thread;
	bool joined;
	int listener;
	uint16_t port;
	const struct peer_step *steps;
	int n_steps;
	peer_fn *seen;
	void *arg;
	struct buf requests;
};

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 512) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

uint16_t peer_closed_port(void)
{
	uint16_t port;
	(void)close(listen_on_loopback(&port));
	return port;
}

/* What the header block at text says of its body; 0 if there is none. */
static size_t body_length(const char *text)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *at = strstr(text, name);
	size_t n = 0;
	for (at = at ? at + sizeof(name) - 1 : ""; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (size_t)(*at - '0');
	return n;
}

static bool read_request(struct peer *p, int fd)
{
	size_t start = p->requests.n;
	for (;;) {
		const char *text = buf_cstr(&p->requests) + start;
		const char *end = strstr(text, "\r\n\r\n");
		if (end && p->requests.n - start >= (size_t)(end + 4 - text) + body_length(text))
			return true;
		char chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return false;
		buf_add(&p->requests, chunk, (size_t)n);
	}
}

static bool write_all(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		text += n;
		left -= (size_t)n;
	}
	return true;
}

/* @return whether the connection goes on */
static bool play(int fd, const struct peer_step *s)
{
	char rest[4096];
	if (!write_all(fd, s->text))
		return false;
	switch (s->action) {
	case PEER_ANSWER:
		return true;
	case PEER_ANSWER_LAST:
		return false;
	case PEER_RESET:
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
				 sizeof(struct linger));
		return false;
	case PEER_HOLD:
		while (read(fd, rest, sizeof(rest)) > 0)
			continue;
		return false;
	}
	return false;
}

static void *run(void *arg)
{
	struct peer *p = arg;
	int fd = -1;
	for (int i = 0; i < p->n_steps; i++) {
		if (fd < 0)
			fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 || !read_request(p, fd))
			break;
		if (p->seen)
			p->seen(p->arg);
		if (!play(fd, &p->steps[i])) {
			(void)close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

struct peer *peer_start(const struct peer_step *steps, int n_steps, peer_fn *seen, void *arg)
{
	struct peer *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->steps = steps;
	p->n_steps = n_steps;
	p->seen = seen;
	p->arg = arg;
	p->requests = BUF_INIT(1 << 24);
	p->listener = listen_on_loopback(&p->port);
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		abort();
	return p;
}

uint16_t peer_port(const struct peer *p)
{
	return p->port;
}

const char *peer_requests(const struct peer *p)
{
	return buf_cstr(&p->requests);
}

void peer_join(struct peer *p)
{
	/* A script nobody plays to its end must not hang the test: no one can connect any more. */
	(void)shutdown(p->listener, SHUT_RDWR);
	(void)pthread_join(p->thread, NULL);
	p->joined = true;
}

void peer_stop(struct peer *p)
{
	if (!p->joined)
		peer_join(p);
	(void)close(p->listener);
	buf_clear(&p->requests);
	free(p);
}
