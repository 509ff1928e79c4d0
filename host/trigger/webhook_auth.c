#include "trigger/webhook_auth.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "trigger/sns_message.h"
#include "trigger/webhook_auth_row.h"

enum { FIVE_MINUTES_MS = 5 * 60 * 1000, HOUR_MS = 60 * 60 * 1000, NAMES_MAX = 1024 };
enum { TAKES_HMAC = TAKES_SECRETS | TAKES_HEADER | TAKES_PREFIX | TAKES_ENCODING };

static const struct webhook_auth_row rows[] = {
	{ .name = "hmac-sha256",
	  .takes = TAKES_HMAC,
	  .prefix = "sha256=",
	  .id_header = "X-GitHub-Delivery",
	  .digest = HMAC_WITH_SHA256,
	  .check = auth_check_hmac },
	{ .name = "hmac-sha1",
	  .takes = TAKES_HMAC,
	  .prefix = "sha1=",
	  .digest = HMAC_WITH_SHA1,
	  .check = auth_check_hmac },
	{ .name = "hmac-sha512",
	  .takes = TAKES_HMAC,
	  .prefix = "sha512=",
	  .digest = HMAC_WITH_SHA512,
	  .check = auth_check_hmac },
	{ .name = "github",
	  .takes = TAKES_SECRETS,
	  .header = "X-Hub-Signature-256",
	  .prefix = "sha256=",
	  .id_header = "X-GitHub-Delivery",
	  .id_needed = true,
	  .digest = HMAC_WITH_SHA256,
	  .check = auth_check_hmac },
	{ .name = "slack",
	  .takes = TAKES_SECRETS | TAKES_TOLERANCE,
	  .header = "X-Slack-Signature",
	  .prefix = "v0=",
	  .id_member = "event_id",
	  .tolerance_ms = FIVE_MINUTES_MS,
	  .digest = HMAC_WITH_SHA256,
	  .check = auth_check_slack },
	{ .name = "stripe",
	  .takes = TAKES_SECRETS | TAKES_TOLERANCE,
	  .header = "Stripe-Signature",
	  .id_member = "id",
	  .id_needed = true,
	  .tolerance_ms = FIVE_MINUTES_MS,
	  .digest = HMAC_WITH_SHA256,
	  .check = auth_check_stripe },
	{ .name = "standard-webhooks",
	  .takes = TAKES_SECRETS | TAKES_TOLERANCE,
	  .header = "webhook-",
	  .id_header = "webhook-id",
	  .id_needed = true,
	  .tolerance_ms = FIVE_MINUTES_MS,
	  .decode = auth_decode_standard,
	  .secret_form = "whsec_ or whpk_ and base64, of at least 16 and just 32 bytes",
	  .check = auth_check_standard },
	{ .name = "svix",
	  .takes = TAKES_SECRETS | TAKES_TOLERANCE,
	  .header = "svix-",
	  .id_header = "svix-id",
	  .id_needed = true,
	  .tolerance_ms = FIVE_MINUTES_MS,
	  .decode = auth_decode_standard,
	  .secret_form = "whsec_ or whpk_ and base64, of at least 16 and just 32 bytes",
	  .check = auth_check_standard },
	{ .name = "key", .takes = TAKES_SECRETS | TAKES_HEADER, .check = auth_check_token },
	{ .name = "basic",
	  .takes = TAKES_SECRETS,
	  .header = "Authorization",
	  .decode = auth_decode_basic,
	  .secret_form = "USER:PASSWORD",
	  .check = auth_check_token },
	{ .name = "bearer",
	  .takes = TAKES_SECRETS,
	  .header = "Authorization",
	  .check = auth_check_token },
	{ .name = "eventbridge",
	  .takes = TAKES_SECRETS | TAKES_HEADER | TAKES_SCHEME,
	  .id_member = "id",
	  .id_needed = true,
	  .check = auth_check_token },
	{ .name = "mtls", .takes = NEEDS_CLIENTS, .check = auth_check_mtls },
	{ .name = "sns",
	  .takes = TAKES_TOPICS | TAKES_TOLERANCE,
	  .id_member = "MessageId",
	  .id_needed = true,
	  .tolerance_ms = HOUR_MS },
};

/* ---- what a hook asks for ---- */

static int row_of(const struct webhook_auth_row **out, const char *name, struct err *err)
{
	struct buf names = BUF_INIT(NAMES_MAX);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name ? name : rows[0].name) == 0) {
			*out = &rows[i];
			buf_clear(&names);
			return 0;
		}
		buf_addf(&names, "%s%s", i ? ", " : "", rows[i].name);
	}
	int rc =
	    err_set(err, ERR_INVALID, "auth = %.60s: expected one of %s", name, buf_cstr(&names));
	buf_clear(&names);
	return rc;
}

