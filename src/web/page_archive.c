/* A revision's files as a tar.gz or a zip file. */
#include "web/page.h"

#include "net/http.h"

/* "name-feature-x": of a revision's name only what no file system minds. */
static struct str folder_of(struct ctx *c, const struct browse *b, const struct revision *rev)
{
	struct buf name = {.arena = c->arena};
	struct str text = rev->text;
	if (rev->kind == REVISION_COMMIT)
		text = str_until(text, 10);
	else if (rev->kind == REVISION_TAG && text.len > 1 && text.at[0] == 'v' &&
		 text.at[1] >= '0' && text.at[1] <= '9')
		text = str_from_index(text, 1);
	buf_fmt(&name, "%.*s-", STR_FMT(b->repo.name));
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			     (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '_';
		buf_byte(&name, plain ? byte : '-');
	}
	return buf_view(&name);
}

enum err page_archive(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str name = web_param(r, "path"), path;
	struct archive_wish wish = {.kind = ARCHIVE_KIND_TAR_GZ};
	struct sink *to;
	const char *type = "application/gzip", *suffix = "tar.gz";
	if (str_skip_end(&name, STR(".zip"))) {
		wish.kind = ARCHIVE_KIND_ZIP;
		type = "application/zip";
		suffix = "zip";
	} else if (!str_skip_end(&name, STR(".tar.gz"))) {
		return fail(c, ERR_NOT_FOUND, "an archive is a .tar.gz or a .zip");
	}
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, name, &rev, &path));
	if (path.len)
		return fail(c, ERR_NOT_FOUND, "there is no branch, tag or commit \"%.*s\"",
			STR_FMT(name));
	char hex[OID_HEX_MAX];
	if (page_is_id(name, &rev.commit))
		page_lasts(c, r, &b, PAGE_BYTES_SECONDS);
	if (web_is_fresh(
		    r, str_of(arena_fmt(c->arena, "%s.%s", oid_hex(&rev.commit, hex), suffix))))
		return web_not_modified(c, r);
	wish.commit = rev.commit;
	wish.folder = folder_of(c, &b, &rev);
	web_header(r, "Content-Disposition",
		str_of(arena_fmt(c->arena, "attachment; filename=\"%.*s.%s\"", STR_FMT(wish.folder),
			suffix)));
	TRY(web_stream(c, r, type, UINT64_MAX, &to));
	/* A HEAD asks only what would come. */
	if (!str_is(r->http->method, "HEAD"))
		TRY(browse_archive(c, &b, &wish, to));
	return web_stream_end(r);
}
