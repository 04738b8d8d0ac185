/* Webhooks that go nowhere: what was posted is remembered, and answered as a test says. */
#include "driver/hook_memory.h"

#include "base/host.h"
#include "base/vec.h"

#include <stdlib.h>

struct hook_memory {
	struct hook base;
	struct arena arena;
	hook_memory_answer *answer;
	void *arg;
	struct host_lock lock; /* of the next */
	VEC_OF(struct hook_post) posts;
};

static enum err post(
	struct ctx *c, struct hook *self, const struct hook_post *what, struct hook_answer *out)
{
	struct hook_memory *h = (struct hook_memory *)self;
	*out = (struct hook_answer){.status = 204};
	TRY(ctx_check(c));
	host_lock(&h->lock);
	*vec_push(&h->posts) = (struct hook_post){
		.url = str_copy(&h->arena, what->url),
		.id = str_copy(&h->arena, what->id),
		.time = what->time,
		.signature = str_copy(&h->arena, what->signature),
		.body = str_copy(&h->arena, what->body),
	};
	host_unlock(&h->lock);
	return h->answer ? h->answer(c, h->arg, what, out) : OK;
}

static void close_hook(struct hook *self)
{
	struct hook_memory *h = (struct hook_memory *)self;
	arena_done(&h->arena);
	free(h);
}

static const struct hook_ops ops = {post, close_hook};

struct hook *hook_memory_open(hook_memory_answer *answer, void *arg)
{
	struct hook_memory *h = calloc(1, sizeof *h);
	if (!h)
		host_panic("out of memory");
	h->base.ops = &ops;
	arena_init(&h->arena);
	h->posts.arena = &h->arena;
	h->answer = answer;
	h->arg = arg;
	return &h->base;
}

const struct hook_post *hook_memory_posts(struct hook *hook, size_t *count)
{
	struct hook_memory *h = (struct hook_memory *)hook;
	*count = h->posts.len;
	return h->posts.at;
}
