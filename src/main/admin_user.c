#include "core/collaborator.h"
#include "core/factor.h"
#include "core/invitation.h"
#include "core/login.h"
#include "core/password.h"
#include "core/session.h"
#include "core/token.h"
#include "main/admin.h"
#include "main/url.h"

enum { LINK_SECONDS = 15 * 60, RESET_SECONDS = 86400, INVITE_SECONDS = 7 * 86400 };

enum err admin_user_list(struct ctx *c, struct admin *admin)
{
	struct user *users;
	size_t count;
	TRY(collaborator_list(c, &admin->core, &admin->owner, &users, &count));
	print("%-39s  %-12s  %-8s  %-16s  %s\n", "USER", "ROLE", "PASSWORD", "SINCE", "EXPIRES");
	for (int owner = 1; owner >= 0; owner--)
		for (size_t i = 0; i < count; i++)
			if (users[i].owner == owner)
				print("%-39.*s  %-12s  %-8s  %-16s  %s\n",
					STR_FMT(users[i].username),
					owner ? "owner" : "collaborator",
					users[i].has_password ? "yes" : "no",
					admin_time(c, users[i].created),
					admin_time(c, users[i].expires));
	return OK;
}

static void print_password(struct str username, struct str password)
{
	print("The password of %.*s is (it is shown only this once):\n%.*s\n", STR_FMT(username),
		STR_FMT(password));
}

enum err admin_user_add(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER"), password = {0};
	struct user user;
	bool made = false;
	if (!admin_flag(admin, "--no-password"))
		TRY(admin_password(c, admin, &password, &made));
	else if (admin_flag(admin, "--password-stdin"))
		return fail(
			c, ERR_INVALID, "--no-password and --password-stdin exclude each other");
	TRY(collaborator_create(c, &admin->core, &admin->owner, username, password, &user));
	print("%.*s is a collaborator now.\n", STR_FMT(username));
	if (made)
		print_password(username, password);
	return OK;
}

enum err admin_user_invite(struct ctx *c, struct admin *admin)
{
	struct invitation_grant grant = {
		.repo = admin_argument(admin, "--repo"), .level = PERMISSION_WRITE};
	struct invitation_new what = {.username = admin_argument(admin, "USER"),
		.grants = &grant,
		.grant_count = grant.repo.len > 0};
	struct str word = admin_argument(admin, "--permission"), secret;
	struct invitation made;
	if (word.len && !permission_parse(word, &grant.level))
		return fail(c, ERR_INVALID, "%.*s is not read, write or admin", STR_FMT(word));
	TRY(admin_seconds(c, admin, "--expires", INVITE_SECONDS, &what.seconds));
	TRY(invitation_create(c, &admin->core, &admin->owner, &what, &made, &secret));
	print("%s/invitation/%.*s\n", local_url(c, &admin->run->config, 0), STR_FMT(secret));
	return OK;
}

enum err admin_user_remove(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER");
	TRY(collaborator_remove(c, &admin->core, &admin->owner, username));
	print("%.*s is gone.\n", STR_FMT(username));
	return OK;
}

enum err admin_user_password(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER"), password;
	bool made;
	TRY(admin_password(c, admin, &password, &made));
	TRY(collaborator_set_password(c, &admin->core, &admin->owner, username, password));
	if (made)
		print_password(username, password);
	else
		print("%.*s has a new password.\n", STR_FMT(username));
	return OK;
}

enum err admin_user_reset(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER"), secret;
	int64_t seconds;
	TRY(admin_seconds(c, admin, "--expires", RESET_SECONDS, &seconds));
	TRY(password_reset(c, &admin->core, &admin->owner, username, seconds, &secret));
	print("%s/new-password/%.*s\n", local_url(c, &admin->run->config, 0), STR_FMT(secret));
	return OK;
}

enum err admin_user_reset_factors(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER");
	TRY(factor_reset(c, &admin->core, &admin->owner, username));
	print("%.*s has no second factor any more.\n", STR_FMT(username));
	return OK;
}

enum err admin_user_sign_out(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER");
	TRY(session_end_all(c, &admin->core, &admin->owner, username));
	print("%.*s is signed out everywhere.\n", STR_FMT(username));
	return OK;
}

static void print_limits(struct ctx *c, const struct token *token)
{
	if (scope_is_empty(&token->scope))
		return;
	print("%6s  %.*s", "", STR_FMT(scope_text(c->arena, &token->scope)));
	if (token->scope.bytes)
		print(", %lld bytes spent", (long long)token->spent);
	print("\n");
}

enum err admin_token_list(struct ctx *c, struct admin *admin)
{
	struct actor who;
	struct token *tokens;
	size_t count;
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(token_list(c, &admin->core, &who, &tokens, &count));
	print("%-6s  %-10s  %-16s  %-16s  %-16s  %s\n", "ID", "PERMISSION", "MADE", "EXPIRES",
		"LAST USED", "NAME");
	for (size_t i = 0; i < count; i++) {
		print("%-6lld  %-10s  %-16s  %-16s  %-16s  %.*s\n", (long long)tokens[i].id,
			permission_name(tokens[i].limit), admin_time(c, tokens[i].created),
			admin_time(c, tokens[i].expires), admin_time(c, tokens[i].used),
			STR_FMT(tokens[i].name));
		print_limits(c, &tokens[i]);
	}
	return OK;
}

enum err admin_token_create(struct ctx *c, struct admin *admin)
{
	struct token_new what = {.name = admin_argument(admin, "NAME"), .limit = PERMISSION_ADMIN};
	struct str level = admin_argument(admin, "--permission"), secret;
	struct actor who;
	struct token token;
	if (level.len && (!permission_parse(level, &what.limit) || what.limit == PERMISSION_NONE))
		return fail(c, ERR_INVALID, "%.*s is not read, write or admin", STR_FMT(level));
	TRY(admin_seconds(c, admin, "--expires", 0, &what.seconds));
	TRY_WHILE(c, scope_parse(c, admin_argument(admin, "--scope"), &what.scope),
		"reading --scope");
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(token_create(c, &admin->core, &who, &what, &token, &secret));
	print("%.*s\n", STR_FMT(secret));
	return OK;
}

enum err admin_token_revoke(struct ctx *c, struct admin *admin)
{
	struct actor who;
	struct str text = admin_argument(admin, "ID");
	uint64_t id;
	if (!str_to_u64(text, &id) || id > INT64_MAX)
		return fail(c, ERR_INVALID, "%.*s is not the number of a token", STR_FMT(text));
	TRY(admin_actor(c, admin, admin_argument(admin, "USER"), &who));
	TRY(token_revoke(c, &admin->core, &who, (int64_t)id));
	print("Token %.*s is worthless now.\n", STR_FMT(text));
	return OK;
}

enum err admin_sign_in_link(struct ctx *c, struct admin *admin)
{
	struct str username = admin_argument(admin, "USER"), secret;
	struct actor who;
	int64_t seconds;
	if (!username.len)
		username = admin->owner.username;
	TRY(admin_seconds(c, admin, "--expires", LINK_SECONDS, &seconds));
	TRY(admin_actor(c, admin, username, &who));
	TRY(login_link_create(
		c, &admin->core, NULL, &(struct login_link){username, seconds}, &secret));
	print("%s/sign-in/%.*s\n", local_url(c, &admin->run->config, 0), STR_FMT(secret));
	return OK;
}
