/*
 * publication.h - one call of sns.publish: signed, sent, judged, perhaps sent again.
 *
 *	WAITING ──► SENDING ──► ended
 *	   ▲           │
 *	   └───────────┘  worth another attempt, and nobody minds a second one: it was refused, never
 *	                  left, or is asked to be sent again (resend)
 *
 * A publish has no idempotency token. Without `resend` one that may have been taken and was not
 * answered is unknown; with it the message may come twice.
 */
#ifndef SNS_PUBLICATION_H
#define SNS_PUBLICATION_H

#include "aws/retry.h"
#include "aws/session.h"
#include "aws/sigv4.h"
#include "plugin_api.h"
#include "sns/settings.h"

/* What all calls share. */
struct publisher {
	const struct host_api *api;
	struct settings settings;
	struct session session;
	struct credentials *credentials;
	char *ca_file;
	struct sigv4_signer *signer;
	struct retry_quota quota;
	struct err err; /* .code not 0: why nothing can be published */
	struct publication *first;
};

/* The endpoint of a topic's region. */
NODISCARD int publisher_endpoint(const struct publisher *p, struct endpoint *out,
				 const char *region, struct err *err);

void publication_start(struct publisher *all, struct host_call *call);
void publication_stop(struct host_call *call);
void publication_stop_all(struct publisher *all);
bool publication_in_doubt(const struct host_call *call);

/* Does a second request do no harm, as its caller says? */
bool publication_resends(struct bytes args);

#endif
