#include "trigger/sns_message.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/clock.h"

enum { REGION_MAX = 32, HOST_MAX = 96, PATH_DIGITS_MAX = 64, TOPIC_SIZE = 512 };

static const char *const type_names[] = {
	[SNS_NOTIFICATION] = "Notification",
	[SNS_SUBSCRIBE] = "SubscriptionConfirmation",
	[SNS_UNSUBSCRIBE] = "UnsubscribeConfirmation",
};

/* ---- the envelope ---- */

/* A member that is one line. */
static const char *line_of(const cJSON *tree, const char *name)
{
	const char *text = json_get_str(tree, name);
	return text && !strpbrk(text, "\r\n") ? text : NULL;
}

static bool read_type(struct sns_message *m)
{
	const char *type = line_of(m->tree, "Type");
	for (size_t i = 0; type && i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strcmp(type, type_names[i]) == 0) {
			m->type = (enum sns_type)i;
			return true;
		}
	}
	return false;
}

static bool read_signature(struct sns_message *m)
{
	struct buf b = BUF_INIT(SNS_SIGNATURE_MAX);
	const char *text = line_of(m->tree, "Signature");
	bool good = text && base64_decode(&b, bytes_str(text)) == 0 && !b.err && b.n > 0;
	if (good) {
		memcpy(m->signature, b.p, b.n);
		m->signature_n = b.n;
	}
	buf_clear(&b);
	return good;
}

static bool read_version(struct sns_message *m)
{
	const char *version = line_of(m->tree, "SignatureVersion");
	m->digest = version && strcmp(version, "2") == 0 ? X509_SHA256 : X509_SHA1;
	return version && (strcmp(version, "1") == 0 || m->digest == X509_SHA256);
}

const char *sns_message_read(struct sns_message *out, struct bytes body)
{
	static const char malformed[] = "it is not an envelope of SNS";
	*out = (struct sns_message){ .tree = json_parse(body, NULL) };
	if (!cJSON_IsObject(out->tree) || !read_type(out))
		return malformed;
	out->message = json_get_str(out->tree, "Message");
	out->id = line_of(out->tree, "MessageId");
	out->timestamp = line_of(out->tree, "Timestamp");
	out->topic = line_of(out->tree, "TopicArn");
	out->cert_url = line_of(out->tree, "SigningCertURL");
	if (!out->message || !out->id || !out->timestamp || !out->topic || !out->cert_url)
		return malformed;
	const cJSON *subject = json_get(out->tree, "Subject");
	out->subject = line_of(out->tree, "Subject");
	if (subject && !cJSON_IsNull(subject) && !out->subject)
		return malformed;
	if (out->type != SNS_NOTIFICATION) {
		out->token = line_of(out->tree, "Token");
		out->subscribe_url = line_of(out->tree, "SubscribeURL");
		if (!out->token || !out->subscribe_url)
			return malformed;
	}
	if (iso8601_parse(&out->timestamp_ms, bytes_str(out->timestamp)) < 0)
		return malformed;
	if (!read_version(out))
		return "its SignatureVersion is neither 1 nor 2";
	return read_signature(out) ? NULL : "its Signature is malformed";
}

void sns_message_clear(struct sns_message *m)
{
	cJSON_Delete(m->tree);
	*m = (struct sns_message){ 0 };
}

static void add(struct buf *out, const char *name, const char *value)
{
	buf_adds(out, name);
	buf_adds(out, "\n");
	buf_adds(out, value);
	buf_adds(out, "\n");
}

void sns_message_text(struct buf *out, const struct sns_message *m)
{
	add(out, "Message", m->message);
	add(out, "MessageId", m->id);
	if (m->type == SNS_NOTIFICATION && m->subject)
		add(out, "Subject", m->subject);
	if (m->type != SNS_NOTIFICATION)
		add(out, "SubscribeURL", m->subscribe_url);
	add(out, "Timestamp", m->timestamp);
	if (m->type != SNS_NOTIFICATION)
		add(out, "Token", m->token);
	add(out, "TopicArn", m->topic);
	add(out, "Type", type_names[m->type]);
}

