#include "raw_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"

int raw_client_dial(const struct raw_client *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(c->port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->slow_reader)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
	int rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	INVARIANT(rc == 0);
	return fd;
}

void raw_client_send(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = send(fd, b.p, b.n, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		b.p += n;
		b.n -= (size_t)n;
	}
}

static void send_trickling(const struct raw_client *c, int fd)
{
	for (size_t i = 0; i < c->first.n; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		raw_client_send(fd, (struct bytes){ c->first.p + i, 1 });
		if (poll(&p, 1, c->trickle_ms) != 0)
			return;
	}
}

static bool receive(struct raw_client *c, int fd)
{
	char chunk[4096];
	ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
	if (n > 0)
		buf_add(&c->got, chunk, (size_t)n);
	return n > 0;
}

static void *run(void *arg)
{
	struct raw_client *c = arg;
	int fd = raw_client_dial(c);
	if (c->trickle_ms)
		send_trickling(c, fd);
	else
		raw_client_send(fd, c->first);
	if (c->then.n > 0 && receive(c, fd))
		raw_client_send(fd, c->then);
	while (!c->hang_up && receive(c, fd))
		continue;
	(void)close(fd);
	if (!c->hang_up)
		c->done(c->arg);
	return NULL;
}

void raw_client_start(struct raw_client *c)
{
	buf_cut(&c->got, 0);
	int rc = pthread_create(&c->thread, NULL, run, c);
	INVARIANT(rc == 0);
}

void raw_client_join(struct raw_client *c)
{
	(void)pthread_join(c->thread, NULL);
}
