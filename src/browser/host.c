/* What base/ asks of its host (base/host.h), in a browser: memory that only grows, and one thread. */
#include "base/host.h"

#include <stdint.h>

extern unsigned char __heap_base;

enum { WASM_PAGE = 65536, ALIGNED = 16 };

/* What was given back, for whoever asks next. */
struct gap {
	struct gap *next;
	size_t size;
};

static struct gap *gaps;
static uintptr_t top;

static size_t rounded(size_t size)
{
	return (size + ALIGNED - 1) & ~(size_t)(ALIGNED - 1);
}

static void *from_gap(size_t size)
{
	for (struct gap **at = &gaps; *at; at = &(*at)->next)
		if ((*at)->size >= size) {
			struct gap *found = *at;
			size_t rest = found->size - size;
			*at = found->next;
			if (rest >= sizeof(struct gap))
				host_free((char *)found + size, rest);
			return found;
		}
	return NULL;
}

void *host_alloc(size_t size)
{
	size = rounded(size);
	void *memory = from_gap(size);
	if (memory)
		return memory;
	if (!top)
		top = rounded((uintptr_t)&__heap_base);
	uintptr_t at = top;
	size_t have = __builtin_wasm_memory_size(0) * (size_t)WASM_PAGE;
	if (size > SIZE_MAX - at)
		host_panic("out of memory");
	if (at + size > have) {
		size_t pages = (at + size - have + WASM_PAGE - 1) / WASM_PAGE;
		if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX)
			host_panic("out of memory");
	}
	top = at + size;
	return (void *)at;
}

void host_free(void *memory, size_t size)
{
	struct gap *gap = memory;
	*gap = (struct gap){gaps, rounded(size)};
	gaps = gap;
}

/* The script goes on with the page as the server made it. */
void host_panic(const char *why)
{
	(void)why;
	__builtin_trap();
}

/* With one thread every lock is free, and nobody is there to be waited for. */
void host_lock(struct host_lock *lock)
{
	(void)lock;
}

void host_unlock(struct host_lock *lock)
{
	(void)lock;
}

void host_wait(struct host_lock *lock)
{
	(void)lock;
	host_panic("there is nobody to wait for");
}

void host_wait_for(struct host_lock *lock, int64_t micros)
{
	(void)lock, (void)micros;
	host_panic("there is nobody to wait for");
}

void host_wake(struct host_lock *lock)
{
	(void)lock;
}
