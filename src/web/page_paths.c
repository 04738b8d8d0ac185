/* What the finder of files looks through: not a page, and the same for ever where it is all that fits. */
#include "view/html.h"
#include "web/page.h"

/* What the finder says of a part: it goes in a header, so that the list is one of paths alone. */
static void note_part(struct ctx *c, struct web_request *r, const struct paths_part *part)
{
	struct buf words = {.arena = c->arena};
	buf_cstr(&words, "Only the first ");
	html_count(&words, (long long)part->count, "file");
	buf_cstr(&words, part->count == 1 ? " is looked through" : " are looked through");
	buf_cstr(&words, part->too_far ? ": the others lie too far away for one answer, and may be "
					 "there in a while."
				       : ".");
	web_header(r, "X-Partial", buf_view(&words));
}

enum err page_paths(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str id = web_param(r, "id"), path;
	struct buf paths = {.arena = c->arena};
	struct paths_part part;
	char hex[OID_HEX_MAX];
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, id, &rev, &path));
	if (path.len || !str_is(id, oid_hex(&rev.commit, hex)))
		return fail(c, ERR_NOT_FOUND, "paths are listed of a commit, by its full id");
	TRY(browse_paths(c, &b, &rev.commit, &paths, &part));
	web_header(r, "Cache-Control",
		part.too_far ? STR("no-store") : STR("private, max-age=31536000, immutable"));
	if (part.cut)
		note_part(c, r, &part);
	return web_text(c, r, 200, buf_view(&paths));
}
