#include "base/map.h"
#include "core/collaborator.h"
#include "core/login.h"
#include "core/password.h"
#include "core/permit.h"
#include "web/api.h"

enum { DAY = 86400, INVITATION_SECONDS = 7 * DAY, RESET_SECONDS = DAY };

static void write_user(struct json_writer *w, const struct user *user)
{
	json_begin_object(w);
	json_member_str(w, "username", user->username);
	json_member_bool(w, "has_password", user->has_password);
	json_member_bool(w, "has_second_factor", user->has_factor);
	api_time(w, "created_at", user->created);
	api_time(w, "expires_at", user->expires);
}

enum err api_collaborators_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct user *users;
	size_t count, sent = 0;
	TRY(api_page(c, r, &page));
	TRY(collaborator_list(c, r->core, &r->who, &users, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	struct str last = {0}, next = {0};
	for (size_t i = 0; i < count; i++) {
		if (users[i].owner ||
			(page.after.len && str_cmp(users[i].username, page.after) <= 0))
			continue;
		if (sent++ == page.limit) {
			next = last;
			break;
		}
		last = users[i].username;
		write_user(&reply.w, &users[i]);
		json_end_object(&reply.w);
	}
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_collaborator_get(struct ctx *c, struct web_request *r)
{
	struct str username = web_param(r, "username");
	struct user *users;
	size_t count, at = 0;
	TRY(collaborator_list(c, r->core, &r->who, &users, &count));
	while (at < count && (users[at].owner || !str_eq(users[at].username, username)))
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "there is no collaborator \"%.*s\"",
			STR_FMT(str_until(username, USERNAME_MAX)));
	/* Somebody else of that name, and another password, are other states of what is here. */
	const int64_t untold[] = {users[at].id, users[at].generation};
	r->untold = bytes_hash(0, untold, sizeof untold);
	if (r->probing)
		r->expected.user = &users[at];
	struct api_reply reply;
	api_begin(c, &reply);
	write_user(&reply.w, &users[at]);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_collaborators_add(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"username", "password", NULL};
	const struct json *body;
	struct str username, password = {0}, secret;
	struct user user;
	bool given;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "username", &username));
	r->field = "username";
	TRY(username_check(c, username));
	TRY(api_text(c, r, body, "password", &password, &given));
	r->field = "password";
	if (given)
		TRY(password_judge(c, r->core, password, username));
	r->field = NULL;
	TRY(collaborator_create(c, r->core, &r->who, username, password, &user));
	struct api_reply reply;
	api_begin(c, &reply);
	write_user(&reply.w, &user);
	if (!given) {
		const struct login_link link = {username, INVITATION_SECONDS};
		TRY(login_link_create(c, r->core, &r->who, &link, &secret));
		json_member_cstr(&reply.w, "sign_in_url",
			arena_fmt(c->arena, "%.*s/sign-in/%.*s", STR_FMT(r->origin),
				STR_FMT(secret)));
	}
	json_end_object(&reply.w);
	api_location(c, r, "collaborators", username);
	return api_send(c, r, 201, &reply);
}

/* One's own needs the one before, unless it was the proof of this very request. */
static enum err change_own(
	struct ctx *c, struct web_request *r, const struct json *body, struct str password)
{
	struct password_change what = {
		.fresh = password,
		.proven = !r->session && !actor_has_key(&r->who),
		.peer = web_peer(r->web, r->http),
	};
	TRY(api_text(c, r, body, "current", &what.current, NULL));
	enum err kind = password_change(c, r->core, &r->who, &what);
	/* 401 would say that the request itself is nobody's. */
	if (kind == ERR_UNAUTH && r->session)
		return web_problem(c, r, 403, c->error.text);
	return kind;
}

static enum err change_expires(
	struct ctx *c, struct web_request *r, struct str username, int64_t expires)
{
	TRY(collaborator_set_expires_seen(c, r->core, &r->who, username, expires, &r->expected));
	if (!r->expected.user)
		return OK;
	/* What comes after it in the same request finds this, and all else as it was. */
	struct user *now = NEW(c->arena, struct user);
	*now = *r->expected.user;
	now->expires = expires;
	r->expected.user = now;
	return OK;
}

