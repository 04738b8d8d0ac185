#include "base/err.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/host.h"

struct err_row {
	const char *name, *text;
	int http, code;
	bool retry;
};

static const struct err_row rows[ERR_COUNT] = {
	[OK] = {"OK", "it went well", 200, 0, false},
#define ERR(kind, http, code, retry, text) [ERR_##kind] = {#kind, text, http, code, retry},
#include "base/err.def"
#undef ERR
};

static const struct err_row *row_of(enum err kind)
{
	ASSERT((unsigned)kind < ERR_COUNT);
	return &rows[kind];
}

const char *err_name(enum err kind)
{
	return row_of(kind)->name;
}

const char *err_text(enum err kind)
{
	return row_of(kind)->text;
}

int err_http_status(enum err kind)
{
	return row_of(kind)->http;
}

int err_exit_code(enum err kind)
{
	return row_of(kind)->code;
}

bool err_retry(enum err kind)
{
	return row_of(kind)->retry;
}

enum err fail(struct ctx *c, enum err kind, const char *format, ...)
{
	ASSERT(kind != OK && (unsigned)kind < ERR_COUNT);
	/* Through a copy: an argument may be the message that is there now. */
	struct error error = {.kind = kind};
	va_list args;
	va_start(args, format);
	vfmt_into(error.text, sizeof error.text, format, args);
	va_end(args);
	c->error = error;
	return kind;
}

enum err fail_while(struct ctx *c, enum err kind, const char *format, ...)
{
	ASSERT(kind != OK && (unsigned)kind < ERR_COUNT);
	struct error error = {.kind = kind};
	char doing[sizeof error.text];
	va_list args;
	va_start(args, format);
	vfmt_into(doing, sizeof doing, format, args);
	va_end(args);
	const char *why = c->error.kind == kind ? c->error.text : err_text(kind);
	fmt_into(error.text, sizeof error.text, "while %s: %s", doing, why);
	c->error = error;
	return kind;
}

enum err err_stored(struct ctx *c, enum err kind)
{
	if (kind != ERR_CORRUPT)
		return kind;
	c->error.kind = ERR_DAMAGED;
	return ERR_DAMAGED;
}

bool err_is_internal(enum err kind)
{
	return err_http_status(kind) == 500;
}

const char *err_told(struct ctx *c)
{
	bool ours = err_is_internal(c->error.kind);
	if (c->refused.told)
		return arena_fmt(c->arena, "%s; the server's log has more under request %s",
			c->refused.told, c->id);
	if (!ours && c->error.kind != ERR_UNAVAILABLE)
		return arena_fmt(c->arena, "%s", c->error.text);
	return arena_fmt(c->arena, "%s%s; the server's log has more under request %s",
		ours ? "internal error: " : "", err_text(c->error.kind), c->id);
}

void assert_failed(const char *truth, const char *file, int line)
{
	char text[400];
	fmt_into(text, sizeof text, "%s:%d: this must hold and does not: %s", file, line, truth);
	host_panic(text);
}
