#include "driver/kv_hub.h"

#include "base/map.h"

#include <stdlib.h>
#include <unistd.h>

/* What the server knows of a channel. Only one question is open at a time, so that an answer is
 * never taken for another's. */
enum state { UNKNOWN, ASKED, HEARD, LEAVING };

struct subscription {
	struct kv_sub sub;
	struct kv_hub *hub;
	struct kv_channel *channel;
	struct subscription *next;
	kv_hear *hear;
	void *arg;
	bool missed; /* and not told so yet */
};

struct kv_channel {
	struct kv_channel *next;
	struct subscription *first;
	enum state state;
	size_t len;
	char name[];
};

static struct kv_channel **place_of(struct kv_hub *hub, struct str name)
{
	uint64_t hash = bytes_hash(hub->seed, name.at, name.len);
	struct kv_channel **at = &hub->buckets[hash % KV_HUB_BUCKETS];
	while (*at && !str_eq(str_from((*at)->name, (*at)->len), name))
		at = &(*at)->next;
	return at;
}

static void channel_free(struct kv_hub *hub, struct kv_channel **at)
{
	struct kv_channel *channel = *at;
	*at = channel->next;
	hub->count--;
	free(channel);
}

static struct kv_channel *channel_make(struct kv_hub *hub, struct str name)
{
	struct kv_channel *channel = calloc(1, sizeof *channel + name.len);
	if (!channel)
		host_panic("out of memory");
	channel->state = hub->wake < 0 ? HEARD : UNKNOWN;
	channel->len = name.len;
	memcpy(channel->name, name.at, name.len);
	hub->count++;
	return channel;
}

/* The listener looks what there is to tell the server. */
static void wake_listener(struct kv_hub *hub)
{
	uint64_t one = 1;
	hub->changed = true;
	/* It fails only where the listener has 2^64 - 2 wishes to see to already. */
	(void)!write(hub->wake, &one, sizeof one);
}

static void subscription_close(struct kv_sub *sub)
{
	struct subscription *s = (struct subscription *)sub;
	struct kv_hub *hub = s->hub;
	struct kv_channel *channel = s->channel;
	WITH_LOCK(&hub->lock);
	struct subscription **at = &channel->first;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
	if (channel->first)
		return;
	if (hub->wake < 0)
		channel_free(hub, place_of(hub, str_from(channel->name, channel->len)));
	else
		wake_listener(hub);
}

void kv_hub_init(struct kv_hub *hub, const struct world *world, int wake)
{
	*hub = (struct kv_hub){.world = world, .wake = wake};
	world->random(&hub->seed, sizeof hub->seed);
}

void kv_hub_done(struct kv_hub *hub)
{
	for (size_t i = 0; i < KV_HUB_BUCKETS; i++)
		while (hub->buckets[i]) {
			ASSERT(!hub->buckets[i]->first);
			channel_free(hub, &hub->buckets[i]);
		}
}

struct kv_sub *kv_hub_add(struct kv_hub *hub, struct str channel, kv_hear *hear, void *arg)
{
	struct subscription *s = malloc(sizeof *s);
	if (!s)
		host_panic("out of memory");
	WITH_LOCK(&hub->lock);
	struct kv_channel **at = place_of(hub, channel);
	if (!*at)
		*at = channel_make(hub, channel);
	*s = (struct subscription){
		.sub.close = subscription_close,
		.hub = hub,
		.channel = *at,
		.next = (*at)->first,
		.hear = hear,
		.arg = arg,
	};
	(*at)->first = s;
	if ((*at)->state == UNKNOWN)
		wake_listener(hub);
	return &s->sub;
}

void kv_hub_tell(struct kv_hub *hub, struct str channel, struct str message)
{
	/* NULL says something else. */
	if (!message.at)
		message = STR("");
	WITH_LOCK(&hub->lock);
	struct kv_channel *found = *place_of(hub, channel);
	for (struct subscription *s = found ? found->first : NULL; s; s = s->next)
		s->hear(s->arg, message);
}

void kv_hub_await(struct kv_hub *hub, struct kv_sub *sub, int64_t limit)
{
	struct subscription *s = (struct subscription *)sub;
	WITH_LOCK(&hub->lock);
	while (s->channel->state != HEARD && !hub->down) {
		int64_t left = limit - hub->world->monotonic();
		if (left <= 0)
			break;
		host_wait_for(&hub->lock, left);
	}
	s->missed = s->missed || s->channel->state != HEARD;
}

bool kv_hub_is_wanted(struct kv_hub *hub)
{
	WITH_LOCK(&hub->lock);
	return hub->count > 0;
}

/* The first channel of a bucket whose wish the server does not know; those that nobody wants and the
 * server does not know go. */
static struct kv_channel *next_in(struct kv_hub *hub, struct kv_channel **at)
{
	while (*at) {
		struct kv_channel *channel = *at;
		if (channel->state == UNKNOWN && !channel->first) {
			channel_free(hub, at);
			continue;
		}
		if (channel->state == (channel->first ? UNKNOWN : HEARD))
			return channel;
		at = &channel->next;
	}
	return NULL;
}

bool kv_hub_next(struct kv_hub *hub, struct str *channel, bool *wanted)
{
	WITH_LOCK(&hub->lock);
	for (size_t i = 0; hub->changed && i < KV_HUB_BUCKETS; i++) {
		struct kv_channel *next = next_in(hub, &hub->buckets[i]);
		if (!next)
			continue;
		*wanted = next->first != NULL;
		*channel = str_from(next->name, next->len);
		next->state = *wanted ? ASKED : LEAVING;
		return true;
	}
	hub->changed = false;
	return false;
}

void kv_hub_confirm(struct kv_hub *hub, struct str name, bool wanted)
{
	WITH_LOCK(&hub->lock);
	struct kv_channel *channel = *place_of(hub, name);
	if (!channel || channel->state != (wanted ? ASKED : LEAVING))
		return;
	channel->state = wanted ? HEARD : UNKNOWN;
	hub->changed = true;
	host_wake(&hub->lock);
	for (struct subscription *s = wanted ? channel->first : NULL; s; s = s->next) {
		if (s->missed)
			s->hear(s->arg, (struct str){0});
		s->missed = false;
	}
}

void kv_hub_up(struct kv_hub *hub)
{
	WITH_LOCK(&hub->lock);
	hub->down = false;
	hub->changed = true;
}

void kv_hub_down(struct kv_hub *hub)
{
	WITH_LOCK(&hub->lock);
	hub->down = true;
	host_wake(&hub->lock);
	for (size_t i = 0; i < KV_HUB_BUCKETS; i++) {
		struct kv_channel **at = &hub->buckets[i];
		while (*at) {
			if (!(*at)->first) {
				channel_free(hub, at);
				continue;
			}
			(*at)->state = UNKNOWN;
			for (struct subscription *s = (*at)->first; s; s = s->next)
				s->missed = true;
			at = &(*at)->next;
		}
	}
}
