/*
 * Fair shares: in which lane a request stands, whose it is counted as, and how many there may be in a
 * minute (core/throttle.h). net/ does the standing (struct http_flow).
 *
 * Who somebody is turns out only when a worker has looked; so what a credential proved is remembered
 * here for a while, by a keyed hash, and decides where the next request with it stands. Nothing else:
 * whoever made one up stands among those who are nobody, by their address.
 *
 * Safe for any number of threads.
 */
#ifndef WEB_LANE_H
#define WEB_LANE_H

#include "core/throttle.h"
#include "model/actor.h"
#include "net/http.h"

struct web;
struct web_request;

enum lane {
	LANE_PERSON,    /* a browser that is signed in, or a person's password */
	LANE_CI,        /* an API key … */
	LANE_AGENT,     /* … of what calls itself an agent (web/agent.h) */
	LANE_ANONYMOUS, /* nobody */
	LANE_CRAWLER,   /* nobody, who asks for what is dear, or calls itself a robot */
	LANE_COUNT
};

/* Requests in a minute; 0: any number. */
struct lane_rates {
	uint32_t lanes[LANE_COUNT]; /* of one account, one key, or (of nobody) one address */
	uint32_t account;           /* with all its keys */
	uint32_t address;           /* whoever they are */
};

struct lanes;
struct lanes *lanes_open(const struct world *world, const struct lane_rates *rates);
void lanes_close(struct lanes *lanes);

/* Tells other processes what was counted here: now and then, in one thread. */
void lanes_share(struct ctx *c, struct lanes *lanes, struct kv *kv);

/* "person" */
const char *lane_name(enum lane lane);
/* What a browser is shown whom the line before the workers refuses. */
extern const char lane_busy_page[];

/* An http_classify; `web` is the struct web. */
void lane_classify(void *web, const struct http_ask *ask, struct http_flow *out);

/*
 * May the address ask for more, before it is asked who it is; and may they, who turned out to be `who`
 * (of session, if a browser is signed in)? ERR_RATE_LIMITED, with c->retry_after. *tightest: the
 * bucket that has the least left, for headers; may be NULL.
 */
enum err lane_enter(struct ctx *c, const struct web *web, const struct http_exchange *x) MUST;
struct lane_count {
	const char *name;
	struct throttle_answer bucket;
};
enum err lane_admit(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who, struct lane_count *tightest) MUST;

/*
 * Who stays connected: each of their messages counts as one request. lane_client: whose connections are
 * counted together; empty: nobody's (this machine, behind which may be anybody).
 */
struct lane_pass {
	char bucket[THROTTLE_NAME_MAX + 1];
	uint32_t limit;
};
void lane_pass(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who, struct lane_pass *out);
bool lane_pass_take(const struct web *web, const struct lane_pass *pass, int64_t now) MUST;
struct str lane_client(struct ctx *c, const struct web *web, const struct http_exchange *x,
	const struct actor *who);

#endif
