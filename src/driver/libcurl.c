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
