/*
 * Regular expressions by PCRE2, which is loaded when the first is compiled (os/library.h).
 *
 * It tracks back, so there are texts on which an expression takes for ever. Its own limits are counted anew for
 * each place where a match may begin, and are no measure of time. So it is made to call back before each item of
 * the expression (PCRE2_AUTO_CALLOUT), and the clock is looked at there. Between two of these calls it does at most one
 * thing over the length of the text. It runs interpreted: code made at run time would need memory that
 * is writable and executable.
 */
#include "base/host.h"
#include "driver/driver.h"
#include "driver/wait.h"
#include "os/library.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEAP_KIB = 8 << 10,  /* of what one match keeps to go back to */
	MATCH_MAX = 5000000, /* steps back from one place */
	DEPTH_MAX = 100000,
	NESTED_MAX = 50, /* parentheses in the expression */
	LOOK_EVERY = 64, /* calls */
};

#define PCRE2(X)                  \
	X(code_free)              \
	X(compile)                \
	X(compile_context_create) \
	X(compile_context_free)   \
	X(get_error_message)      \
	X(get_ovector_pointer)    \
	X(match)                  \
	X(match_context_create)   \
	X(match_context_free)     \
	X(match_data_create)      \
	X(match_data_free)        \
	X(set_callout)            \
	X(set_depth_limit)        \
	X(set_heap_limit)         \
	X(set_match_limit)        \
	X(set_parens_nest_limit)

/* Its functions, as lib.match for pcre2_match_8. */
#define SUFFIXED(function) pcre2_##function##_8
static struct {
#define POINTER(function) __typeof__(SUFFIXED(function)) *function;
	PCRE2(POINTER)
#undef POINTER
} lib;

static enum err load(struct ctx *c)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool loaded;
	static const char *const names[] = {
#define NAME(function) "pcre2_" #function "_8",
		PCRE2(NAME)
#undef NAME
	};
	_Static_assert(sizeof names / sizeof *names == sizeof lib / sizeof(void *), "the same");
	HOLD(lock);
	if (!loaded)
		TRY(library_load(c, "libpcre2-8.so.0", "libpcre2-8-0", (void **)&lib, names,
			sizeof names / sizeof *names));
	loaded = true;
	return OK;
}

struct pcre2_regex {
	struct regex regex; /* first */
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	const struct world *world;
	int64_t until;
	unsigned calls;
};

static int look_at_the_clock(pcre2_callout_block *block, void *arg)
{
	(void)block;
	struct pcre2_regex *r = arg;
	bool late = ++r->calls % LOOK_EVERY == 0 && r->world->monotonic() >= r->until;
	return late ? PCRE2_ERROR_CALLOUT : 0;
}

static enum err pcre2_find(struct ctx *c, struct regex *self, struct str text, size_t from,
	int64_t until, struct regex_match *out)
{
	struct pcre2_regex *r = (struct pcre2_regex *)self;
	ASSERT(text.len <= REGEX_TEXT_MAX && from <= text.len);
	r->world = c->world;
	r->until = until;
	const unsigned char *bytes = (const unsigned char *)(text.len ? text.at : "");
	int got = lib.match(r->code, bytes, text.len, from, 0, r->data, r->context);
	if (got == PCRE2_ERROR_NOMATCH)
		return OK;
	if (got < 0)
		return fail(c, ERR_TIMEOUT, "the regular expression takes too many steps");
	const size_t *place = lib.get_ovector_pointer(r->data);
	out->found = true;
	out->at = place[0];
	out->len = place[1] > place[0] ? place[1] - place[0] : 0;
	return OK;
}

static void pcre2_regex_close(struct regex *self)
{
	struct pcre2_regex *r = (struct pcre2_regex *)self;
	lib.match_data_free(r->data);
	lib.match_context_free(r->context);
	lib.code_free(r->code);
	free(r);
}

static pcre2_code *compile_code(struct str pattern, bool exact_case, int *problem, size_t *at)
{
	uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
			   (exact_case ? 0 : PCRE2_CASELESS);
	pcre2_compile_context *context = lib.compile_context_create(NULL);
	if (!context)
		host_panic("out of memory");
	lib.set_parens_nest_limit(context, NESTED_MAX);
	pcre2_code *code = lib.compile((const unsigned char *)pattern.at, pattern.len,
		options | PCRE2_UTF, problem, at, context);
	lib.compile_context_free(context);
	return code;
}

static enum err pcre2_engine_compile(struct ctx *c, struct regex_engine *self, struct str pattern,
	bool exact_case, struct regex **out)
{
	(void)self;
	static const struct regex_ops ops = {pcre2_find, pcre2_regex_close};
	int problem;
	size_t at;
	if (!pattern.len || pattern.len > REGEX_PATTERN_MAX)
		return fail(c, ERR_INVALID, "a regular expression has 1 to %d bytes",
			REGEX_PATTERN_MAX);
	TRY(load(c));
	pcre2_code *code = compile_code(pattern, exact_case, &problem, &at);
	if (!code) {
		unsigned char why[120] = "";
		lib.get_error_message(problem, why, sizeof why);
		return fail(c, ERR_INVALID, "this is no regular expression: %s at %zu",
			(const char *)why, at);
	}
	struct pcre2_regex *r = calloc(1, sizeof *r);
	if (!r)
		host_panic("out of memory");
	r->regex.ops = &ops;
	r->code = code;
	r->data = lib.match_data_create(1, NULL);
	r->context = lib.match_context_create(NULL);
	if (!r->data || !r->context)
		host_panic("out of memory");
	lib.set_heap_limit(r->context, HEAP_KIB);
	lib.set_match_limit(r->context, MATCH_MAX);
	lib.set_depth_limit(r->context, DEPTH_MAX);
	lib.set_callout(r->context, look_at_the_clock, r);
	*out = &r->regex;
	return OK;
}

struct regex_engine *regex_pcre2_open(void)
{
	static const struct regex_engine_ops ops = {pcre2_engine_compile};
	static struct regex_engine engine = {&ops};
	return &engine;
}