void sns_input(struct buf *out, const struct sns_message *m)
{
	cJSON *v = json_parse(bytes_str(m->message), NULL);
	if (cJSON_IsObject(v)) {
		json_write(out, v);
	} else {
		buf_adds(out, "{\"Message\":");
		json_write_string(out, bytes_str(m->message));
		if (m->subject) {
			buf_adds(out, ",\"Subject\":");
			json_write_string(out, bytes_str(m->subject));
		}
		buf_adds(out, "}");
	}
	cJSON_Delete(v);
}

/* ---- whom to believe ---- */

bool sns_topic_is_allowed(const char *topics, const char *topic)
{
	size_t n = strlen(topic);
	for (const char *at = topics + strspn(topics, " \t"); *at;) {
		size_t word = strcspn(at, " \t");
		if (word == n && memcmp(at, topic, n) == 0)
			return true;
		at += word + strspn(at + word, " \t");
	}
	return false;
}

struct place { /* where a topic is */
	char region[REGION_MAX];
	const char *suffix;
	bool is_gov;
};

static bool takes(const char **at, const char *text)
{
	size_t n = strlen(text);
	if (strncmp(*at, text, n) != 0)
		return false;
	*at += n;
	return true;
}

/* "arn:PARTITION:sns:REGION:..." */
static bool place_of(struct place *out, const char *topic)
{
	static const struct {
		const char *begin, *suffix;
	} partitions[] = {
		{ "arn:aws:sns:", ".amazonaws.com" },
		{ "arn:aws-us-gov:sns:", ".amazonaws.com" },
		{ "arn:aws-cn:sns:", ".amazonaws.com.cn" },
	};
	*out = (struct place){ .suffix = NULL };
	for (size_t i = 0; !out->suffix && i < sizeof(partitions) / sizeof(partitions[0]); i++) {
		if (takes(&topic, partitions[i].begin)) {
			out->suffix = partitions[i].suffix;
			out->is_gov = i == 1;
		}
	}
	size_t n = strspn(topic, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (!out->suffix || n == 0 || n >= sizeof(out->region) || topic[n] != ':')
		return false;
	memcpy(out->region, topic, n);
	return true;
}

bool sns_is_topic(const char *arn, size_t n)
{
	char topic[TOPIC_SIZE];
	struct place p;
	if (n >= sizeof(topic))
		return false;
	memcpy(topic, arn, n);
	topic[n] = '\0';
	const char *name = strrchr(topic, ':');
	return place_of(&p, topic) && name[1] != '\0' && !strpbrk(topic, "*?");
}

/* Behind "https://sns.REGION.amazonaws.com/". NULL: it is elsewhere. */
static const char *behind_host(const char *url, const char *topic)
{
	struct place p;
	if (!place_of(&p, topic) || !takes(&url, "https://sns.") || !takes(&url, p.region) ||
	    !takes(&url, p.suffix) || !takes(&url, "/"))
		return NULL;
	return url;
}

static bool has_prefix(const char *url, const char *prefix)
{
	return prefix && takes(&url, prefix) && !strpbrk(url, " \\");
}

bool sns_is_cert_url(const char *url, const char *topic, const char *prefix)
{
	const char *at = behind_host(url, topic);
	if (has_prefix(url, prefix))
		return true;
	if (!at || !takes(&at, "SimpleNotificationService-"))
		return false;
	size_t n = strspn(at, "0123456789abcdef");
	return n > 0 && n <= PATH_DIGITS_MAX && strcmp(at + n, ".pem") == 0;
}

bool sns_is_subscribe_url(const char *url, const char *topic, const char *prefix)
{
	const char *at = behind_host(url, topic);
	if (has_prefix(url, prefix))
		return true;
	return at && takes(&at, "?Action=ConfirmSubscription&") && !strpbrk(at, "# \\");
}

bool sns_is_cert(struct x509_cert *cert, const char *topic)
{
	static const char *const begins[] = { "sns.", "sns-signing.", "sns-" };
	struct place p;
	char name[HOST_MAX];
	if (!place_of(&p, topic))
		return false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s%s", begins[i], p.region, p.suffix);
		if (x509_is_for(cert, name))
			return true;
	}
	(void)snprintf(name, sizeof(name), "sns%s", p.suffix);
	return x509_is_for(cert, name) ||
	       (p.is_gov && x509_is_for(cert, "sns-us-gov-west-1.amazonaws.com"));
}
