/* The embedded driver of port/hook.h, for tests: see driver/driver.h. */
#ifndef DRIVER_HOOK_MEMORY_H
#define DRIVER_HOOK_MEMORY_H

#include "port/hook.h"

/* Answers a post, as the operation of the port. */
typedef enum err hook_memory_answer(
	struct ctx *c, void *arg, const struct hook_post *post, struct hook_answer *out);

/* `answer` NULL: 204 to all. It runs in the thread that posts. */
struct hook *hook_memory_open(hook_memory_answer *answer, void *arg);

/* What was posted so far, in order; as long as the hook is open, and nobody posts. */
const struct hook_post *hook_memory_posts(struct hook *hook, size_t *count);

#endif
