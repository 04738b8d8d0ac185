#include "driver/policy_input.h"

#include "base/date.h"

/* By what they were proven: the first word of what the audit log says. */
static struct str credential_of(const struct actor *who)
{
	if (actor_is_anonymous(who))
		return STR("none");
	if (who->key_id)
		return STR("key");
	if (who->token_id)
		return STR("token");
	return who->via.len ? str_until(who->via, str_find(who->via, ' ')) : STR("other");
}

static void write_groups(struct json_writer *w, struct str groups)
{
	struct str name;
	json_key(w, "groups");
	json_begin_array(w);
	while (str_line(&groups, &name))
		json_string(w, name);
	json_end_array(w);
}

static void write_text_or_null(struct json_writer *w, const char *key, struct str text)
{
	if (text.len)
		json_member_str(w, key, text);
	else
		json_member_cstr(w, key, NULL);
}

void policy_input_principal(struct json_writer *w, const struct actor *who)
{
	json_key(w, "nimbus");
	json_begin_object(w);
	json_member_int(w, "revision", POLICY_INPUT_REVISION);
	json_end_object(w);
	json_key(w, "principal");
	json_begin_object(w);
	write_text_or_null(w, "username", who->username);
	json_member_bool(w, "owner", who->owner);
	json_member_str(w, "credential", credential_of(who));
	json_key(w, "key_id");
	if (who->key_id || who->token_id)
		json_int(w, who->key_id ? who->key_id : who->token_id);
	else
		json_null(w);
	json_member_cstr(w, "limit", permission_name(who->limit));
	write_text_or_null(w, "subject", who->subject);
	write_groups(w, who->groups);
	json_end_object(w);
	write_text_or_null(w, "source_address", who->peer);
}

void policy_input_time(struct json_writer *w, int64_t microseconds)
{
	char text[24];
	date_rfc3339(microseconds / 1000000, text);
	json_member_cstr(w, "time", text);
}

static void write_id(struct json_writer *w, const char *key, const struct oid *id)
{
	char hex[OID_HEX_MAX];
	json_member_cstr(w, key, oid_is_zero(id) ? NULL : oid_hex(id, hex));
}

static void write_repo(struct json_writer *w, const struct repo *repo)
{
	json_begin_object(w);
	json_key(w, "id");
	if (repo->id)
		json_int(w, repo->id);
	else
		json_null(w);
	json_member_str(w, "name", repo->name);
	json_member_cstr(w, "visibility", visibility_name(repo->visibility));
	json_end_object(w);
}

static void write_ref(struct json_writer *w, const struct policy_question *q)
{
	const struct ref_change *change = q->change;
	json_begin_object(w);
	json_member_str(w, "name", change->name);
	write_id(w, "old", &change->old);
	write_id(w, "new", &change->new);
	json_member_bool(w, "forced", q->operation == OPERATION_REF_FORCE);
	json_end_object(w);
}

void policy_input_question(struct json_writer *w, const struct policy_question *q)
{
	json_member_cstr(w, "operation", operation_name(q->operation));
	json_key(w, "repository");
	if (q->repo)
		write_repo(w, q->repo);
	else
		json_null(w);
	json_member_cstr(w, "granted", permission_name(q->granted));
	json_key(w, "ref");
	if (q->change)
		write_ref(w, q);
	else
		json_null(w);
}
