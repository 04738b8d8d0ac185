/* What the finder of files looks through: not a page, and the same for ever. */
#include "web/page.h"

enum err page_paths(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct revision rev;
	struct str id = web_param(r, "id"), path;
	struct buf paths = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	TRY(browse_resolve(c, &b, id, &rev, &path));
	if (path.len || !str_is(id, oid_hex(&rev.commit, hex)))
		return fail(c, ERR_NOT_FOUND, "paths are listed of a commit, by its full id");
	web_header(r, "Cache-Control", STR("private, max-age=31536000, immutable"));
	TRY(browse_paths(c, &b, &rev.commit, &paths));
	return web_text(c, r, 200, buf_view(&paths));
}