static int scheme_of(enum auth_scheme *out, const struct webhook_auth_row *row, const char *name,
		     struct err *err)
{
	static const char *const names[] = { "key", "basic", "bearer" };
	const char *wanted = name ? name : row->name;
	*out = SCHEME_KEY;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], wanted) == 0) {
			*out = (enum auth_scheme)i;
			return 0;
		}
	}
	return name ? err_set(err, ERR_INVALID, "scheme = %.60s: expected key, basic or bearer",
			      name)
		    : 0;
}

static int judge_takes(const struct webhook_auth_row *row, const struct webhook_auth_spec *s,
		       struct err *err)
{
	const struct {
		const char *key;
		bool given;
		unsigned bit;
	} keys[] = {
		{ "header", s->header != NULL, TAKES_HEADER },
		{ "prefix", s->prefix != NULL, TAKES_PREFIX },
		{ "encoding", s->encoding != NULL, TAKES_ENCODING },
		{ "scheme", s->scheme != NULL, TAKES_SCHEME },
		{ "tolerance", s->tolerance_ms != 0, TAKES_TOLERANCE },
		{ "topics", s->topics != NULL, TAKES_TOPICS },
		{ "sns_url_prefix", s->sns_url_prefix != NULL, TAKES_TOPICS },
		{ "envelope", s->envelope != NULL, TAKES_TOPICS },
		{ "a secret", s->n_secrets > 0, TAKES_SECRETS },
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].given && !(row->takes & keys[i].bit))
			return err_set(err, ERR_INVALID, "auth = %s has no use for %s", row->name,
				       keys[i].key);
	}
	if ((row->takes & NEEDS_CLIENTS) && !s->clients)
		return err_set(err, ERR_INVALID,
			       "auth = %s needs clients: patterns of names in certificates such as "
			       "CN:orders or DNS:*.example.com",
			       row->name);
	if ((row->takes & TAKES_TOPICS) && !s->topics)
		return err_set(err, ERR_INVALID, "auth = %s needs topics: ARNs parted by blanks",
			       row->name);
	return 0;
}

static int judge_headers(const struct webhook_auth_row *row, const struct webhook_auth_spec *s,
			 enum auth_scheme scheme, struct err *err)
{
	bool needed = (row->takes & TAKES_HEADER) && scheme == SCHEME_KEY;
	if (needed && !s->header)
		return err_set(err, ERR_INVALID, "auth = %s needs header: where its %s is",
			       row->name, row->prefix ? "signature" : "key");
	if (!needed && s->header)
		return err_set(err, ERR_INVALID, "scheme = %s has no use for header", s->scheme);
	if (s->header && !http_is_token(bytes_str(s->header)))
		return err_set(err, ERR_INVALID, "header '%.80s' is no header name", s->header);
	if (s->delivery_header && !http_is_token(bytes_str(s->delivery_header)))
		return err_set(err, ERR_INVALID, "delivery_header '%.80s' is no header name",
			       s->delivery_header);
	if (s->delivery_header && s->delivery_member)
		return err_set(err, ERR_INVALID,
			       "delivery_header and delivery_member: only one of them can say what "
			       "identifies a delivery");
	return 0;
}

/* "http://127.0.0.1:5000/": what comes behind it cannot change the host. */
static bool is_url_prefix(const char *url)
{
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
			: strncmp(url, "http://", 7) == 0 ? 7
							  : 0;
	const char *slash = scheme ? strchr(url + scheme, '/') : NULL;
	return slash && slash > url + scheme && url[strlen(url) - 1] == '/' &&
	       !strpbrk(url, "@?#\\ ");
}

/* The next word, and where the rest begins. n 0: there is none. */
static struct bytes next_word(const char **at)
{
	const char *word = *at + strspn(*at, " \t");
	size_t n = strcspn(word, " \t");
	*at = word + n;
	return (struct bytes){ word, n };
}

/* A name without its kind would never be found. */
static bool is_client(struct bytes pattern)
{
	static const char *const kinds[] = { "*", "CN:", "DNS:", "URI:", "email:", "IP:" };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);
		if (pattern.n >= n && memcmp(pattern.p, kinds[i], n) == 0)
			return true;
	}
	return false;
}

