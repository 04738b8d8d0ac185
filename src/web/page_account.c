/* One's own account, and the people of the instance. */
#include "view/page_account.h"
#include "core/account.h"
#include "core/collaborator.h"
#include "core/device.h"
#include "core/factor.h"
#include "core/grant.h"
#include "core/invitation.h"
#include "core/login.h"
#include "core/password.h"
#include "core/permit.h"
#include "core/session.h"
#include "core/signing_key.h"
#include "core/token.h"
#include "web/internal.h"
#include "web/page.h"

enum {
	HOUR = 3600,
	DAY = 24 * HOUR,
	INVITE_SECONDS = 7 * DAY,
	RESET_SECONDS = DAY,
	TOKEN_HOURS_MAX = 24 * 3660,
};

static enum err show_account(struct ctx *c, struct web_request *r, struct str fresh, enum err err)
{
	struct page_account p = {.fresh = fresh};
	struct user self;
	struct token *tokens;
	struct signing_key *keys;
	if (err && !page_is_their_error(err) && err != ERR_UNAUTH && err != ERR_RATE_LIMITED)
		return err;
	page_begin(c, r, STR("Your account"), &p.page);
	p.page.here = STR("/account");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(token_list(c, r->core, &r->who, &tokens, &p.count));
	TRY(signing_key_list(c, r->core, &r->who, &keys, &p.key_count));
	TRY(account_get(c, r->core, &r->who, &self));
	struct device *devices;
	TRY(device_list(c, r->core, &r->who, r->who.username, &devices, &p.device_count));
	p.tokens = tokens;
	p.devices = devices;
	p.keys = keys;
	p.instance = r->core->instance;
	p.has_password = self.has_password;
	p.passwords_owner_only = r->core->passwords_owner_only;
	if (fresh.len)
		web_header(r, "Cache-Control", STR("no-store"));
	struct buf html = {.arena = c->arena};
	view_account(&html, &p);
	return web_html(c, r, status == 401 ? 403 : status, buf_view(&html));
}

enum err page_account(struct ctx *c, struct web_request *r)
{
	return show_account(c, r, STR(""), OK);
}

/* Answers with the page itself, not with a redirection: the secret is to be seen here and now. */
enum err page_account_token(struct ctx *c, struct web_request *r)
{
	struct token_new what = {.name = str_trim(web_field(r, "name"))};
	struct token made;
	struct str secret = STR("");
	uint64_t hours;
	enum err err = OK;
	if (!permission_parse(web_field(r, "permission"), &what.limit))
		err = fail(c, ERR_INVALID, "a token's permission is read, write or admin");
	else if (!str_to_u64(web_field(r, "hours"), &hours) || hours > TOKEN_HOURS_MAX)
		err = fail(c, ERR_INVALID, "a token lives for 0 to %d hours", TOKEN_HOURS_MAX);
	else
		err = page_scope(c, r, &what.scope);
	if (!err) {
		what.seconds = (int64_t)hours * HOUR;
		err = token_create(c, r->core, &r->who, &what, &made, &secret);
	}
	return show_account(c, r, err ? STR("") : secret, err);
}

