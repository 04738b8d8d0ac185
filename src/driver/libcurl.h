/*
 * libcurl's functions that s3_http.c calls, as lib.easy_init for curl_easy_init. The library is
 * loaded when a bucket is opened (os/library.h).
 */
#ifndef DRIVER_LIBCURL_H
#define DRIVER_LIBCURL_H

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

#endif
