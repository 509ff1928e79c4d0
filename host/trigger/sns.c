#include "trigger/sns.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/sm.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "trigger/webhook_auth_row.h"

enum {
	CERTS_MAX = 16,
	GOOD_MAX = 8,
	ASKING_MAX = 8,
	AGAIN_MS = 30000,
	ANSWER_MS = 8000, /* SNS waits for 15 s */
	PEM_MAX = 64 * 1024,
};

enum { READING, FETCHING, CONFIRMING, DONE };

static const struct sm_state states[] = {
	[READING] = { "reading", SM_TO(FETCHING) | SM_TO(DONE) },
	[FETCHING] = { "fetching", SM_TO(CONFIRMING) | SM_TO(DONE) },
	[CONFIRMING] = { "confirming", SM_TO(DONE) },
	[DONE] = { "done", 0 },
};

struct sns_check {
	TAILQ_ENTRY(sns_check) link; /* while it waits for a certificate */
	struct sm sm;
	struct sns *s;
	const struct webhook_auth *auth;
	const struct http_received *req;
	int64_t now_ms;
	struct sns_message message;
	struct webhook_proof proof;
	bool later;
	struct timer *timer;            /* READING */
	struct cert *waits;             /* FETCHING; NULL: the timer brings it on */
	struct http_transfer *transfer; /* CONFIRMING */
	sns_done_fn *done;
	void *arg;
};

/* One address. Without x509 it is being asked for, or was in vain. */
struct cert {
	char *url;
	struct sns *s;
	struct x509_cert *x509;
	struct http_transfer *transfer;
	const char *why; /* in vain: so long until_ms of the monotonic clock */
	bool later;
	int64_t until_ms, used_ms;
	TAILQ_HEAD(, sns_check) waiting;
};

struct sns {
	struct loop *loop;
	struct http_client *http;
	struct cert certs[CERTS_MAX];
};

/* ---- the end of a check ---- */

static void check_free(struct sns_check *c)
{
	sns_message_clear(&c->message);
	free(c);
}

static void enter_done(struct sns_check *c)
{
	sm_move(&c->sm, DONE);
	webhook_auth_close(c->auth, c->req, &c->proof);
	const struct sns_verdict v = { .proof = &c->proof,
				       .later = c->later,
				       .message = c->message.tree ? &c->message : NULL };
	c->done(c->arg, &v);
	check_free(c);
}

static void enter_failed(struct sns_check *c, const char *why, bool later)
{
	c->proof.why = why;
	c->later = later;
	enter_done(c);
}

/* ---- CONFIRMING ---- */

static void on_confirmed(void *arg, const struct http_answer *answer)
{
	struct sns_check *c = arg;
	INVARIANT(c->sm.now == CONFIRMING);
	c->transfer = NULL;
	if (answer->status != 200)
		enter_failed(c, "the subscription could not be confirmed", true);
	else
		enter_done(c);
}

static struct http_transfer *get(struct sns *s, const char *url, http_done_fn *done, void *arg)
{
	return http_start(
	    s->http,
	    &(struct http_request){
		.method = "GET", .url = url, .timeout_ms = ANSWER_MS, .max_body = PEM_MAX },
	    done, arg);
}

static void enter_confirming(struct sns_check *c)
{
	sm_move(&c->sm, CONFIRMING);
	c->transfer = get(c->s, c->message.subscribe_url, on_confirmed, c);
}

/* ---- FETCHING ---- */

static const char *judge_signature(struct sns_check *c, struct x509_cert *x509)
{
	const struct sns_message *m = &c->message;
	struct buf text = BUF_INIT(SIZE_MAX);
	const struct bytes signature = { (const char *)m->signature, m->signature_n };
	sns_message_text(&text, m);
	bool good = !text.err && x509_signed(x509, m->digest, buf_bytes(&text), signature);
	buf_clear(&text);
	if (!good)
		return "the signature is wrong";
	if (auth_is_late(c->auth, m->timestamp_ms, c->now_ms))
		return "the signed time is further from now than the tolerance";
	c->proof.signed_ms = m->timestamp_ms;
	return NULL;
}

static const char *judge(struct sns_check *c, struct x509_cert *x509)
{
	const struct sns_message *m = &c->message;
	/* What was named in the configuration has names of its own. */
	bool is_aws = sns_is_cert_url(m->cert_url, m->topic, NULL);
	if (is_aws && !sns_is_cert(x509, m->topic))
		return "the certificate is not one of SNS in the topic's region";
	if (!x509_valid_at(x509, c->now_ms))
		return "the certificate is not good at this time";
	return judge_signature(c, x509);
}

static void on_cert(struct sns_check *c, const struct cert *cert)
{
	INVARIANT(c->sm.now == FETCHING);
	if (!cert->x509) {
		enter_failed(c, cert->why, cert->later);
		return;
	}
	const char *why = judge(c, cert->x509);
	if (why) {
		enter_failed(c, why, false);
		return;
	}
	(void)snprintf(c->proof.identity, sizeof(c->proof.identity), "%s", c->message.topic);
	/* Nothing is confirmed for whom a hook does not know otherwise. */
	webhook_auth_close(c->auth, c->req, &c->proof);
	if (!c->proof.why && c->message.type == SNS_SUBSCRIBE)
		enter_confirming(c);
	else
		enter_done(c);
}

static void cert_clear(struct cert *cert)
{
	free(cert->url);
	x509_free(cert->x509);
	*cert = (struct cert){ .s = cert->s };
}

