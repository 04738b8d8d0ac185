/* Folders, files, and who wrote their lines. */
#include "web/api_browse.h"

#include "base/uri.h"
#include "web/page.h"

enum { FOLDER_PAGE = 1000 };

enum err api_open(struct ctx *c, struct web_request *r, struct browse *b)
{
	return browse_open(c, r->core, &r->who, web_param(r, "name"), b);
}

enum err api_revision(struct ctx *c, struct web_request *r, struct browse *b, struct str name,
	struct revision *rev)
{
	struct str path = {0};
	(void)r;
	if (!name.len)
		return browse_head(c, b, rev);
	TRY(browse_resolve(c, b, name, rev, &path));
	if (path.len)
		return fail(c, ERR_NOT_FOUND, "there is no branch, tag or commit \"%.*s\"",
			STR_FMT(name));
	return OK;
}

bool api_is_fresh(
	struct ctx *c, struct web_request *r, const struct browse *b, const struct oid *what)
{
	return page_is_fresh(c, r, b, what);
}

void api_archive_urls(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, struct str name)
{
	static const struct {
		const char *key, *suffix;
	} kinds[] = {{"tar_gz", ".tar.gz"}, {"zip", ".zip"}};
	json_key(w, "archive_urls");
	json_begin_object(w);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct buf url = {.arena = c->arena};
		buf_fmt(&url, "%.*s/%.*s/archive/", STR_FMT(r->origin), STR_FMT(b->repo.name));
		uri_encode_path(&url, name);
		buf_cstr(&url, kinds[i].suffix);
		json_member_str(w, kinds[i].key, buf_view(&url));
	}
	json_end_object(w);
}

static void write_folder(struct ctx *c, struct web_request *r, struct api_reply *reply,
	const struct listing *list, const struct api_page *page, size_t from)
{
	size_t left = from < list->total ? list->total - from : 0;
	size_t count = left < page->limit ? left : page->limit;
	json_member_int(&reply->w, "total", (int64_t)list->total);
	json_key(&reply->w, "items");
	json_begin_array(&reply->w);
	for (size_t i = 0; i < count; i++)
		schema_json(&reply->w, &schema_listing_entry, &list->at[from + i]);
	json_end_array(&reply->w);
	struct str next = {0};
	if (count < left)
		next = str_of(arena_fmt(c->arena, "%zu", from + count));
	api_member_next(c, r, &reply->w, page, next);
}

static enum err send_folder(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct str path)
{
	struct api_page page;
	struct listing list;
	const struct commit_line *last;
	struct api_reply reply;
	size_t from = 0;
	TRY(api_page_of(c, r, FOLDER_PAGE, FOLDER_PAGE, &page));
	TRY(api_place(c, r, page.after, &from));
	if (api_is_fresh(c, r, b, &rev->commit))
		return web_not_modified(c, r);
	TRY(browse_listing(c, b, rev, path, &list));
	TRY(browse_last_changes(c, b, rev, &list, &last));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_str(&reply.w, "path", path);
	json_member_cstr(&reply.w, "kind", "tree");
	json_key(&reply.w, "revision");
	schema_json(&reply.w, &schema_revision, rev);
	json_key(&reply.w, "last_commit");
	json_commit_line(&reply.w, last);
	write_folder(c, r, &reply, &list, &page, from);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

/* The bytes alone, of any size. */
static enum err send_bytes(
	struct ctx *c, struct web_request *r, struct browse *b, const struct file *file)
{
	struct sink *to;
	char hex[OID_HEX_MAX];
	if (file->kind == FILE_SUBMODULE)
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" is a submodule", STR_FMT(file->path));
	if (web_is_fresh(r, str_of(oid_hex(&file->id, hex))))
		return web_not_modified(c, r);
	TRY(web_stream(c, r, "application/octet-stream", file->size, &to));
	TRY(browse_stream(c, b, &file->id, to));
	return web_stream_end(r);
}

static void member_raw_url(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, const struct revision *rev, struct str path)
{
	struct buf url = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	buf_fmt(&url, "%.*s/%.*s/raw/%s/", STR_FMT(r->origin), STR_FMT(b->repo.name),
		oid_hex(&rev->commit, hex));
	uri_encode_path(&url, path);
	json_member_str(w, "raw_url", buf_view(&url));
}

static enum err send_file(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct str path)
{
	struct file file;
	const struct commit_line *last;
	struct api_reply reply;
	bool raw = web_wants(r, "application/octet-stream");
	if (!raw && api_is_fresh(c, r, b, &rev->commit))
		return web_not_modified(c, r);
	TRY(browse_file(c, b, rev, path, &file));
	if (raw)
		return send_bytes(c, r, b, &file);
	TRY(browse_last_change(c, b, &rev->commit, path, &last));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_key(&reply.w, "revision");
	schema_json(&reply.w, &schema_revision, rev);
	json_file_members(&reply.w, c->arena, &file);
	json_key(&reply.w, "last_commit");
	json_commit_line(&reply.w, last);
	member_raw_url(c, r, &reply.w, b, rev, path);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_contents(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str path = web_param(r, "path");
	enum entry_kind kind;
	TRY(api_open(c, r, &b));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	TRY(browse_kind(c, &b, &rev, path, &kind));
	return kind == ENTRY_TREE ? send_folder(c, r, &b, &rev, path)
				  : send_file(c, r, &b, &rev, path);
}

enum err api_blame(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct file_blame blame;
	struct api_reply reply;
	TRY(api_open(c, r, &b));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	if (api_is_fresh(c, r, &b, &rev.commit))
		return web_not_modified(c, r);
	TRY(browse_blame(c, &b, &rev, web_param(r, "path"), &blame));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_key(&reply.w, "revision");
	schema_json(&reply.w, &schema_revision, &rev);
	json_file_members(&reply.w, c->arena, &blame.file);
	json_member_bool(&reply.w, "cut", blame.cut);
	json_key(&reply.w, "parts");
	json_begin_array(&reply.w);
	for (size_t i = 0; i < blame.count; i++)
		json_blame_part(&reply.w, &blame.at[i]);
	json_end_array(&reply.w);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}