enum err api_collaborator_change(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"password", "current", "expires_at", NULL};
	const struct json *body;
	struct str password, username = web_param(r, "username");
	int64_t expires = 0;
	bool new_password, new_end;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text(c, r, body, "password", &password, &new_password));
	TRY(api_when(c, r, body, "expires_at", &expires, &new_end));
	if (!new_end)
		TRY(api_text_needed(c, r, body, "password", &password));
	r->field = "password";
	if (new_password)
		TRY(password_judge(c, r->core, password, username));
	r->field = NULL;
	if (new_end)
		TRY(change_expires(c, r, username, expires));
	if (new_password && str_eq(username, r->who.username))
		TRY(change_own(c, r, body, password));
	else if (new_password)
		TRY(collaborator_set_password_seen(
			c, r->core, &r->who, username, password, &r->expected));
	return r->http->status ? OK : web_no_content(c, r);
}

enum err api_collaborator_reset(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"expires_in", NULL};
	int64_t seconds = RESET_SECONDS;
	const struct json *body;
	struct str secret;
	TRY(api_body(c, r, fields, &body));
	TRY(api_number(c, r, body, "expires_in", INVITATION_SECONDS, &seconds));
	TRY(password_reset(c, r->core, &r->who, web_param(r, "username"), seconds, &secret));
	struct api_reply reply;
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_cstr(&reply.w, "url",
		arena_fmt(c->arena, "%.*s/new-password/%.*s", STR_FMT(r->origin), STR_FMT(secret)));
	json_member_int(&reply.w, "expires_in", seconds);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_collaborators_remove(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"username", NULL};
	const struct json *body;
	struct str username = web_param(r, "username");
	if (!username.len)
		username = web_query(c, r, "username");
	if (!username.len) {
		TRY(api_body(c, r, fields, &body));
		TRY(api_text_needed(c, r, body, "username", &username));
	}
	TRY(collaborator_remove_seen(c, r->core, &r->who, username, &r->expected));
	return web_no_content(c, r);
}

static void write_permission(struct json_writer *w, const struct permission_row *row)
{
	json_begin_object(w);
	json_member_str(w, "username", row->username);
	json_member_cstr(w, "permission", permission_name(row->level));
	api_time(w, "expires_at", row->expires);
	json_end_object(w);
}

enum err api_permissions_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct permission_row *rows;
	struct str next = {0};
	size_t count, sent = 0;
	TRY(api_page(c, r, &page));
	TRY(permission_list(c, r->core, &r->who, web_param(r, "name"), &rows, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++) {
		if (page.after.len && str_cmp(rows[i].username, page.after) <= 0)
			continue;
		if (sent++ == page.limit) {
			next = rows[i - 1].username;
			break;
		}
		write_permission(&reply.w, &rows[i]);
	}
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_permission_get(struct ctx *c, struct web_request *r)
{
	struct str username = web_param(r, "username");
	struct permission_row *rows;
	size_t count, at = 0;
	TRY(permission_list(c, r->core, &r->who, web_param(r, "name"), &rows, &count));
	while (at < count && !str_eq(rows[at].username, username))
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "\"%.*s\" has no permission of their own here",
			STR_FMT(str_until(username, USERNAME_MAX)));
	if (r->probing)
		r->expected.permission = &rows[at];
	struct api_reply reply;
	api_begin(c, &reply);
	write_permission(&reply.w, &rows[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_permission_set(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"permission", "expires_at", NULL};
	struct permission_on on = {web_param(r, "name"), web_param(r, "username")};
	const struct json *body;
	struct permission_row put = {.username = on.username}, *rows;
	size_t count;
	/* Who may not do this learns nothing from what is wrong with the body. */
	TRY(permission_list(c, r->core, &r->who, on.repo, &rows, &count));
	TRY(api_body(c, r, fields, &body));
	TRY(api_permission(c, r, body, true, &put.level));
	TRY(api_when(c, r, body, "expires_at", &put.expires, NULL));
	TRY(permission_put_seen(c, r->core, &r->who, &on, &put, &r->expected));
	struct api_reply reply;
	api_begin(c, &reply);
	write_permission(&reply.w, &put);
	return api_send(c, r, 200, &reply);
}

enum err api_permission_remove(struct ctx *c, struct web_request *r)
{
	struct permission_on on = {web_param(r, "name"), web_param(r, "username")};
	TRY(permission_delete_seen(c, r->core, &r->who, &on, &r->expected));
	return web_no_content(c, r);
}
