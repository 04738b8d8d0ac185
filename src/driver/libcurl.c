#include "driver/libcurl.h"

#include "driver/wait.h"
#include "os/library.h"

enum err libcurl_load(struct ctx *c, const struct libcurl **out)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct libcurl lib;
	static bool started;
	static const char *const names[] = {
#define NAME(function) "curl_" #function,
		LIBCURL(NAME)
#undef NAME
	};
	_Static_assert(sizeof names / sizeof *names == sizeof lib / sizeof(void *), "the same");
	HOLD(lock);
	*out = &lib;
	if (started)
		return OK;
	TRY(library_load(
		c, "libcurl.so.4", "libcurl4", (void **)&lib, names, sizeof names / sizeof *names));
	if (lib.global_init(CURL_GLOBAL_DEFAULT))
		return fail(c, ERR_UNSUPPORTED, "libcurl does not start");
	started = true;
	return OK;
}

CURL *libcurl_take(struct libcurl_pool *pool)
{
	CURL *curl = NULL;
	host_lock(&pool->lock);
	if (pool->idle_count)
		curl = pool->idle[--pool->idle_count];
	host_unlock(&pool->lock);
	if (!curl)
		curl = pool->lib->easy_init();
	if (!curl)
		host_panic("out of memory");
	return curl;
}

void libcurl_give(struct libcurl_pool *pool, CURL *curl)
{
	pool->lib->easy_reset(curl);
	host_lock(&pool->lock);
	bool room = pool->idle_count < sizeof pool->idle / sizeof *pool->idle;
	if (room)
		pool->idle[pool->idle_count++] = curl;
	host_unlock(&pool->lock);
	if (!room)
		pool->lib->easy_cleanup(curl);
}

void libcurl_pool_close(struct libcurl_pool *pool)
{
	for (size_t i = 0; i < pool->idle_count; i++)
		pool->lib->easy_cleanup(pool->idle[i]);
}