static int judge_lists(const struct webhook_auth_spec *s, struct err *err)
{
	const char *clients = s->clients ? s->clients : "", *topics = s->topics ? s->topics : "";
	for (struct bytes word; (word = next_word(&clients)).n > 0;) {
		if (!is_client(word))
			return err_set(
			    err, ERR_INVALID,
			    "clients: '%.*s' does not begin with CN:, DNS:, URI:, email:, "
			    "IP: or *",
			    (int)(word.n < 80 ? word.n : 80), word.p);
	}
	for (struct bytes word; (word = next_word(&topics)).n > 0;) {
		if (!sns_is_topic(word.p, word.n))
			return err_set(err, ERR_INVALID,
				       "topics: '%.*s' is not a topic's ARN such as "
				       "arn:aws:sns:eu-central-1:111122223333:alarms",
				       (int)(word.n < 80 ? word.n : 80), word.p);
	}
	return 0;
}

static int judge_values(const struct webhook_auth_spec *s, struct err *err)
{
	if (s->encoding && strcmp(s->encoding, "hex") != 0 && strcmp(s->encoding, "base64") != 0)
		return err_set(err, ERR_INVALID, "encoding = %.60s: expected hex or base64",
			       s->encoding);
	if (s->envelope && strcmp(s->envelope, "true") != 0 && strcmp(s->envelope, "false") != 0)
		return err_set(err, ERR_INVALID, "envelope = %.60s: expected true or false",
			       s->envelope);
	if (s->tolerance_ms < 0)
		return err_set(err, ERR_INVALID, "tolerance: expected a duration");
	if (s->sns_url_prefix && !is_url_prefix(s->sns_url_prefix))
		return err_set(err, ERR_INVALID,
			       "sns_url_prefix = %.200s: expected an http: or https: URL with a "
			       "slash at its end, such as http://127.0.0.1:4566/",
			       s->sns_url_prefix);
	return 0;
}

int webhook_auth_judge(const struct webhook_auth_spec *spec, struct err *err)
{
	const struct webhook_auth_row *row = NULL;
	enum auth_scheme scheme;
	int rc = row_of(&row, spec->auth, err);
	if (rc == 0)
		rc = judge_takes(row, spec, err);
	if (rc == 0)
		rc = scheme_of(&scheme, row, spec->scheme, err);
	if (rc == 0)
		rc = judge_headers(row, spec, scheme, err);
	if (rc == 0)
		rc = judge_lists(spec, err);
	return rc < 0 ? rc : judge_values(spec, err);
}

bool webhook_auth_has_secrets(const char *auth)
{
	const struct webhook_auth_row *row = NULL;
	return row_of(&row, auth, NULL) == 0 && (row->takes & TAKES_SECRETS);
}

/* ---- a hook's own ---- */

char *auth_copy(const char *text, bool *ok)
{
	char *copy = text ? strdup(text) : NULL;
	*ok = *ok && (!text || copy);
	return copy;
}

static bool take_texts(struct webhook_auth *a, const struct webhook_auth_spec *s)
{
	bool ok = true, given = s->delivery_header || s->delivery_member;
	bool standing = a->scheme != SCHEME_KEY || !(a->row->takes & TAKES_HEADER);
	const char *usual = a->row->header ? a->row->header : "Authorization";
	a->header = auth_copy(standing ? usual : s->header, &ok);
	a->prefix = auth_copy(s->prefix, &ok);
	a->id_header = auth_copy(given ? s->delivery_header : a->row->id_header, &ok);
	a->id_member = auth_copy(given ? s->delivery_member : a->row->id_member, &ok);
	a->clients = auth_copy(s->clients, &ok);
	a->topics = auth_copy(s->topics, &ok);
	a->sns_url_prefix = auth_copy(s->sns_url_prefix, &ok);
	a->id_needed = given || a->row->id_needed;
	a->base64 = s->encoding && strcmp(s->encoding, "base64") == 0;
	a->envelope = s->envelope && strcmp(s->envelope, "true") == 0;
	a->tolerance_ms = s->tolerance_ms ? s->tolerance_ms : a->row->tolerance_ms;
	return ok;
}

static bool as_it_is(struct webhook_secret *s, struct bytes text)
{
	s->p = malloc(text.n);
	if (!s->p)
		return false;
	memcpy(s->p, text.p, text.n);
	s->n = text.n;
	return true;
}

