/* The pages of a repository's webhooks. As view/page.h. */
#ifndef VIEW_PAGE_WEBHOOK_H
#define VIEW_PAGE_WEBHOOK_H

#include "model/webhook.h"
#include "view/page.h"

/* "works", "failing" or such; and in a line what came of its last attempt, and when there is another. */
void view_webhook_state(struct buf *out, const struct webhook *hook);
void view_webhook_last(struct buf *out, const struct webhook *hook, int64_t now);

struct page_webhooks {
	struct page_repo top;
	const struct webhook *at;
	size_t count;
	struct str url, events; /* as they were typed */
	struct str secret;      /* of one that was made just now, shown this once; empty: none */
};
void view_webhooks(struct buf *out, const struct page_webhooks *p);

struct page_webhook {
	struct page_repo top;
	const struct webhook *webhook;
	struct str url, events; /* as they are, or were typed */
	struct str secret;      /* another that was made just now; empty: none */
	const struct webhook_delivery *at;
	size_t count;
	bool first;
	int64_t older; /* the next page's place; 0: there is none */
};
void view_webhook(struct buf *out, const struct page_webhook *p);

#endif
