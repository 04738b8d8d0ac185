/* Releases: annotated tags with what their messages say. */
#include "base/uri.h"
#include "web/api_browse.h"

static void write_url(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, struct str name)
{
	struct buf url = {.arena = c->arena};
	buf_fmt(&url, "%.*s/%.*s/releases/", STR_FMT(r->origin), STR_FMT(b->repo.name));
	uri_encode_path(&url, name);
	json_member_str(w, "url", buf_view(&url));
}

static void write_release(struct ctx *c, const struct web_request *r, struct json_writer *w,
	const struct browse *b, const struct release *release)
{
	json_begin_object(w);
	json_member_str(w, "name", release->name);
	json_member_oid(w, "commit", &release->commit);
	json_member_str(w, "title", release->title);
	json_member_str(w, "text", release->text);
	json_member_str(w, "html", release->html);
	json_key(w, "tagger");
	if (release->tagger.name.len)
		schema_json(w, &schema_person, &release->tagger);
	else
		json_null(w);
	json_member_bool(w, "signed", release->is_signed);
	write_url(c, r, w, b, release->name);
	api_archive_urls(c, r, w, b, release->name);
	json_end_object(w);
}

enum err api_releases_list(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct api_page page;
	struct release_list list;
	struct api_reply reply;
	struct str next = {0};
	size_t skip;
	TRY(api_open(c, r, &b));
	TRY(api_page_of(c, r, RELEASES_PAGE, API_PAGE_MAX, &page));
	TRY(api_place(c, r, page.after, &skip));
	if (api_is_fresh(c, r, &b, NULL))
		return web_not_modified(c, r);
	TRY(browse_releases(c, &b, skip, page.limit, &list));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < list.count; i++)
		write_release(c, r, &reply.w, &b, &list.at[i]);
	if (list.skip + list.count < list.total)
		next = str_of(arena_fmt(c->arena, "%zu", list.skip + list.count));
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_release(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct release release;
	struct api_reply reply;
	TRY(api_open(c, r, &b));
	TRY(browse_release(c, &b, web_param(r, "tag"), &release));
	api_begin(c, &reply);
	write_release(c, r, &reply.w, &b, &release);
	return api_send(c, r, 200, &reply);
}