/* Only so many good ones are kept, so that there is always room to ask. */
static void drop_oldest_good(struct sns *s, const struct cert *newest)
{
	struct cert *oldest = NULL;
	size_t n = 0;
	for (size_t i = 0; i < CERTS_MAX; i++) {
		struct cert *cert = &s->certs[i];
		if (!cert->x509)
			continue;
		n++;
		if (cert != newest && (!oldest || cert->used_ms < oldest->used_ms))
			oldest = cert;
	}
	if (n > GOOD_MAX && oldest)
		cert_clear(oldest);
}

static void on_fetched(void *arg, const struct http_answer *answer)
{
	struct cert *cert = arg;
	cert->transfer = NULL;
	if (answer->status == 200)
		cert->x509 = x509_from_pem(answer->body);
	cert->later = answer->status == 0 || answer->status >= 500;
	cert->why = cert->later ? "its certificate could not be fetched"
				: "its certificate is not at its SigningCertURL";
	cert->until_ms = clock_mono_ms() + AGAIN_MS;
	if (cert->x509)
		drop_oldest_good(cert->s, cert);
	/* Who is told may be stopped by another one's done, but nothing is added: this is taken. */
	while (!TAILQ_EMPTY(&cert->waiting)) {
		struct sns_check *c = TAILQ_FIRST(&cert->waiting);
		TAILQ_REMOVE(&cert->waiting, c, link);
		c->waits = NULL;
		on_cert(c, cert);
	}
}

static bool is_asking(const struct cert *cert)
{
	return cert->transfer != NULL;
}

/* The one of that address; else a free place for it, or the one that was in vain longest ago. NULL:
 * enough are asked for. */
static struct cert *find(struct sns *s, const char *url)
{
	struct cert *place = NULL;
	size_t asking = 0;
	for (size_t i = 0; i < CERTS_MAX; i++) {
		struct cert *cert = &s->certs[i];
		if (cert->url && strcmp(cert->url, url) == 0)
			return cert;
		asking += is_asking(cert);
		if (cert->x509 || is_asking(cert) || (place && !place->url))
			continue;
		if (!place || !cert->url || cert->until_ms < place->until_ms)
			place = cert;
	}
	return asking < ASKING_MAX ? place : NULL;
}

static bool ask(struct cert *cert, const char *url)
{
	cert_clear(cert);
	cert->url = strdup(url);
	if (!cert->url)
		return false;
	TAILQ_INIT(&cert->waiting);
	cert->transfer = get(cert->s, url, on_fetched, cert);
	return true;
}

static void enter_fetching(struct sns_check *c)
{
	const char *url = c->message.cert_url;
	struct cert *cert = find(c->s, url);
	sm_move(&c->sm, FETCHING);
	bool here = cert && cert->url && strcmp(cert->url, url) == 0;
	bool settled = here && !is_asking(cert) && (cert->x509 || clock_mono_ms() < cert->until_ms);
	if (settled) {
		cert->used_ms = clock_mono_ms();
		on_cert(c, cert);
	} else if (cert && (is_asking(cert) || ask(cert, url))) {
		cert->used_ms = clock_mono_ms();
		c->waits = cert;
		TAILQ_INSERT_TAIL(&cert->waiting, c, link);
	} else {
		enter_failed(c, "too many certificates are asked for at once", true);
	}
}

/* ---- READING ---- */

static void on_reading(void *arg)
{
	struct sns_check *c = arg;
	INVARIANT(c->sm.now == READING);
	c->timer = NULL;
	const struct sns_message *m = &c->message;
	const struct webhook_auth *a = c->auth;
	const char *why = sns_message_read(&c->message, c->req->body);
	if (!why)
		(void)auth_take_id(c->proof.id, m->id);
	if (!why && !sns_topic_is_allowed(a->topics, m->topic))
		why = "its topic is not one of topics";
	if (!why && !sns_is_cert_url(m->cert_url, m->topic, a->sns_url_prefix))
		why =
		    "its SigningCertURL is not where SNS keeps certificates of the topic's region";
	if (!why && m->type == SNS_SUBSCRIBE &&
	    !sns_is_subscribe_url(m->subscribe_url, m->topic, a->sns_url_prefix))
		why = "its SubscribeURL is not one of SNS in the topic's region";
	if (why)
		enter_failed(c, why, false);
	else
		enter_fetching(c);
}

struct sns_check *sns_check(struct sns *s, const struct webhook_auth *a,
			    const struct http_received *req, int64_t now_ms, sns_done_fn *done,
			    void *arg)
{
	struct sns_check *c = calloc(1, sizeof(*c));
	INVARIANT(c != NULL); /* as a timer's */
	*c = (struct sns_check){ .sm = { states, READING },
				 .s = s,
				 .auth = a,
				 .req = req,
				 .now_ms = now_ms,
				 .done = done,
				 .arg = arg };
	c->timer = timer_start(s->loop, 0, on_reading, c);
	return c;
}

void sns_check_stop(struct sns_check *c)
{
	if (!c)
		return;
	timer_stop(c->timer);
	http_stop(c->transfer);
	if (c->waits)
		TAILQ_REMOVE(&c->waits->waiting, c, link);
	check_free(c);
}

/* ---- all of them ---- */

int sns_new(struct sns **out, struct loop *loop, struct http_client *http, struct err *err)
{
	struct sns *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "out of memory");
	*s = (struct sns){ .loop = loop, .http = http };
	for (size_t i = 0; i < CERTS_MAX; i++)
		s->certs[i].s = s;
	*out = s;
	return 0;
}

void sns_free(struct sns *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < CERTS_MAX; i++) {
		http_stop(s->certs[i].transfer);
		cert_clear(&s->certs[i]);
	}
	free(s);
}
