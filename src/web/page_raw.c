/* A file as it is. */
#include "web/page.h"

#include "base/uri.h"

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
	*out = "application/octet-stream";
	if (file->kind == FILE_IMAGE)
		*out = browse_image_type(file->name);
	else if (file->kind == FILE_TEXT || file->kind == FILE_SYMLINK)
		*out = "text/plain; charset=utf-8";
	else if (file->kind == FILE_TOO_BIG && file->size < 64 << 20) {
		bool text;
		TRY(browse_is_text(c, b, &file->id, &text));
		*out = text ? "text/plain; charset=utf-8" : *out;
	}
	return OK;
}

enum err page_raw(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path;
	struct file file;
	const char *type;
	struct sink *to;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, web_param(r, "path"), &rev, &path));
	TRY(browse_file(c, &b, &rev, path, &file));
	if (file.kind == FILE_SUBMODULE)
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is a submodule", STR_FMT(path));
	char hex[OID_HEX_MAX];
	if (web_is_fresh(r, str_of(oid_hex(&file.id, hex))))
		return web_not_modified(c, r);
	TRY(media_type(c, &b, &file, &type));
	if (web_query(c, r, "download").len)
		web_header(r, "Content-Disposition", disposition(c, file.name));
	/* An SVG may hold scripts: the sandbox takes them away, and nothing is loaded. */
	web_header(r, "Content-Security-Policy",
		STR("default-src 'none'; style-src 'unsafe-inline'; sandbox"));
	TRY(web_stream(c, r, type, file.size, &to));
	TRY(browse_stream(c, &b, &file.id, to));
	return web_stream_end(r);
}
