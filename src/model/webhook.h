/*
 * Webhooks: addresses to which a repository's events are posted, and how that went. What is posted is one of
 * CloudEvents 1.0 in JSON, signed as the Standard Webhooks specification says (1.0.0, "Signature scheme", symmetric):
 *
 *	webhook-id: 3/17
 *	webhook-timestamp: 1795448072
 *	webhook-signature: v1,BASE64(HMAC-SHA256(secret, "3/17.1795448072." + body))
 *
 * Values; their text belongs to whoever made them.
 */
#ifndef MODEL_WEBHOOK_H
#define MODEL_WEBHOOK_H

#include "base/json.h"
#include "model/event.h"

enum {
	WEBHOOKS_MAX = 20, /* of one repository */
	WEBHOOK_URL_MAX = 2000,
	WEBHOOK_SAID_MAX = 1024,
	WEBHOOK_SECRET = 32, /* bytes */
};

/* An address, and how it fares. */
struct webhook {
	int64_t id, repo_id;
	struct str url;
	struct str events; /* "push,ref.created": the types that it is for; empty: all */
	struct str sealed; /* its secret: core/webhook.h opens it */
	bool active;
	int64_t created;  /* seconds since 1970 */
	int64_t cursor;   /* the sequence of the last event that it is done with */
	int64_t failures; /* attempts that failed since the last that did not */
	int64_t next;     /* microseconds: not before then, but then; 0: nothing waits */
	int64_t tried;    /* microseconds: the last attempt; 0: there was none. What came of it: */
	int64_t status;   /* the answer's status; 0: no answer */
	struct str said;  /* how the answer begins, or why there is none; see webhook_said */
};

struct webhooks {
	const struct webhook *at;
	size_t count;
};

/* As rows have it. WAITING: it will be tried, or again. DEAD: it was tried as often as it may be. */
enum webhook_state { WEBHOOK_WAITING, WEBHOOK_DELIVERED, WEBHOOK_DEAD };

/* An event on its way to a webhook. */
struct webhook_delivery {
	int64_t webhook_id, sequence; /* of the event */
	struct str type;              /* of the event, by its name */
	enum webhook_state state;
	int64_t attempts; /* since it was last asked for */
	int64_t time;     /* microseconds: when the last attempt began; 0: there was none */
	int64_t duration; /* microseconds that it took */
	int64_t status;   /* as of struct webhook; so is said */
	struct str said;
};

struct webhook_deliveries {
	const struct webhook_delivery *at;
	size_t count;
	bool more; /* ask again before the last one's sequence */
};

/* "waiting", "delivered", "dead". */
const char *webhook_state_name(enum webhook_state state);

/* https or http, at most WEBHOOK_URL_MAX bytes, with a host, and without a name, a password or a fragment.
 * ERR_INVALID. */
enum err webhook_url_check(struct ctx *c, struct str url) MUST;
/* Without what follows a '?', which may be secret: for logs and events. */
struct str webhook_url_shown(struct str url);

/* The host in one that is checked, without its port and without brackets: "example.org", "::1". */
struct str webhook_url_host(struct str url);

/* The names of types, with commas or white space between or as a JSON array (NULL: none), as struct webhook has them.
 * ERR_INVALID names the one that never happens in a repository that is there. In c->arena. */
enum err webhook_events_parse(struct ctx *c, struct str text, struct str *out) MUST;
enum err webhook_events_from_json(struct ctx *c, const struct json *array, struct str *out) MUST;

/* Is it to be told of this? A ping only when it is the one that is meant. */
bool webhook_wants(struct ctx *c, const struct webhook *hook, const struct event *event);

/* Bytes from outside as text that may be kept and shown: UTF-8 without control characters, cut after WEBHOOK_SAID_MAX
 * bytes. In the arena. */
struct str webhook_said(struct arena *a, struct str bytes);

/* Its secret's bytes; and how it had better be sealed from now on, empty: as it is. */
struct webhook_key {
	struct str secret, sealed;
};

/* "whsec_…", as those who verify signatures take it. In the arena. */
struct str webhook_secret_text(struct arena *a, struct str secret);

/* What is signed, and by what. `time`: seconds since 1970. */
struct webhook_signed {
	struct str secret, id, body;
	int64_t time;
};
/* "v1,…", in the arena. */
struct str webhook_signature(struct arena *a, const struct webhook_signed *what);

/* The members of an object that has begun; never the secret. */
void webhook_to_json(struct json_writer *w, const struct webhook *hook);
void webhook_delivery_to_json(struct json_writer *w, const struct webhook_delivery *delivery);
/* Its types as an array. */
void webhook_events_to_json(struct json_writer *w, struct str events);

#endif
