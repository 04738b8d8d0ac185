#include "core/account.h"
#include "core/token.h"
#include "web/api.h"

enum { TOKEN_SECONDS_MAX = 10 * 366 * 86400 };

enum err api_instance(struct ctx *c, struct web_request *r)
{
	static const char *const capabilities[] = {"git-http", "git-protocol-v2", "shallow",
		"partial-clone", "atomic-push", "sha256", "api-tokens", "create-on-push"};
	struct api_reply reply;
	api_begin(c, &reply);
	struct json_writer *w = &reply.w;
	json_begin_object(w);
	json_member_cstr(w, "name", "Nimbus Git");
	json_member_cstr(w, "id", r->core->instance);
	json_member_cstr(w, "version", r->web->version);
	json_member_cstr(w, "owner", r->web->owner);
	json_member_str(w, "url", r->origin);
	json_key(w, "capabilities");
	json_begin_array(w);
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		json_string(w, str_of(capabilities[i]));
	json_end_array(w);
	json_key(w, "object_formats");
	json_begin_array(w);
	json_string(w, STR("sha1"));
	json_string(w, STR("sha256"));
	json_end_array(w);
	json_key(w, "limits");
	json_begin_object(w);
	json_member_int(w, "object_bytes", (int64_t)r->core->limits.object_max);
	json_member_int(w, "pack_bytes", (int64_t)r->core->limits.pack_max);
	json_member_int(w, "body_bytes", (int64_t)r->web->body_max);
	json_end_object(w);
	json_end_object(w);
	return api_send(c, r, 200, &reply);
}

enum err api_user(struct ctx *c, struct web_request *r)
{
	struct api_reply reply;
	struct user self;
	TRY(account_get(c, r->core, &r->who, &self));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_str(&reply.w, "username", self.username);
	json_member_bool(&reply.w, "owner", r->who.owner);
	json_member_cstr(&reply.w, "by",
		actor_has_key(&r->who) ? "token"
		: r->session           ? "session"
				       : "password");
	json_member_cstr(&reply.w, "limit", permission_name(r->who.limit));
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

static void write_token(struct json_writer *w, const struct token *token, struct str secret)
{
	json_begin_object(w);
	json_member_int(w, "id", token->id);
	json_member_str(w, "name", token->name);
	json_member_cstr(w, "permission", permission_name(token->limit));
	api_time(w, "created_at", token->created);
	api_time(w, "expires_at", token->expires);
	api_time(w, "used_at", token->used);
	json_key(w, "scope");
	scope_to_json(w, &token->scope);
	if (token->scope.bytes) {
		int64_t left = token->scope.bytes - token->spent;
		json_member_int(w, "bytes_left", left > 0 ? left : 0);
	}
	if (secret.len)
		json_member_str(w, "token", secret);
	json_end_object(w);
}

enum err api_tokens_list(struct ctx *c, struct web_request *r)
{
	struct api_page page;
	struct token *tokens;
	uint64_t before = INT64_MAX;
	struct str next = {0};
	size_t count, sent = 0;
	TRY(api_page(c, r, &page));
	if (page.after.len && !str_to_u64(page.after, &before)) {
		r->field = "cursor";
		return fail(c, ERR_INVALID, "\"cursor\" is not one that was given out");
	}
	TRY(token_list(c, r->core, &r->who, &tokens, &count));
	struct api_reply reply;
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++) {
		if ((uint64_t)tokens[i].id >= before)
			continue;
		if (sent++ == page.limit) {
			next = str_of(arena_fmt(c->arena, "%lld", (long long)tokens[i - 1].id));
			break;
		}
		write_token(&reply.w, &tokens[i], STR(""));
	}
	return api_list_send(c, r, &reply, &page, next);
}

enum err api_token_get(struct ctx *c, struct web_request *r)
{
	struct token *tokens;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "token", &id));
	TRY(token_list(c, r->core, &r->who, &tokens, &count));
	while (at < count && tokens[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "you have no token %lld", (long long)id);
	if (r->probing)
		r->expected.token = &tokens[at];
	struct api_reply reply;
	api_begin(c, &reply);
	write_token(&reply.w, &tokens[at], STR(""));
	return api_send(c, r, 200, &reply);
}

enum err api_tokens_create(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"name", "permission", "expires_in", "scope", NULL};
	struct token_new what = {.limit = PERMISSION_ADMIN};
	const struct json *body;
	struct token token;
	struct str secret;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "name", &what.name));
	TRY(api_permission(c, r, body, false, &what.limit));
	TRY(api_number(c, r, body, "expires_in", TOKEN_SECONDS_MAX, &what.seconds));
	r->field = "scope";
	TRY(scope_from_json(c, json_get(body, "scope"), &what.scope));
	r->field = "name";
	TRY(token_create(c, r->core, &r->who, &what, &token, &secret));
	r->field = NULL;
	struct api_reply reply;
	api_begin(c, &reply);
	write_token(&reply.w, &token, secret);
	api_location(c, r, "tokens", str_of(arena_fmt(c->arena, "%lld", (long long)token.id)));
	return api_send(c, r, 201, &reply);
}

enum err api_tokens_revoke(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"id", NULL};
	const struct json *body;
	struct str text = web_param(r, "id");
	uint64_t id = 0;
	if (!text.len)
		text = web_query(c, r, "id");
	if (text.len) {
		if (!str_to_u64(text, &id) || id > INT64_MAX)
			return fail(c, ERR_NOT_FOUND, "%s", err_text(ERR_NOT_FOUND));
	} else {
		int64_t number = 0;
		TRY(api_body(c, r, fields, &body));
		TRY(api_number(c, r, body, "id", INT64_MAX, &number));
		id = (uint64_t)number;
	}
	TRY(token_revoke_seen(c, r->core, &r->who, (int64_t)id, &r->expected));
	return web_no_content(c, r);
}
