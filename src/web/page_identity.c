/* Whom an account is connected with at providers: one's own, and for the owner anybody's. */
#include "core/account.h"
#include "core/collaborator.h"
#include "core/identity.h"
#include "view/page_account.h"
#include "web/page.h"

/* The person in the path; without one, who asks. */
static struct str whose(const struct web_request *r)
{
	struct str username = web_param(r, "username");
	return username.len ? username : r->who.username;
}

static enum err has_password(struct ctx *c, struct web_request *r, struct page_identities *p)
{
	struct user self, *users;
	size_t count;
	if (p->own) {
		TRY(account_get(c, r->core, &r->who, &self));
		p->has_password = self.has_password;
		p->password_counts = self.owner || !r->core->passwords_owner_only;
		return OK;
	}
	TRY(collaborator_list(c, r->core, &r->who, &users, &count));
	for (size_t i = 0; i < count; i++)
		if (str_eq(users[i].username, p->username)) {
			p->has_password = users[i].has_password;
			p->password_counts = users[i].owner || !r->core->passwords_owner_only;
		}
	return OK;
}

static const char *label_of(const struct core *core, struct str name)
{
	for (size_t i = 0; i < core->provider_count; i++)
		if (str_is(name, core->providers[i]->name))
			return core->providers[i]->label;
	return NULL;
}

static enum err show(struct ctx *c, struct web_request *r, enum err err)
{
	struct page_identities p = {.username = whose(r), .own = str_eq(whose(r), r->who.username)};
	struct identity *list;
	page_begin(c, r, STR("Ways to sign in"), &p.page);
	p.page.here = STR("/account/identities");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	if (status == 503)
		web_header(r, "Retry-After", STR("60"));
	TRY(identity_list(c, r->core, &r->who, p.username, &list, &p.count));
	TRY(has_password(c, r, &p));
	struct shown_identity *shown = NEW_ARRAY(c->arena, struct shown_identity, p.count);
	for (size_t i = 0; i < p.count; i++)
		shown[i] = (struct shown_identity){&list[i], label_of(r->core, list[i].provider)};
	p.identities = shown;
	p.providers = page_providers(c, r);
	struct buf html = {.arena = c->arena};
	view_identities(&html, &p);
	return web_html(c, r, status == 401 ? 403 : status, buf_view(&html));
}

enum err page_identities(struct ctx *c, struct web_request *r)
{
	return show(c, r, OK);
}

enum err page_identities_again(struct ctx *c, struct web_request *r, enum err err)
{
	return show(c, r, err);
}

enum err page_identity_remove(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	struct str username = whose(r);
	if (!str_to_u64(web_field(r, "id"), &id) || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such connection");
	enum err err = identity_remove(c, r->core, &r->who, username, (int64_t)id);
	if (page_is_their_error(err))
		return show(c, r, err);
	TRY(err);
	if (!web_param(r, "username").len)
		return web_redirect(c, r, "/account/identities?done=disconnected");
	return web_redirect(c, r,
		arena_fmt(c->arena, "/collaborators/%.*s/identities?done=disconnected",
			STR_FMT(username)));
}
