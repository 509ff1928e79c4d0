/* The HTTP server in TLS, over real sockets on loopback, with certificates made on the spot. */
#include "tap.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "certificate_files.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "scratch.h"

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n"
#define CLOSE "Connection: close\r\n\r\n"

enum { PATH_SIZE = 128, MANY = 3 << 20 };

/* A client on a thread of its own: sends, then reads until the server closes. */
struct client {
	struct world *w;
	const char *cert;         /* that it shows; NULL: none */
	struct bytes first, then; /* `then` is sent when something has come back */
	bool slow;                /* reads little at a time */
	struct buf got;
	char server_name[64]; /* CN of the server's certificate */
	bool failed;
	pthread_t thread;
};

struct world {
	char dir[SCRATCH_SIZE];
	struct loop *loop;
	struct http_server *server;
	struct http_listen listen;
	struct http_place place;
	char cert[PATH_SIZE], key[PATH_SIZE], ca[PATH_SIZE];
	struct buf said;  /* of the clients' certificates */
	struct buf large; /* what /large is answered with */
	size_t received;  /* bytes of the last body */
	int running;      /* clients */
	struct err reload;
	char name[64]; /* CN that /reload has put into the certificate */
};

static void path_of(const struct world *w, char out[PATH_SIZE], const char *name, const char *kind)
{
	(void)snprintf(out, PATH_SIZE, "%s/%s.%s", w->dir, name, kind);
}

static void describe(struct buf *out, const struct http_client_cert *c)
{
	buf_adds(out, c ? c->subject : "nobody");
	for (size_t i = 0; c && i < c->n_names; i++)
		buf_addf(out, " %s", c->names[i]);
	buf_adds(out, "\n");
}

static int read_again(struct world *w)
{
	struct http_change *c = NULL;
	int rc = http_change_new(&c, &w->listen, &w->reload);
	if (rc == 0)
		http_server_take(w->server, c);
	return rc;
}

static void serve(void *arg, struct http_exchange *x, const struct http_received *req)
{
	struct world *w = arg;
	describe(&w->said, req->client);
	w->received = req->body.n;
	if (strcmp(req->path, "/reload") == 0) {
		certificate_write(w->dir, "server", "ca",
				  &(struct certificate_spec){ .common_name = w->name });
		CHECK_INT(read_again(w), 0);
	}
	if (strcmp(req->path, "/break") == 0) {
		certificate_write(w->dir, "other", "ca",
				  &(struct certificate_spec){ .common_name = "other" });
		char other[PATH_SIZE];
		path_of(w, other, "other", "key");
		int rc = rename(other, w->key);
		INVARIANT(rc == 0);
		CHECK_INT(read_again(w), -ERR_INVALID);
	}
	bool large = strcmp(req->path, "/large") == 0;
	http_server_answer(x, 200, NULL, 0, large ? buf_bytes(&w->large) : BYTES_LIT("ok"));
}

static void begin(struct world *w)
{
	*w = (struct world){ .said = BUF_INIT(1 << 16), .large = BUF_INIT(1 << 26) };
	scratch_begin(w->dir);
	certificate_write(w->dir, "ca", NULL, &(struct certificate_spec){ .common_name = "ca" });
	certificate_write(w->dir, "server", "ca",
			  &(struct certificate_spec){ .common_name = "server", .ends_s = 7200 });
	path_of(w, w->cert, "server", "pem");
	path_of(w, w->key, "server", "key");
	path_of(w, w->ca, "ca", "pem");
	w->place = (struct http_place){ .address = "127.0.0.1" };
	w->listen = (struct http_listen){ .places = &w->place,
					  .n_places = 1,
					  .tls = { .cert_file = w->cert, .key_file = w->key },
					  .max_body = MANY };
	int rc = loop_new(&w->loop, NULL);
	INVARIANT(rc == 0);
}

static void start(struct world *w)
{
	int rc = http_server_listen(&w->server, w->loop, &(struct http_handler){ serve, NULL, w },
				    &w->listen, NULL);
	INVARIANT(rc == 0);
}

static void end(struct world *w)
{
	http_server_free(w->server);
	loop_free(w->loop);
	scratch_end(w->dir);
	buf_clear(&w->said);
	buf_clear(&w->large);
}

/* ---- clients ---- */

static void client_ended(void *arg)
{
	struct world *w = arg;
	if (--w->running == 0)
		loop_quit(w->loop);
}

static int dial(const struct client *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(http_server_port(c->w->server, 0)) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->slow)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
	int rc = connect(fd, (struct sockaddr *)&a, sizeof(a));
	INVARIANT(rc == 0);
	return fd;
}

