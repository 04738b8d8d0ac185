/*
 * Port: what happened, posted to somebody else's server, which answers whether it has it. Nothing is posted again here,
 * and no redirect followed. Safe for any number of threads.
 */
#ifndef PORT_HOOK_H
#define PORT_HOOK_H

#include "base/ctx.h"
#include "base/str.h"

struct hook {
	const struct hook_ops *ops;
};

/* How long one post may take in all. */
enum { HOOK_SECONDS = 10 };

struct hook_post {
	struct str url;       /* as webhook_url_check lets it through (model/webhook.h) */
	struct str id;        /* the same whenever this is posted: "webhook-id" */
	int64_t time;         /* seconds since 1970: "webhook-timestamp" */
	struct str signature; /* "webhook-signature" */
	struct str body;      /* JSON, one of CloudEvents 1.0 */
};

struct hook_answer {
	int status;
	int64_t retry_after; /* seconds, as "Retry-After" says; 0: it says nothing */
	struct str
		body; /* how it begins: HOOK_BODY_MAX bytes at most; whatever they are, in c->arena */
};

enum { HOOK_BODY_MAX = 4096 };

struct hook_ops {
	/* Any status is OK. ERR_DENIED: the address is none that may be posted to. ERR_UNAVAILABLE: nobody answers
	 * there, or who does is not trusted. ERR_TIMEOUT, ERR_CANCELED; ERR_TOO_BIG of headers. */
	enum err (*post)(struct ctx *c, struct hook *self, const struct hook_post *post,
		struct hook_answer *out);
	void (*close)(struct hook *self);
};

static inline MUST enum err hook_post(
	struct ctx *c, struct hook *h, const struct hook_post *post, struct hook_answer *out)
{
	return h->ops->post(c, h, post, out);
}

static inline void hook_close(struct hook *h)
{
	if (h)
		h->ops->close(h);
}

#endif
