/* The copy of a repository that a browser keeps for reading without a network: not a page. */
#include "core/offline.h"
#include "net/http.h"
#include "web/page.h"

static bool read_name(struct str name, struct oid *out)
{
	struct str hex = name;
	if (!str_skip_end(&hex, STR(".pack")))
		return false;
	return oid_parse(HASH_SHA1, hex, out) || oid_parse(HASH_SHA256, hex, out);
}

enum err page_offline(struct ctx *c, struct web_request *r)
{
	struct oid tip;
	struct sink *to;
	struct str name = web_param(r, "name");
	OFFLINE_COPY copy = {0};
	const char *type = "application/x-git-pack";
	/* What is no id is the id of nothing: the repository comes first, for who may not know of it. */
	if (!read_name(web_param(r, "id"), &tip))
		tip = (struct oid){.algo = HASH_SHA1};
	/* A HEAD asks only whether it would come. */
	if (str_is(r->http->method, "HEAD")) {
		TRY(offline_permit(c, r->core, &r->who, name, &tip));
		TRY(web_stream(c, r, type, UINT64_MAX, &to));
		return web_stream_end(r);
	}
	TRY(offline_make(c, r->core, &r->who, name, &tip, &copy));
	web_header(r, "Cache-Control", STR("private, no-store"));
	web_header(r, "Nimbus-Depth", str_of(arena_fmt(c->arena, "%u", copy.depth)));
	uint64_t size = copy.pack->extent.size;
	TRY(web_stream(c, r, type, size, &to));
	TRY(sink_copy(c, to, &copy.pack->extent, 0, size));
	return web_stream_end(r);
}