static int take_secrets(struct webhook_auth *a, const struct webhook_auth_spec *s, struct err *err)
{
	bool (*decode)(struct webhook_secret *, struct bytes) = a->row->decode;
	if (a->row->takes & TAKES_SCHEME && a->scheme == SCHEME_BASIC)
		decode = auth_decode_basic;
	const char *form = a->row->decode ? a->row->secret_form : "USER:PASSWORD";
	if ((a->row->takes & TAKES_SECRETS) && s->n_secrets == 0)
		return err_set(err, ERR_INVALID, "the secret is empty");
	if (s->n_secrets > WEBHOOK_SECRETS_MAX)
		return err_set(err, ERR_INVALID, "there are more than %d secrets",
			       WEBHOOK_SECRETS_MAX);
	for (size_t i = 0; i < s->n_secrets; i++) {
		if (s->secrets[i].n == 0)
			return err_set(err, ERR_INVALID, "the secret is empty");
		struct webhook_secret *secret = &a->secrets[a->n_secrets++];
		if (!(decode ? decode : as_it_is)(secret, s->secrets[i]))
			return err_set(err, ERR_INVALID, "secret %zu is not %s", i + 1, form);
	}
	return 0;
}

int webhook_auth_new(struct webhook_auth **out, const struct webhook_auth_spec *spec,
		     struct err *err)
{
	int rc = webhook_auth_judge(spec, err);
	if (rc < 0)
		return rc;
	struct webhook_auth *a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_NOMEM, "out of memory");
	rc = row_of(&a->row, spec->auth, err);
	if (rc == 0)
		rc = scheme_of(&a->scheme, a->row, spec->scheme, err);
	if (rc == 0 && !take_texts(a, spec))
		rc = err_set(err, ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = take_secrets(a, spec, err);
	if (rc < 0) {
		webhook_auth_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void webhook_auth_free(struct webhook_auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_secrets; i++) {
		if (a->secrets[i].p)
			wipe(a->secrets[i].p, a->secrets[i].n);
		free(a->secrets[i].p);
	}
	free(a->header);
	free(a->prefix);
	free(a->id_header);
	free(a->id_member);
	free(a->clients);
	free(a->topics);
	free(a->sns_url_prefix);
	free(a);
}

const char *webhook_auth_name(const struct webhook_auth *a)
{
	return a->row->name;
}

bool webhook_auth_waits(const struct webhook_auth *a)
{
	return !a->row->check;
}

bool webhook_auth_envelope(const struct webhook_auth *a)
{
	return a->envelope;
}

/* ---- a delivery ---- */

bool auth_take_id(char out[WEBHOOK_ID_SIZE], const char *text)
{
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	if (n == 0 || n >= WEBHOOK_ID_SIZE)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

void webhook_auth_check(const struct webhook_auth *a, const struct http_received *req,
			int64_t now_ms, struct webhook_proof *out)
{
	*out = (struct webhook_proof){ 0 };
	const char *why = NULL;
	const char *claimed = a->id_header ? auth_header(req, a->id_header, &why) : "";
	(void)auth_take_id(out->id, claimed);
	a->row->check(a, req, now_ms, out);
	webhook_auth_close(a, req, out);
}

void webhook_auth_close(const struct webhook_auth *a, const struct http_received *req,
			struct webhook_proof *p)
{
	if (a->clients && !auth_client(a, req) && !p->why)
		p->why = "the certificate names nobody of clients";
	if (a->decoy)
		p->why = "there is no such hook";
	if (p->why)
		p->identity[0] = '\0';
}

const char *webhook_auth_identify(const struct webhook_auth *a, const struct http_received *req,
				  const cJSON *body, struct webhook_proof *p)
{
	const char *text = NULL, *why = NULL;
	int64_t n;
	p->id[0] = '\0';
	if (a->id_header) {
		size_t there = http_header_count(req->headers, req->n_headers, a->id_header);
		if (there > 1)
			return "the header that identifies a delivery is there more than once";
		text = there ? auth_header(req, a->id_header, &why) : NULL;
	} else if (a->id_member) {
		const cJSON *v = json_get(body, a->id_member);
		text = cJSON_IsString(v) || json_int_token(v, &n) ? v->valuestring : NULL;
	}
	if (!text)
		return a->id_needed ? "what identifies a delivery is missing" : NULL;
	return auth_take_id(p->id, text)
		   ? NULL
		   : "what identifies a delivery is not printable ASCII of 1 to 200 characters";
}

const char *webhook_auth_challenge(const struct webhook_auth *a, const cJSON *body)
{
	const char *type = json_get_str(body, "type");
	bool asks =
	    strcmp(a->row->name, "slack") == 0 && type && strcmp(type, "url_verification") == 0;
	return asks ? json_get_str(body, "challenge") : NULL;
}
