/* The pages of the instance, for its owner. As view/page.h. */
#ifndef VIEW_PAGE_ADMIN_H
#define VIEW_PAGE_ADMIN_H

#include "model/instance.h"
#include "view/page.h"

enum admin_tab {
	ADMIN_INSTANCE,
	ADMIN_STORAGE,
	ADMIN_EVENTS,
	ADMIN_WEBHOOKS,
	ADMIN_AUDIT,
	ADMIN_DELETED
};

/* The pages beside each other, `here` being shown. */
void view_admin_tabs(struct buf *out, enum admin_tab here);

struct page_admin {
	struct page page;
	const char *version, *roles, *home; /* home: the folder of its data */
	const char *kinds[INSTANCE_PORTS];  /* "PostgreSQL"; of the ports */
	const struct instance_counts *counts;
	const struct instance_port *ports;
	const struct instance_setting *settings;
	size_t setting_count;
};
void view_admin(struct buf *out, const struct page_admin *p);

struct page_storage {
	struct page page;
	const struct instance_counts *counts;
	const char *kept;           /* how long retired packs are kept: "14 days" */
	bool cached, cache_fails;   /* what is in a bucket is kept here, too … */
	uint64_t cache, hits, asks; /* … so many bytes; asked for; and how often that was here */
	const struct instance_storage *at;
	size_t count;
	bool first;
	struct str more; /* the next page's place; empty: there is none */
};
void view_storage(struct buf *out, const struct page_storage *p);

struct page_events {
	struct page page;
	struct str repo, type; /* as they were asked for */
	const struct instance_event *at;
	size_t count;
	bool first;
	struct str older; /* the next page's place; empty: there is none */
};
void view_events(struct buf *out, const struct page_events *p);

struct page_admin_webhooks {
	struct page page;
	const struct instance_webhook *at;
	size_t count;
	bool first;
	struct str more; /* as above */
};
void view_admin_webhooks(struct buf *out, const struct page_admin_webhooks *p);

#endif