static SSL_CTX *trust(const struct client *c)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char file[PATH_SIZE];
	int ok = SSL_CTX_load_verify_locations(ctx, c->w->ca, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (c->cert) {
		path_of(c->w, file, c->cert, "pem");
		ok &= SSL_CTX_use_certificate_file(ctx, file, SSL_FILETYPE_PEM);
		path_of(c->w, file, c->cert, "key");
		ok &= SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
	}
	INVARIANT(ok == 1);
	return ctx;
}

static void note_server(struct client *c, SSL *ssl)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, c->server_name,
					sizeof(c->server_name));
	X509_free(cert);
}

static bool receive(struct client *c, SSL *ssl)
{
	char chunk[16384];
	int n = SSL_read(ssl, chunk, c->slow ? 512 : sizeof(chunk));
	if (n > 0)
		buf_add(&c->got, chunk, (size_t)n);
	return n > 0;
}

static bool talk(struct client *c, SSL *ssl)
{
	size_t sent;
	if (SSL_connect(ssl) != 1)
		return false;
	note_server(c, ssl);
	if (SSL_write_ex(ssl, c->first.p, c->first.n, &sent) != 1)
		return false;
	if (c->then.n > 0 &&
	    (!receive(c, ssl) || SSL_write_ex(ssl, c->then.p, c->then.n, &sent) != 1))
		return false;
	while (receive(c, ssl))
		continue;
	return c->got.n > 0;
}

static void *run(void *arg)
{
	struct client *c = arg;
	SSL_CTX *ctx = trust(c);
	SSL *ssl = SSL_new(ctx);
	int fd = dial(c);
	(void)SSL_set_fd(ssl, fd);
	c->failed = !talk(c, ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	loop_post(c->w->loop, client_ended, c->w);
	return NULL;
}

/* All of them at once, until they have ended. */
static void run_clients(struct world *w, struct client *clients, int n)
{
	w->running = n;
	for (int i = 0; i < n; i++) {
		clients[i].w = w;
		clients[i].got = BUF_INIT(1 << 26);
		int rc = pthread_create(&clients[i].thread, NULL, run, &clients[i]);
		INVARIANT(rc == 0);
	}
	loop_run(w->loop);
	for (int i = 0; i < n; i++)
		(void)pthread_join(clients[i].thread, NULL);
}

/* ---- tests ---- */

TEST(a_request_is_served_in_tls)
{
	struct world w;
	struct client c = { .first = BYTES_LIT(REQUEST("/") CLOSE) };
	begin(&w);
	start(&w);

	run_clients(&w, &c, 1);

	CHECK(strstr(buf_cstr(&c.got), "HTTP/1.1 200 OK\r\n") != NULL);
	CHECK_STR(buf_cstr(&w.said), "nobody\n");
	CHECK_STR(c.server_name, "server");
	buf_clear(&c.got);
	end(&w);
}

TEST(the_request_names_the_client_by_its_certificate)
{
	struct world w;
	struct client c = { .cert = "client", .first = BYTES_LIT(REQUEST("/") CLOSE) };
	begin(&w);
	w.listen.tls.client_ca_file = w.ca;
	certificate_write(w.dir, "client", "ca",
			  &(struct certificate_spec){
			      .common_name = "Bestellungen Zürich",
			      .alternatives = "DNS:a.example,URI:spiffe://b/c,email:d@e.example,"
					      "IP:192.0.2.1,IP:2001:db8::1,RID:1.2.3" });
	start(&w);

	run_clients(&w, &c, 1);

	CHECK_STR(buf_cstr(&w.said),
		  "CN=Bestellungen Zürich CN:Bestellungen Zürich DNS:a.example URI:spiffe://b/c "
		  "email:d@e.example IP:192.0.2.1 IP:2001:db8::1\n");
	buf_clear(&c.got);
	end(&w);
}

/* A C string would end at the NUL: "admin". */
TEST(a_name_that_would_be_cut_is_no_name)
{
	struct world w;
	struct client c = { .cert = "client", .first = BYTES_LIT(REQUEST("/") CLOSE) };
	begin(&w);
	w.listen.tls.client_ca_file = w.ca;
	certificate_write(w.dir, "client", "ca",
			  &(struct certificate_spec){ .common_name = "admin\0.example",
						      .common_name_length = 14,
						      .alternatives = "DNS:a.example" });
	start(&w);

	run_clients(&w, &c, 1);

	CHECK_STR(buf_cstr(&w.said), "CN=admin\\00.example DNS:a.example\n");
	buf_clear(&c.got);
	end(&w);
}

TEST(who_shows_no_good_certificate_is_not_served)
{
	static const char *const shown[] = { NULL, "expired", "stranger", "early" };
	struct world w;
	begin(&w);
	w.listen.tls.client_ca_file = w.ca;
	certificate_write(
	    w.dir, "expired", "ca",
	    &(struct certificate_spec){ .common_name = "x", .begins_s = -7200, .ends_s = -60 });
	certificate_write(
	    w.dir, "early", "ca",
	    &(struct certificate_spec){ .common_name = "x", .begins_s = 60, .ends_s = 7200 });
	certificate_write(w.dir, "stranger", NULL,
			  &(struct certificate_spec){ .common_name = "x" });
	start(&w);
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct client c = { .cert = shown[i], .first = BYTES_LIT(REQUEST("/") CLOSE) };

		run_clients(&w, &c, 1);

		CHECK(c.failed);
		CHECK_INT(c.got.n, 0);
		buf_clear(&c.got);
	}
	CHECK_STR(buf_cstr(&w.said), "");
	end(&w);
}

