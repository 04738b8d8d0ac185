#include "core/signing_key.h"
#include "web/api.h"

static void write_key(struct json_writer *w, const struct signing_key *key)
{
	json_begin_object(w);
	json_member_int(w, "id", key->id);
	json_member_str(w, "name", key->name);
	json_member_str(w, "kid", key->kid);
	api_time(w, "created_at", key->created);
	api_time(w, "used_at", key->used);
	json_end_object(w);
}

enum err api_signing_keys_list(struct ctx *c, struct web_request *r)
{
	struct signing_key *keys;
	struct api_reply reply;
	size_t count;
	TRY(signing_key_list(c, r->core, &r->who, &keys, &count));
	api_list_begin(c, &reply);
	for (size_t i = 0; i < count; i++)
		write_key(&reply.w, &keys[i]);
	return api_list_send(c, r, &reply, NULL, STR(""));
}

enum err api_signing_key_get(struct ctx *c, struct web_request *r)
{
	struct signing_key *keys;
	struct api_reply reply;
	size_t count, at = 0;
	int64_t id;
	TRY(web_param_id(c, r, "key", &id));
	TRY(signing_key_list(c, r->core, &r->who, &keys, &count));
	while (at < count && keys[at].id != id)
		at++;
	if (at == count)
		return fail(c, ERR_NOT_FOUND, "you have no key %lld", (long long)id);
	if (r->probing)
		r->expected.signing_key = &keys[at];
	api_begin(c, &reply);
	write_key(&reply.w, &keys[at]);
	return api_send(c, r, 200, &reply);
}

enum err api_signing_keys_add(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"name", "key", NULL};
	const struct json *body;
	struct str name, text;
	struct signing_key key;
	struct api_reply reply;
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "name", &name));
	TRY(api_text_needed(c, r, body, "key", &text));
	r->field = "key";
	TRY(signing_key_add(c, r->core, &r->who, name, text, &key));
	r->field = NULL;
	api_begin(c, &reply);
	write_key(&reply.w, &key);
	api_location(c, r, "signing-keys", str_of(arena_fmt(c->arena, "%lld", (long long)key.id)));
	return api_send(c, r, 201, &reply);
}

enum err api_signing_keys_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "key", &id));
	TRY(signing_key_remove_seen(c, r->core, &r->who, id, &r->expected));
	return web_no_content(c, r);
}

enum err api_minted_key_revoke(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "key", &id));
	TRY(minted_key_revoke(c, r->core, &r->who, id, web_param(r, "jti")));
	return web_no_content(c, r);
}
