/* Sockets that listen: bound, found left behind, handed in. */
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/http_place.h"
#include "scratch.h"

enum { PLACE_SIZE = 4096 };

static int dial(int family, const struct sockaddr *a, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(fd, a, n);
	(void)close(fd);
	return rc;
}

static bool answers(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return dial(AF_INET, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int n = snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	INVARIANT(n > 0 && (size_t)n < sizeof(a.sun_path));
	return a;
}

static bool answers_at(const char *path)
{
	struct sockaddr_un a = unix_address(path);
	return dial(AF_UNIX, (struct sockaddr *)&a, sizeof(a)) == 0;
}

/* "unix:" and the whole path of a file in dir, which is at most PLACE_SIZE long. */
static void name_place(char out[PLACE_SIZE], const char *dir, const char *file)
{
	char *whole = realpath(dir, NULL);
	INVARIANT(whole != NULL);
	int n = snprintf(out, PLACE_SIZE, "unix:%s/%s", whole, file);
	INVARIANT(n > 0 && n < PLACE_SIZE);
	free(whole);
}

static int open_place(const char *address, int *fd, struct err *err)
{
	uint16_t port;
	return http_place_open(fd, &port, &(struct http_place){ .address = address }, err);
}

TEST(an_address_is_listened_at)
{
	int fd;
	uint16_t port;
	REQUIRE(http_place_open(&fd, &port, &(struct http_place){ .address = "127.0.0.1" }, NULL) ==
		0);

	CHECK(port > 0);
	CHECK(answers(port));
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	(void)close(fd);
}

/* Every address of IPv6 and every one of IPv4 have the same port, and each its own socket. */
TEST(all_of_ipv6_leaves_ipv4_alone)
{
	int six, four;
	uint16_t port, same;
	if (http_place_open(&six, &port, &(struct http_place){ .address = "::" }, NULL) < 0)
		SKIP("there is no IPv6 here");

	CHECK(!answers(port));
	int rc = http_place_open(&four, &same,
				 &(struct http_place){ .address = "0.0.0.0", .port = port }, NULL);

	CHECK_INT(rc, 0);
	CHECK_INT(same, port);
	CHECK(answers(port));
	(void)close(six);
	if (rc == 0)
		(void)close(four);
}

TEST(a_port_that_is_taken_is_an_error)
{
	int fd, other;
	uint16_t port, unused;
	struct err err = { 0 };
	REQUIRE(http_place_open(&fd, &port, &(struct http_place){ .address = "127.0.0.1" }, NULL) ==
		0);

	int rc = http_place_open(
	    &other, &unused, &(struct http_place){ .address = "127.0.0.1", .port = port }, &err);

	CHECK_INT(rc, -ERR_IO);
	CHECK(strstr(err.message, "Address already in use") != NULL);
	(void)close(fd);
}

TEST(a_unix_socket_has_its_mode_whatever_the_umask)
{
	char dir[SCRATCH_SIZE], place[PLACE_SIZE];
	struct stat st;
	int fd;
	static const mode_t masks[] = { 0, 0077 };
	scratch_begin(dir);
	for (size_t i = 0; i < 2; i++) {
		name_place(place, dir, i == 0 ? "wide" : "narrow");
		mode_t old = umask(masks[i]);
		int rc = open_place(place, &fd, NULL);
		(void)umask(old);
		REQUIRE(rc == 0);
		CHECK(answers_at(place + 5));
		CHECK_INT(lstat(place + 5, &st), 0);
		CHECK_INT(st.st_mode & 0777, 0660);
		(void)close(fd);
	}
	scratch_end(dir);
}

TEST(a_unix_socket_is_replaced_only_when_nobody_answers_there)
{
	char dir[SCRATCH_SIZE], place[PLACE_SIZE];
	int first, second, third;
	struct err err = { 0 };
	scratch_begin(dir);
	name_place(place, dir, "socket");
	REQUIRE(open_place(place, &first, NULL) == 0);

	CHECK_INT(open_place(place, &second, &err), -ERR_IO);
	CHECK(strstr(err.message, "in use") != NULL);
	CHECK(answers_at(place + 5));
	(void)close(first);
	CHECK(!answers_at(place + 5));
	REQUIRE(open_place(place, &third, NULL) == 0);
	CHECK(answers_at(place + 5));
	(void)close(third);
	scratch_end(dir);
}

/* Connections that nobody accepts, until no more have room. */
static size_t crowd(const char *path, int *fds, size_t max)
{
	struct sockaddr_un a = unix_address(path);
	size_t n = 0;
	while (n < max) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
			(void)close(fd);
			break;
		}
		fds[n++] = fd;
	}
	return n;
}