TEST(files_read_again_are_for_new_connections_and_break_no_old_one)
{
	struct world w;
	struct client old = { .first = BYTES_LIT(REQUEST("/reload") "\r\n"),
			      .then = BYTES_LIT(REQUEST("/") CLOSE) };
	struct client new = { .first = BYTES_LIT(REQUEST("/") CLOSE) };
	begin(&w);
	start(&w);
	int64_t before = http_server_tls_expires_ms(w.server) - clock_wall_ms();
	CHECK(before > INT64_C(7100000) && before <= INT64_C(7200000));
	CHECK_INT(http_server_tls_expires_ms(w.server) % 1000, 0); /* certificates count seconds */
	(void)snprintf(w.name, sizeof(w.name), "renewed");

	run_clients(&w, &old, 1);
	run_clients(&w, &new, 1);

	CHECK_INT(w.reload.code, 0);
	CHECK(!old.failed && strstr(buf_cstr(&old.got), CLOSE) != NULL);
	CHECK_STR(old.server_name, "server");
	CHECK_STR(new.server_name, "renewed");
	int64_t after = http_server_tls_expires_ms(w.server) - clock_wall_ms();
	CHECK(after > INT64_C(3500000) && after <= INT64_C(3600000));
	buf_clear(&old.got);
	buf_clear(&new.got);
	end(&w);
}

TEST(files_that_do_not_belong_together_change_nothing)
{
	struct world w;
	struct client one = { .first = BYTES_LIT(REQUEST("/break") CLOSE) };
	struct client next = { .first = BYTES_LIT(REQUEST("/") CLOSE) };
	begin(&w);
	start(&w);

	run_clients(&w, &one, 1);
	run_clients(&w, &next, 1);

	CHECK(strstr(w.reload.message, "server.key: this is not the key of the certificate") !=
	      NULL);
	CHECK_STR(next.server_name, "server");
	CHECK(!next.failed);
	buf_clear(&one.got);
	buf_clear(&next.got);
	end(&w);
}

/* The answer waits in the server in parts, which are other parts than those TLS has begun. */
TEST(large_bodies_and_answers_arrive_whole)
{
	struct world w;
	struct buf request = BUF_INIT(1 << 26);
	begin(&w);
	for (int i = 0; i < MANY / 8; i++)
		buf_addf(&w.large, "%07d\n", i);
	buf_addf(&request, "POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" CLOSE, MANY);
	buf_add(&request, w.large.p, MANY);
	start(&w);
	struct client clients[2] = { { .first = buf_bytes(&request), .slow = true },
				     { .first = buf_bytes(&request) } };

	run_clients(&w, clients, 2);

	CHECK_INT(w.received, MANY);
	for (int i = 0; i < 2; i++) {
		const char *body = strstr(buf_cstr(&clients[i].got), "\r\n\r\n");
		REQUIRE(body != NULL);
		size_t n = clients[i].got.n - (size_t)(body + 4 - clients[i].got.p);
		CHECK_INT(n, MANY);
		CHECK(n == MANY && memcmp(body + 4, w.large.p, n) == 0);
		buf_clear(&clients[i].got);
	}
	buf_clear(&request);
	end(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_request_is_served_in_tls),
		      TAP_CASE(the_request_names_the_client_by_its_certificate),
		      TAP_CASE(a_name_that_would_be_cut_is_no_name),
		      TAP_CASE(who_shows_no_good_certificate_is_not_served),
		      TAP_CASE(files_read_again_are_for_new_connections_and_break_no_old_one),
		      TAP_CASE(files_that_do_not_belong_together_change_nothing),
		      TAP_CASE(large_bodies_and_answers_arrive_whole)));
}
