/*
 * libcurl's functions that drivers call, as lib->easy_init for curl_easy_init. The library is loaded
 * when the first of them is opened (os/library.h).
 */
#ifndef DRIVER_LIBCURL_H
#define DRIVER_LIBCURL_H

#include "base/ctx.h"
#include "base/host.h"

/* Its checks of types are macros with the functions' names. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define LIBCURL(X)       \
	X(easy_cleanup)  \
	X(easy_init)     \
	X(easy_perform)  \
	X(easy_reset)    \
	X(easy_setopt)   \
	X(easy_strerror) \
	X(global_init)   \
	X(slist_append)  \
	X(slist_free_all)

struct libcurl {
#define POINTER(function) __typeof__(curl_##function) *function;
	LIBCURL(POINTER)
#undef POINTER
};

/* Loads and starts it, once in this process; any thread. ERR_UNSUPPORTED where it is not installed. */
enum err libcurl_load(struct ctx *c, const struct libcurl **out) MUST;

/* Handles that nobody uses just now, with their open connections. Zeroed but for `lib`; any thread. */
struct libcurl_pool {
	const struct libcurl *lib;
	struct host_lock lock;
	CURL *idle[32];
	size_t idle_count;
};

/* One without options, from the pool or new. */
CURL *libcurl_take(struct libcurl_pool *pool);
void libcurl_give(struct libcurl_pool *pool, CURL *curl);
/* All that were taken have been given back. */
void libcurl_pool_close(struct libcurl_pool *pool);

#endif
