/* How a repository is cloned, and a token for just that. */
#include "view/page_clone.h"
#include "core/token.h"
#include "web/page.h"

enum { DAYS = 30, DAY = 24 * 3600 };

static enum err show(
	struct ctx *c, struct web_request *r, struct browse *b, struct page_clone *p, enum err err)
{
	if (err && !page_is_their_error(err) && err != ERR_DENIED)
		return err;
	page_repo_begin(c, r, b, NULL, &p->top);
	p->top.page.title = str_of(arena_fmt(c->arena, "Clone · %.*s", STR_FMT(b->repo.name)));
	p->top.page.here = str_of(arena_fmt(c->arena, "/%.*s/clone", STR_FMT(b->repo.name)));
	int status = err ? page_take_error(c, &p->top.page, err) : 200;
	web_header(r, "Cache-Control", STR("no-store"));
	struct buf html = {.arena = c->arena};
	view_clone(&html, p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_clone(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct page_clone p = {0};
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	return show(c, r, &b, &p, OK);
}

/* "https://ada:TOKEN@git.example.org/NAME.git" */
static const char *command(
	struct ctx *c, const struct web_request *r, struct str name, struct str token)
{
	size_t at = str_find_str(r->origin, STR("//")) + 2;
	return arena_fmt(c->arena, "git clone %.*s%.*s:%.*s@%.*s/%.*s.git",
		STR_FMT(str_until(r->origin, at)), STR_FMT(r->who.username), STR_FMT(token),
		STR_FMT(str_from_index(r->origin, at)), STR_FMT(name));
}

static enum err make(struct ctx *c, struct web_request *r, const struct browse *b,
	enum permission limit, struct str *secret)
{
	struct token made;
	struct str name = b->repo.name;
	const struct token_new what = {
		.name = str_until(
			str_of(arena_fmt(c->arena, "clone %.*s", STR_FMT(name))), TOKEN_NAME_MAX),
		.limit = limit,
		.seconds = DAYS * DAY,
		.scope.repos = {&name, 1},
	};
	return token_create(c, r->core, &r->who, &what, &made, secret);
}

/* Answers with the page itself, not with a redirection: the secret is to be seen here and now. */
enum err page_clone_token(struct ctx *c, struct web_request *r)
{
	BROWSE b = {0};
	struct page_clone p = {.days = DAYS};
	enum permission limit;
	TRY(browse_open(c, r->core, &r->who, web_param(r, "name"), &b));
	enum err err = OK;
	if (!permission_parse(web_field(r, "permission"), &limit) || limit > PERMISSION_WRITE)
		err = fail(c, ERR_INVALID, "such a token is to read, or to read and write");
	if (!err)
		err = make(c, r, &b, limit, &p.fresh);
	if (!err)
		p.fresh_command = command(c, r, b.repo.name, p.fresh);
	p.fresh_writes = !err && limit == PERMISSION_WRITE;
	return show(c, r, &b, &p, err);
}
