/*
 * Error kinds, and the four macros by which errors travel.
 *
 * A fallible function returns `enum err`, takes `struct ctx *c` first and is marked MUST. It sets
 * the message once with fail(); a caller passes it on with TRY() or adds where it was with
 * TRY_WHILE(). Nothing below the edge logs an error: the edge logs it once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

struct ctx;

enum err {
	OK = 0,
#define ERR(kind, http, code, retry, text) ERR_##kind,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

#define MUST __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

/* What went wrong: the kind, and one line for a person, cut to fit. */
struct error {
	enum err kind;
	char text[480];
};

/* Sets the context's error and returns `kind`, so that a failing path is one line. */
enum err fail(struct ctx *c, enum err kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "while FORMAT: " before the message that the context holds. Returns `kind` unchanged. */
enum err fail_while(struct ctx *c, enum err kind, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Who reads bytes that are damaged says ERR_CORRUPT, wherever they come from. Of those that are
 * stored here that is ERR_DAMAGED: nobody who asks for them can help it. Other kinds, and OK, pass.
 */
enum err err_stored(struct ctx *c, enum err kind);

/* The context's error for whoever asked. Where it is the server's own, or a service's that it needs
 * (of which the text may tell addresses and names), the log says more. In c->arena. */
const char *err_told(struct ctx *c);

/* Is it the server's own, and nobody else's to mend? */
bool err_is_internal(enum err kind);

/* The columns of err.def. Every kind but OK has a row. */
const char *err_name(enum err kind);
const char *err_text(enum err kind);
int err_http_status(enum err kind);
int err_exit_code(enum err kind);
bool err_retry(enum err kind);

#define TRY(call)                       \
	do {                            \
		enum err try_ = (call); \
		if (try_)               \
			return try_;    \
	} while (0)

#define TRY_WHILE(c, call, ...)                                    \
	do {                                                       \
		enum err try_ = (call);                            \
		if (try_)                                          \
			return fail_while((c), try_, __VA_ARGS__); \
	} while (0)

/* For our own bugs only, and on in production: prints what and where, then ends the process. */
#define ASSERT(truth) ((truth) ? (void)0 : assert_failed(#truth, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *truth, const char *file, int line);

#endif