enum err page_account_revoke(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	if (!str_to_u64(web_param(r, "id"), &id) || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such token");
	TRY(token_revoke(c, r->core, &r->who, (int64_t)id));
	return web_redirect(c, r, "/account?done=revoked");
}

enum err page_account_device_end(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	if (!str_to_u64(web_param(r, "id"), &id) || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such device");
	TRY(device_remove(c, r->core, &r->who, r->who.username, (int64_t)id));
	return web_redirect(c, r, "/account?done=device-ended");
}

enum err page_account_key(struct ctx *c, struct web_request *r)
{
	struct signing_key key;
	enum err err = signing_key_add(
		c, r->core, &r->who, str_trim(web_field(r, "name")), web_field(r, "key"), &key);
	return err ? show_account(c, r, STR(""), err) : web_redirect(c, r, "/account?done=added");
}

enum err page_account_key_remove(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	if (!str_to_u64(web_param(r, "id"), &id) || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such key");
	TRY(signing_key_remove(c, r->core, &r->who, (int64_t)id));
	return web_redirect(c, r, "/account?done=removed");
}

/* Whoever finds a browser signed in must not be able to take the account over. */
enum err page_account_password(struct ctx *c, struct web_request *r)
{
	const struct password_change what = {
		.current = web_field(r, "old"),
		.fresh = web_field(r, "new"),
		.peer = web_peer(r->web, r->http),
	};
	struct user self;
	TRY(account_get(c, r->core, &r->who, &self));
	/* There is none to ask for: another proof has to do. */
	if (!self.has_password && web_must_prove(r))
		return web_ask_proof(c, r);
	enum err err = password_change(c, r->core, &r->who, &what);
	if (err)
		return show_account(c, r, STR(""), err);
	/* A new password ended every session: this browser, which knows it, goes on. */
	TRY(web_keep_session(c, r));
	return web_redirect(c, r, "/account?done=password");
}

struct fresh {
	struct str name, link, invitation;
	bool reset;
};

static enum err show_people(
	struct ctx *c, struct web_request *r, const struct fresh *fresh, enum err err)
{
	struct page_collaborators p = {0};
	struct user *users;
	if (err && !page_is_their_error(err))
		return err;
	page_begin(c, r, STR("People"), &p.page);
	p.page.here = STR("/collaborators");
	int status = err ? page_take_error(c, &p.page, err) : 200;
	TRY(collaborator_list(c, r->core, &r->who, &users, &p.count));
	struct invitation *invitations;
	TRY(invitation_list(c, r->core, &r->who, &invitations, &p.invitation_count));
	p.invitations = invitations;
	p.users = users;
	struct grant *grants;
	TRY(grant_list(c, r->core, &r->who, &grants, &p.grant_count));
	p.grants = grants;
	struct factors own;
	TRY(factor_list(c, r->core, &r->who, r->who.username, &own));
	p.factor_required = own.required;
	p.passwords_owner_only = r->core->passwords_owner_only;
	if (fresh) {
		p.fresh_name = fresh->name;
		p.fresh_link = fresh->link;
		p.fresh_reset = fresh->reset;
		p.fresh_invitation = fresh->invitation;
		web_header(r, "Cache-Control", STR("no-store"));
	}
	struct buf html = {.arena = c->arena};
	view_collaborators(&html, &p);
	return web_html(c, r, status, buf_view(&html));
}

enum err page_collaborators(struct ctx *c, struct web_request *r)
{
	return show_people(c, r, NULL, OK);
}

static enum err invite(struct ctx *c, struct web_request *r, struct str name)
{
	struct str secret;
	const struct login_link link = {name, INVITE_SECONDS};
	TRY(login_link_create(c, r->core, &r->who, &link, &secret));
	struct fresh fresh = {.name = name};
	fresh.link = str_of(
		arena_fmt(c->arena, "%.*s/sign-in/%.*s", STR_FMT(r->origin), STR_FMT(secret)));
	return show_people(c, r, &fresh, OK);
}

enum err page_collaborators_post(struct ctx *c, struct web_request *r)
{
	struct user made;
	struct str password = web_field(r, "password");
	enum err err = collaborator_create(
		c, r->core, &r->who, str_trim(web_field(r, "username")), password, &made);
	if (err)
		return show_people(c, r, NULL, err);
	if (password.len == 0)
		return invite(c, r, made.username);
	return web_redirect(c, r, "/collaborators?done=added");
}

enum err page_collaborators_reset(struct ctx *c, struct web_request *r)
{
	struct fresh fresh = {.name = str_trim(web_field(r, "username")), .reset = true};
	struct str secret;
	enum err err = password_reset(c, r->core, &r->who, fresh.name, RESET_SECONDS, &secret);
	if (err)
		return show_people(c, r, NULL, err);
	fresh.link = str_of(
		arena_fmt(c->arena, "%.*s/new-password/%.*s", STR_FMT(r->origin), STR_FMT(secret)));
	return show_people(c, r, &fresh, OK);
}

enum err page_collaborators_remove(struct ctx *c, struct web_request *r)
{
	enum err err = collaborator_remove(c, r->core, &r->who, str_trim(web_field(r, "username")));
	return err ? show_people(c, r, NULL, err)
		   : web_redirect(c, r, "/collaborators?done=removed");
}

enum err page_collaborators_reset_factors(struct ctx *c, struct web_request *r)
{
	enum err err = factor_reset(c, r->core, &r->who, str_trim(web_field(r, "username")));
	return err ? show_people(c, r, NULL, err)
		   : web_redirect(c, r, "/collaborators?done=factors-reset");
}

enum err page_collaborators_require_factor(struct ctx *c, struct web_request *r)
{
	bool required = str_is(web_field(r, "required"), "yes");
	enum err err = factor_require(c, r->core, &r->who, required);
	return err ? show_people(c, r, NULL, err) : web_redirect(c, r, "/collaborators?done=saved");
}

static enum err people_changed(struct ctx *c, struct web_request *r, enum err err)
{
	return err ? show_people(c, r, NULL, err)
		   : web_redirect(c, r, "/collaborators?done=access");
}

enum err page_collaborators_end(struct ctx *c, struct web_request *r)
{
	int64_t expires;
	enum err err = page_day(c, r, "expires", &expires);
	if (!err)
		err = collaborator_set_expires(
			c, r->core, &r->who, str_trim(web_field(r, "username")), expires);
	return people_changed(c, r, err);
}

enum err page_collaborators_grant(struct ctx *c, struct web_request *r)
{
	struct grant made, what = {.username = str_trim(web_field(r, "username")),
				   .pattern = str_trim(web_field(r, "pattern"))};
	enum err err = page_day(c, r, "expires", &what.expires);
	if (!err && !permission_parse(web_field(r, "permission"), &what.level))
		err = fail(c, ERR_INVALID, "a permission is read, write or admin");
	if (!err)
		err = grant_put(c, r->core, &r->who, &what, &made);
	return people_changed(c, r, err);
}

enum err page_collaborators_ungrant(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	enum err err = OK;
	if (!str_to_u64(web_field(r, "id"), &id) || id > INT64_MAX)
		err = fail(c, ERR_INVALID, "that is not the number of a grant");
	if (!err)
		err = grant_delete(c, r->core, &r->who, (int64_t)id);
	return people_changed(c, r, err);
}

enum err page_collaborators_sign_out(struct ctx *c, struct web_request *r)
{
	enum err err = session_end_all(c, r->core, &r->who, str_trim(web_field(r, "username")));
	return err ? show_people(c, r, NULL, err)
		   : web_redirect(c, r, "/collaborators?done=person-signed-out");
}

/* "one two": each with the same permission. */
static enum err read_grants(struct ctx *c, struct web_request *r, struct invitation_new *what)
{
	struct str names = web_field(r, "repositories"), name;
	struct invitation_grant *grants =
		NEW_ARRAY(c->arena, struct invitation_grant, INVITATION_GRANTS_MAX);
	enum permission level;
	if (!permission_parse(web_field(r, "permission"), &level))
		return fail(c, ERR_INVALID, "a permission is read, write or admin");
	while (names.len) {
		name = str_trim(str_cut(&names, ' '));
		if (!name.len)
			continue;
		if (what->grant_count == INVITATION_GRANTS_MAX)
			return fail(c, ERR_INVALID, "an invitation gives at most %d repositories",
				INVITATION_GRANTS_MAX);
		grants[what->grant_count++] =
			(struct invitation_grant){.repo = name, .level = level};
	}
	what->grants = grants;
	return OK;
}

enum err page_collaborators_invite(struct ctx *c, struct web_request *r)
{
	struct invitation_new what = {.username = str_trim(web_field(r, "username"))};
	struct invitation made;
	struct str secret;
	uint64_t days;
	enum err err = read_grants(c, r, &what);
	if (!err &&
		(!str_to_u64(web_field(r, "days"), &days) || days > INVITATION_SECONDS_MAX / DAY))
		err = fail(c, ERR_INVALID, "an invitation lasts for 1 to 90 days");
	if (!err) {
		what.seconds = (int64_t)days * DAY;
		err = invitation_create(c, r->core, &r->who, &what, &made, &secret);
	}
	if (err)
		return show_people(c, r, NULL, err);
	struct fresh fresh = {.invitation = str_of(arena_fmt(c->arena, "%.*s/invitation/%.*s",
				      STR_FMT(r->origin), STR_FMT(secret)))};
	return show_people(c, r, &fresh, OK);
}

enum err page_collaborators_uninvite(struct ctx *c, struct web_request *r)
{
	uint64_t id;
	if (!str_to_u64(web_field(r, "id"), &id) || id > INT64_MAX)
		return fail(c, ERR_NOT_FOUND, "there is no such invitation");
	enum err err = invitation_revoke(c, r->core, &r->who, (int64_t)id);
	return err ? show_people(c, r, NULL, err)
		   : web_redirect(c, r, "/collaborators?done=uninvited");
}