/* Its process may be stopped, or have much to do. */
TEST(a_unix_socket_whose_owner_is_behind_is_neither_waited_for_nor_replaced)
{
	enum { CROWD_MAX = 64 };
	char dir[SCRATCH_SIZE], place[PLACE_SIZE];
	int owner, other, fds[CROWD_MAX];
	struct stat before, after;
	struct err err = { 0 };
	scratch_begin(dir);
	name_place(place, dir, "socket");
	REQUIRE(open_place(place, &owner, NULL) == 0);
	REQUIRE(listen(owner, 1) == 0 && stat(place + 5, &before) == 0);
	size_t n = crowd(place + 5, fds, CROWD_MAX);
	REQUIRE(n > 0 && n < CROWD_MAX);

	CHECK_INT(open_place(place, &other, &err), -ERR_IO);
	CHECK(strstr(err.message, "in use") != NULL);
	CHECK(stat(place + 5, &after) == 0 && after.st_ino == before.st_ino);
	while (n > 0)
		(void)close(fds[--n]);
	(void)close(owner);
	scratch_end(dir);
}

TEST(a_file_that_is_no_socket_is_left_alone)
{
	char dir[SCRATCH_SIZE], place[PLACE_SIZE];
	struct stat st;
	int fd;
	scratch_begin(dir);
	name_place(place, dir, "file");
	FILE *f = fopen(place + 5, "w");
	REQUIRE(f != NULL);
	(void)fclose(f);

	CHECK_INT(open_place(place, &fd, NULL), -ERR_IO);

	CHECK(lstat(place + 5, &st) == 0 && S_ISREG(st.st_mode));
	scratch_end(dir);
}

TEST(what_is_no_place_is_refused)
{
	static const char *const rows[] = { "localhost", "", "unix:", "unix:relative", "[::1]" };
	char long_path[160] = "unix:/";
	int fd;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(open_place(rows[i], &fd, NULL), -ERR_INVALID);
	memset(long_path + 6, 'a', sizeof(long_path) - 7);
	CHECK_INT(open_place(long_path, &fd, NULL), -ERR_INVALID);
}

TEST(a_socket_that_is_handed_in_is_taken_over)
{
	int given, fd;
	uint16_t port, same;
	REQUIRE(http_place_open(&given, &port, &(struct http_place){ .address = "127.0.0.1" },
				NULL) == 0);
	CHECK_INT(fcntl(given, F_SETFL, 0), 0);
	CHECK_INT(fcntl(given, F_SETFD, 0), 0);

	REQUIRE(http_place_open(&fd, &same, &(struct http_place){ .fd = given }, NULL) == 0);

	CHECK_INT(fd, given);
	CHECK_INT(same, port);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(answers(port));
	(void)close(fd);
}

TEST(what_does_not_listen_is_not_taken_over)
{
	int ends[2], fd;
	uint16_t port;
	struct err err = { 0 };
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);

	CHECK_INT(http_place_open(&fd, &port, &(struct http_place){ .fd = ends[0] }, &err),
		  -ERR_INVALID);
	CHECK(strstr(err.message, "is no listening stream socket") != NULL);
	(void)close(ends[0]);
	(void)close(ends[1]);
	CHECK_INT(http_place_open(&fd, &port, &(struct http_place){ .fd = ends[0] }, &err),
		  -ERR_INVALID);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(an_address_is_listened_at), TAP_CASE(all_of_ipv6_leaves_ipv4_alone),
	    TAP_CASE(a_port_that_is_taken_is_an_error),
	    TAP_CASE(a_unix_socket_has_its_mode_whatever_the_umask),
	    TAP_CASE(a_unix_socket_is_replaced_only_when_nobody_answers_there),
	    TAP_CASE(a_unix_socket_whose_owner_is_behind_is_neither_waited_for_nor_replaced),
	    TAP_CASE(a_file_that_is_no_socket_is_left_alone), TAP_CASE(what_is_no_place_is_refused),
	    TAP_CASE(a_socket_that_is_handed_in_is_taken_over),
	    TAP_CASE(what_does_not_listen_is_not_taken_over)));
}
