/* A file as it is. */
#include "web/page.h"

#include "base/uri.h"
#include "net/range.h"
#include "web/internal.h"

/*
 * RFC 6266: an ASCII name for old clients, and the true one. Nothing of it may end the header or
 * the quotes.
 */
static struct str disposition(struct ctx *c, struct str name)
{
	struct buf out = {.arena = c->arena};
	buf_cstr(&out, "attachment; filename=\"");
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i];
		bool plain =
			byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '%';
		buf_byte(&out, plain ? byte : '_');
	}
	buf_cstr(&out, "\"; filename*=UTF-8''");
	uri_encode(&out, name);
	return str_of(buf_text(&out));
}

/* What of a file a browser may show: text as plain text, and images; the rest it saves. */
static enum err media_type(
	struct ctx *c, struct browse *b, const struct file *file, const char **out)
{
	enum file_kind kind;
	const char *shown = browse_media_type(file->name, &kind);
	*out = "application/octet-stream";
	if (shown && file->kind == kind)
		*out = shown;
	else if (file->kind == FILE_TEXT || file->kind == FILE_SYMLINK || file->kind == FILE_LFS)
		*out = "text/plain; charset=utf-8";
	else if (file->kind == FILE_TOO_BIG && file->size < 64 << 20) {
		bool text;
		TRY(browse_is_text(c, b, &file->id, &text));
		*out = text ? "text/plain; charset=utf-8" : *out;
	}
	return OK;
}

/* Passes on `left` bytes of those that come, after the first `skip`; then it has enough. */
struct part {
	struct sink sink; /* first */
	struct sink *to;
	uint64_t skip, left;
};

static enum err part_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	struct part *p = (struct part *)self;
	size_t skip = p->skip < len ? (size_t)p->skip : len;
	p->skip -= skip;
	size_t take = p->left < len - skip ? (size_t)p->left : len - skip;
	p->left -= take;
	TRY(sink_write(c, p->to, (const char *)bytes + skip, take));
	return p->left ? OK : fail(c, ERR_CANCELED, "enough");
}

static enum err send_part(struct ctx *c, struct web_request *r, struct browse *b,
	const struct file *file, struct part *p)
{
	enum err err = browse_stream(c, b, &file->id, &p->sink);
	if (err && !(err == ERR_CANCELED && p->left == 0))
		return err;
	ctx_clear(c);
	return web_stream_end(r);
}

/* The bytes that are asked for: players of sound and moving pictures go to and fro in them. */
static enum err send_file(struct ctx *c, struct web_request *r, struct browse *b,
	const struct file *file, const char *type)
{
	uint64_t at, len;
	struct sink *to;
	bool whole = !str_is(r->method, "GET") || web_request_header(r, "if-range").len;
	enum http_range range =
		http_range(whole ? STR("") : web_request_header(r, "range"), file->size, &at, &len);
	web_header(r, "Accept-Ranges", STR("bytes"));
	if (range == HTTP_RANGE_OUTSIDE) {
		web_header(r, "Content-Range",
			str_of(arena_fmt(
				c->arena, "bytes */%llu", (unsigned long long)file->size)));
		return web_problem(c, r, 416, "the file has no such bytes");
	}
	if (range == HTTP_RANGE_ALL) {
		TRY(web_stream(c, r, type, file->size, &to));
		TRY(browse_stream(c, b, &file->id, to));
		return web_stream_end(r);
	}
	web_header(r, "Content-Range",
		str_of(arena_fmt(c->arena, "bytes %llu-%llu/%llu", (unsigned long long)at,
			(unsigned long long)(at + len - 1), (unsigned long long)file->size)));
	c->deadline = 0;
	TRY(web_begin(r, 206, type, len, &to));
	struct part part = {{.write = part_write}, to, at, len};
	return send_part(c, r, b, file, &part);
}

/* An SVG may hold scripts: the sandbox takes them away, and nothing is loaded. A browser's reader of PDF does not
 * start in one, and is a program apart from the page; the page of the file has it in a frame. */
static struct str policy_of(const struct file *file)
{
	if (file->kind == FILE_PDF)
		return STR("default-src 'none'; object-src 'self'; "
			   "style-src 'unsafe-inline'; frame-ancestors 'self'");
	return STR("default-src 'none'; style-src 'unsafe-inline'; sandbox");
}

enum err page_raw(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	struct file file;
	const char *type;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
	TRY(browse_file(c, &b, &rev, path, &file));
	if (file.kind == FILE_SUBMODULE)
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is a submodule", STR_FMT(path));
	char hex[OID_HEX_MAX];
	if (page_is_id(rev.text, &rev.commit))
		page_lasts(c, r, &b, PAGE_BYTES_SECONDS);
	if (web_is_fresh(r, str_of(oid_hex(&file.id, hex))))
		return web_not_modified(c, r);
	TRY(media_type(c, &b, &file, &type));
	if (web_query(c, r, "download").len)
		web_header(r, "Content-Disposition", disposition(c, file.name));
	web_header(r, "Content-Security-Policy", policy_of(&file));
	return send_file(c, r, &b, &file, type);
}
