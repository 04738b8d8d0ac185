#include "driver/highlight_guard.h"

#include "base/host.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

enum { LOOK_EVERY = 64 /* pieces of memory */ };

struct guard;

/* Before each piece of the library's memory: a ring of what its guard has given out. Without a guard it is its own. */
struct piece {
	struct piece *next, *last;
	struct guard *guard;
	size_t size;
};

_Static_assert(sizeof(struct piece) % 16 == 0, "what is behind it is aligned for anything");

struct guard {
	struct piece all;
	size_t left; /* bytes */
	unsigned asked;
	const struct world *world;
	int64_t until;
	jmp_buf out;
};

static _Thread_local struct guard *current;

static void link_piece(struct piece *p, struct guard *g, size_t size)
{
	struct piece *after = g ? &g->all : p;
	p->guard = g;
	p->size = size;
	if (!g) {
		p->next = p->last = p;
		return;
	}
	p->last = after;
	p->next = after->next;
	after->next->last = p;
	after->next = p;
}

static void unlink_piece(struct piece *p)
{
	p->last->next = p->next;
	p->next->last = p->last;
}

void guard_check(void)
{
	struct guard *g = current;
	if (g && g->world->monotonic() >= g->until)
		longjmp(g->out, 1);
}

static struct piece *piece_of(void *memory)
{
	return (struct piece *)memory - 1;
}

/* Counts what is about to be got, with `old` bytes given back. */
static void charge(size_t old, size_t size)
{
	struct guard *g = current;
	if (!g)
		return;
	if (size > g->left + old)
		longjmp(g->out, 1);
	g->left = g->left + old - size;
	if (++g->asked % LOOK_EVERY == 0)
		guard_check();
}

static void *get(size_t size, bool zeroed)
{
	size_t all = size + sizeof(struct piece);
	if (all < size)
		host_panic("out of memory");
	charge(0, all);
	struct piece *p = zeroed ? calloc(1, all) : malloc(all);
	if (!p)
		host_panic("out of memory");
	link_piece(p, current, all);
	return p + 1;
}

static void *get_raw(size_t size)
{
	return get(size, false);
}

static void *get_zeroed(size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		host_panic("out of memory");
	return get(count * size, true);
}

static void give(void *memory)
{
	if (!memory)
		return;
	struct piece *p = piece_of(memory);
	if (p->guard)
		p->guard->left += p->size;
	unlink_piece(p);
	free(p);
}

static void *get_again(void *memory, size_t size)
{
	if (!memory)
		return get_raw(size);
	struct piece *old = piece_of(memory);
	struct guard *g = old->guard;
	size_t all = size + sizeof *old;
	if (all < size)
		host_panic("out of memory");
	if (g)
		charge(old->size, all);
	unlink_piece(old);
	struct piece *p = realloc(old, all);
	if (!p)
		host_panic("out of memory");
	link_piece(p, g, all);
	return p + 1;
}

static void install(void)
{
	ts_set_allocator(get_raw, get_zeroed, get_again, give);
}

void guard_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install);
}

static void give_all(struct guard *g)
{
	while (g->all.next != &g->all) {
		struct piece *p = g->all.next;
		unlink_piece(p);
		free(p);
	}
}

bool guard_run(struct ctx *c, size_t bytes, int64_t until, void (*work)(void *arg), void *arg)
{
	struct guard g = {.left = bytes, .world = c->world, .until = until};
	g.all.next = g.all.last = &g.all;
	ASSERT(!current);
	current = &g;
	bool left = setjmp(g.out) != 0;
	if (!left)
		work(arg);
	current = NULL;
	give_all(&g);
	return !left;
}
