/*
 * sns_message.h - what Amazon SNS posts: an envelope whose signature covers some of its members. Pure.
 *
 *	Notification               Message, MessageId, Subject (if there), Timestamp, TopicArn, Type
 *	SubscriptionConfirmation,  Message, MessageId, SubscribeURL, Timestamp, Token, TopicArn, Type
 *	UnsubscribeConfirmation
 *
 * The text that is signed has the name and the value of each, a line end behind both. SignatureVersion
 * 1 is RSA with SHA-1, 2 with SHA-256. So that a text stands for one envelope only, what may not have a
 * line end in it (all but Message) must not have one.
 */
#ifndef TRIGGER_SNS_MESSAGE_H
#define TRIGGER_SNS_MESSAGE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/x509.h"

enum sns_type { SNS_NOTIFICATION, SNS_SUBSCRIBE, SNS_UNSUBSCRIBE };

enum { SNS_SIGNATURE_MAX = 1024 };

struct sns_message { /* texts are borrowed from tree */
	cJSON *tree;
	enum sns_type type;
	const char *message, *id, *subject, *timestamp, *topic; /* subject: NULL if there is none */
	const char *token, *subscribe_url;                      /* NULL of a notification */
	const char *cert_url;
	int64_t timestamp_ms;
	enum x509_digest digest;
	uint8_t signature[SNS_SIGNATURE_MAX];
	size_t signature_n;
};

/* @return NULL; else what is wrong with it. To be cleared in any case. */
const char *sns_message_read(struct sns_message *out, struct bytes body);
void sns_message_clear(struct sns_message *m);

/* Append the text that is signed. */
void sns_message_text(struct buf *out, const struct sns_message *m);

/* Is it the ARN of a topic in a region whose addresses we know: arn:aws:sns:REGION:ACCOUNT:NAME, also of
 * aws-cn and aws-us-gov? n bytes of it. */
bool sns_is_topic(const char *arn, size_t n);

/* Is topic one of the ARNs, which are parted by blanks? */
bool sns_topic_is_allowed(const char *topics, const char *topic);

/*
 * Are these the addresses of that topic's region: https, no port, user or fragment,
 *
 *	sns.REGION.amazonaws.com[.cn]/SimpleNotificationService-HEX.pem
 *	sns.REGION.amazonaws.com[.cn]/?Action=ConfirmSubscription&...
 *
 * Nothing else of that host will do: it also answers with what its callers have sent.
 *
 * @param prefix  NULL, or what begins with it is believed as well
 */
bool sns_is_cert_url(const char *url, const char *topic, const char *prefix);
bool sns_is_subscribe_url(const char *url, const char *topic, const char *prefix);

/* Is it a certificate of SNS in that topic's region? Its names differ from region to region. */
bool sns_is_cert(struct x509_cert *cert, const char *topic);

/* Append the input of a run: the Message if it is a JSON object, else {"Message":...,"Subject":...}. */
void sns_input(struct buf *out, const struct sns_message *m);

#endif
