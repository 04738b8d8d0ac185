/* What is found in a revision: text in its files, paths by a few letters, languages. */
#include "core/search.h"

#include "view/finder.h"
#include "web/api_browse.h"

enum { SEARCH_PAGE = 30, SEARCH_MICROS = 1500000, PATHS_PAGE = 1000, PATHS_PAGE_MAX = 10000 };

/* An object with the revision that it is of, and `items` open. */
static void begin(struct ctx *c, struct api_reply *reply, const struct revision *rev)
{
	api_begin(c, reply);
	json_begin_object(&reply->w);
	json_key(&reply->w, "revision");
	schema_json(&reply->w, &schema_revision, rev);
	json_key(&reply->w, "items");
	json_begin_array(&reply->w);
}

static void write_line(struct json_writer *w, const struct search_line *line)
{
	json_begin_object(w);
	json_member_int(w, "number", line->number);
	json_member_str(w, "text", line->text);
	json_key(w, "marks");
	json_begin_array(w);
	for (size_t i = 0; i < line->mark_count; i++) {
		json_begin_object(w);
		json_member_int(w, "at", line->marks[i].at);
		json_member_int(w, "length", line->marks[i].len);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}

static void write_found(struct json_writer *w, const struct search_file *file)
{
	json_begin_object(w);
	json_member_str(w, "path", file->path);
	json_member_bool(w, "by_name", file->by_name);
	json_key(w, "lines");
	json_begin_array(w);
	for (size_t i = 0; i < file->count; i++)
		write_line(w, &file->lines[i]);
	json_end_array(w);
	json_member_int(w, "more_lines", file->more);
	json_end_object(w);
}

static enum err read_flag(struct ctx *c, struct web_request *r, const char *name, bool *out)
{
	struct str text = web_query(c, r, name);
	*out = str_is(text, "true");
	if (*out || !text.len || str_is(text, "false"))
		return OK;
	r->field = name;
	return fail(c, ERR_INVALID, "\"%s\" must be true or false", name);
}

static enum err search(struct ctx *c, struct web_request *r, struct browse *b,
	const struct revision *rev, struct search_query *query, struct search *found)
{
	TRY(read_flag(c, r, "exact_case", &query->exact_case));
	TRY(read_flag(c, r, "names_only", &query->names_only));
	TRY(read_flag(c, r, "regex", &query->regex));
	r->field = "q";
	TRY(search_files(c, b, rev, query, found));
	r->field = NULL;
	return OK;
}

enum err api_search(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct api_page page;
	struct api_reply reply;
	struct search found;
	TRY(api_open(c, r, &b));
	TRY(api_page_of(c, r, SEARCH_PAGE, API_PAGE_MAX, &page));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	if (api_is_fresh(c, r, &b, &rev.commit))
		return web_not_modified(c, r);
	struct search_query query = {
		.words = web_query(c, r, "q"),
		.path = str_trim(web_query(c, r, "path")),
		.after = page.after,
		.files = page.limit,
		.micros = SEARCH_MICROS,
	};
	TRY(search(c, r, &b, &rev, &query, &found));
	begin(c, &reply, &rev);
	for (size_t i = 0; i < found.count; i++)
		write_found(&reply.w, &found.files[i]);
	json_end_array(&reply.w);
	json_member_int(&reply.w, "files_read", found.looked_at);
	json_member_int(&reply.w, "files_passed", found.passed);
	json_member_bool(&reply.w, "cut", found.cut);
	api_member_next(c, r, &reply.w, &page, found.after);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

/* The best of all for these letters: there is no second page of them. */
static void write_best(
	struct json_writer *w, struct str paths, struct str letters, const struct api_page *page)
{
	struct finder_hit hits[FINDER_HITS_MAX];
	size_t count = finder_find(paths, letters, hits);
	for (size_t i = 0; i < count && i < page->limit; i++)
		json_string(w, hits[i].path);
}

/* Those behind page->after; the last one, if there are more. */
static struct str write_paths(struct json_writer *w, struct str paths, const struct api_page *page)
{
	struct str last = {0};
	size_t count = 0;
	while (paths.len) {
		struct str path = str_cut(&paths, 0);
		if (page->after.len && str_cmp(path, page->after) <= 0)
			continue;
		if (count++ == page->limit)
			return last;
		last = path;
		json_string(w, path);
	}
	return STR("");
}

enum err api_paths(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct api_page page;
	struct api_reply reply;
	struct paths_part part;
	struct buf paths = {.arena = c->arena};
	struct str letters = web_query(c, r, "q"), last = {0};
	TRY(api_open(c, r, &b));
	TRY(api_page_of(c, r, PATHS_PAGE, PATHS_PAGE_MAX, &page));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	TRY(browse_paths(c, &b, &rev.commit, &paths, &part));
	begin(c, &reply, &rev);
	if (letters.len)
		write_best(&reply.w, buf_view(&paths), letters, &page);
	else
		last = write_paths(&reply.w, buf_view(&paths), &page);
	json_end_array(&reply.w);
	json_member_bool(&reply.w, "cut", part.cut);
	api_member_next(c, r, &reply.w, &page, last);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_languages(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct api_reply reply;
	struct language_shares shares;
	TRY(api_open(c, r, &b));
	TRY(api_revision(c, r, &b, web_query(c, r, "ref"), &rev));
	TRY(browse_languages(c, &b, &rev, &shares));
	begin(c, &reply, &rev);
	for (size_t i = 0; i < shares.count; i++) {
		const struct language *language = &languages[shares.at[i].id];
		json_begin_object(&reply.w);
		json_member_cstr(&reply.w, "name", language->name);
		json_member_int(&reply.w, "bytes", (int64_t)shares.at[i].bytes);
		json_member_int(&reply.w, "permille", shares.at[i].permille);
		json_member_cstr(&reply.w, "colour",
			arena_fmt(c->arena, "#%06x", (unsigned)language->colour));
		json_end_object(&reply.w);
	}
	json_end_array(&reply.w);
	json_member_cstr(&reply.w, "next", NULL);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}
