#include "web/page_look.h"

#include "model/schema.h"

struct diff_look page_look(struct ctx *c, struct web_request *r)
{
	struct diff_look look;
	view_look_read(c->arena, r->query, &look);
	return look;
}

struct diff_limits page_look_limits(const struct diff_look *look)
{
	struct diff_limits limits = look->wish.only.len ? DIFF_LIMITS_FILE : DIFF_LIMITS_PAGE;
	limits.wish = look->wish;
	return limits;
}

#define DATA_TYPE "application/x-nimbus-diff"

bool page_look_wants_data(const struct web_request *r)
{
	return str_is(web_request_header(r, "accept"), DATA_TYPE);
}

enum err page_look_data(struct ctx *c, struct web_request *r, const struct diff_page *page)
{
	struct buf bytes = {.arena = c->arena};
	schema_encode(&bytes, &schema_diff_page, page);
	return web_bytes(c, r, DATA_TYPE, buf_view(&bytes));
}
