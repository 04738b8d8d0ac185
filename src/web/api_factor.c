/* Second factors: one's own, or for the owner somebody's. */
#include "core/passkey.h"
#include "web/api.h"

static void write_passkeys(struct json_writer *w, const struct factors *f)
{
	json_key(w, "passkeys");
	json_begin_array(w);
	for (size_t i = 0; i < f->passkey_count; i++) {
		const struct passkey *k = &f->passkeys[i];
		json_begin_object(w);
		json_member_int(w, "id", k->id);
		json_member_str(w, "name", k->name);
		json_member_bool(w, "synchronised", k->credential.backed_up);
		api_time(w, "created_at", k->created);
		api_time(w, "used_at", k->used);
		json_end_object(w);
	}
	json_end_array(w);
}

enum err api_factors_list(struct ctx *c, struct web_request *r)
{
	struct factors f;
	struct str username = web_param(r, "username");
	struct api_reply reply;
	TRY(factor_list(c, r->core, &r->who, username.len ? username : r->who.username, &f));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_member_bool(&reply.w, "required", f.required);
	json_key(&reply.w, "totp");
	if (f.totp) {
		json_begin_object(&reply.w);
		api_time(&reply.w, "created_at", f.totp_created);
		api_time(&reply.w, "used_at", f.totp_used);
		json_end_object(&reply.w);
	} else {
		json_null(&reply.w);
	}
	write_passkeys(&reply.w, &f);
	json_member_int(&reply.w, "recovery_codes_left", f.recovery_left);
	json_end_object(&reply.w);
	return api_send(c, r, 200, &reply);
}

enum err api_totp_remove(struct ctx *c, struct web_request *r)
{
	TRY(factor_totp_remove(c, r->core, &r->who));
	return web_no_content(c, r);
}

enum err api_recovery_make(struct ctx *c, struct web_request *r)
{
	const struct recovery_code *fresh;
	struct api_reply reply;
	TRY(factor_recovery_make(c, r->core, &r->who, &fresh));
	api_begin(c, &reply);
	json_begin_object(&reply.w);
	json_key(&reply.w, "codes");
	json_begin_array(&reply.w);
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		json_string(&reply.w, str_of(fresh[i].text));
	json_end_array(&reply.w);
	json_end_object(&reply.w);
	return api_send(c, r, 201, &reply);
}

enum err api_passkey_rename(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"name", NULL};
	const struct json *body;
	struct str name;
	int64_t id;
	TRY(web_param_id(c, r, "passkey", &id));
	TRY(api_body(c, r, fields, &body));
	TRY(api_text_needed(c, r, body, "name", &name));
	r->field = "name";
	TRY(passkey_rename(c, r->core, &r->who, id, name));
	return web_no_content(c, r);
}

enum err api_passkey_remove(struct ctx *c, struct web_request *r)
{
	int64_t id;
	TRY(web_param_id(c, r, "passkey", &id));
	TRY(passkey_remove(c, r->core, &r->who, id));
	return web_no_content(c, r);
}

enum err api_factors_reset(struct ctx *c, struct web_request *r)
{
	TRY(factor_reset(c, r->core, &r->who, web_param(r, "username")));
	return web_no_content(c, r);
}

enum err api_instance_change(struct ctx *c, struct web_request *r)
{
	static const char *const fields[] = {"second_factor_required", NULL};
	const struct json *body, *required;
	TRY(api_body(c, r, fields, &body));
	required = json_get(body, "second_factor_required");
	r->field = "second_factor_required";
	if (!required || required->kind != JSON_BOOL)
		return fail(c, ERR_INVALID, "\"second_factor_required\" must be true or false");
	r->field = NULL;
	TRY(factor_require(c, r->core, &r->who, required->boolean));
	return web_no_content(c, r);
}
